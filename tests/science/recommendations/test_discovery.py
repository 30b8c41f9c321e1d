"""The ranker of new items: nothing that was bought is offered, kinds are learned; it tells chances."""

import numpy as np
import polars as pl
import pytest

from shuke.science.recommendations.discovery import Discovery
from shuke.science.recommendations.evaluation import evaluate
from shuke.science.recommendations.histories import History, history_of
from shuke.science.recommendations.kind_popularity import KindPopularity
from shuke.science.recommendations.popularity import Popularity
from shuke.science.recommendations.repeats.ranker import Trees
from shuke.science.recommendations.repeats.rows import telling
from shuke.science.recommendations.repeats.wares import Taxonomy, taxonomy_of
from shuke.science.recommendations.splits import last_basket

pytestmark = pytest.mark.once

KINDS, EACH = 8, 15


def explorers(members: int = 120, baskets: int = 9) -> tuple[History, Taxonomy]:
    """Each member always tries another item of the one kind that it likes, and something popular."""
    rng = np.random.default_rng(2)
    rows = []
    for member in range(members):
        tried = rng.permutation(EACH)
        for number in range(baskets):
            new = (member % KINDS) * EACH + int(tried[number])
            staple = KINDS * EACH + int(rng.integers(0, 12) * rng.random())
            rows += [(member, member * 100 + number, item, 17_000 + number * 3) for item in {new, staple}]
    history = history_of(pl.DataFrame(rows, schema=["member", "basket", "item", "time"], orient="row"))
    ids = np.arange(KINDS * EACH + 12)
    names = np.array([f"kind {number // EACH}" for number in ids], dtype=object)
    return history, taxonomy_of(ids, names)


def test_kinds_that_a_member_buys_are_told_by_what_is_popular_among_them():
    rows = [("m", 1, "a1", 0), ("m", 1, "b1", 0), ("n", 2, "a2", 0), ("n", 3, "a2", 1), ("n", 4, "a3", 2)]
    history = history_of(pl.DataFrame(rows, schema=["member", "basket", "item", "time"], orient="row"))
    taxonomy = taxonomy_of(np.array(["a1", "a2", "a3", "b1"]), np.array(["a", "a", "a", "b"], dtype=object))
    model = KindPopularity(taxonomy, half_life=3.0).fit(history, rng=np.random.default_rng(0))
    scores = model.scores(np.array([0]), np.array([history.end]))[0]
    # Bought three days ago: 0.5 each; of kind a's 4.3 recent baskets (0.1 given to each item) item a2 has 2.1.
    assert scores == pytest.approx([0.5 * 1.1 / 4.3, 0.5 * 2.1 / 4.3, 0.5 * 1.1 / 4.3, 0.5], rel=1e-6)


def test_new_items_of_the_members_kind_are_found_and_nothing_old_is_offered():
    history, taxonomy = explorers()
    split = last_basket(history, minimum_count=1)
    strategy = Discovery(
        sources=(KindPopularity(taxonomy),),
        taxonomy=taxonomy,
        trees=Trees(trees=20, least_rows=20, threads=1),
        popular=20,
        proposed=20,
    )
    found = evaluate(strategy, split, rng=np.random.default_rng(0))
    popular = evaluate(Popularity(), split, rng=np.random.default_rng(0))
    assert found.mean("new_ndcg@10") > 2 * popular.mean("new_ndcg@10")
    assert found.mean("repeat_recall@20") == 0
    model = strategy.fit(split.known, rng=np.random.default_rng(0))
    scores = model.scores(split.members, split.at)
    own = split.known.counts().toarray()[split.members] > 0
    assert np.isneginf(scores[own]).all()
    told = scores[(scores > 1e-6) & ~own]
    # One new item of the kind is bought in each basket: the chances of a member add up to about one.
    assert told.sum() / len(split.members) == pytest.approx(1.0, abs=0.3)


def test_trees_are_taught_by_moments_in_which_something_was_bought_and_by_a_draw_of_the_rest():
    moment = np.repeat([0, 1, 2], 10)
    labels = np.zeros(30, dtype=bool)
    labels[[3, 22, 27]] = True
    taught = telling(labels, moment, against=4, rng=np.random.default_rng(0))
    assert (np.diff(taught) > 0).all()
    assert {3, 22, 27} <= set(taught.tolist())
    assert np.bincount(moment[taught], minlength=3).tolist() == [5, 0, 6]
    everything = telling(labels, moment, rng=np.random.default_rng(0))
    assert np.bincount(moment[everything], minlength=3).tolist() == [10, 0, 10]
    assert len(telling(labels, moment, against=99, rng=np.random.default_rng(0))) == 20
    assert not len(telling(labels[:0], moment[:0], against=4, rng=np.random.default_rng(0)))
