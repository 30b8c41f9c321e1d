"""The ranker of repeats: features know nothing of their own basket, and the trees find a rhythm that counts cannot."""

import numpy as np
import polars as pl
import pytest

from shuke.science.recommendations.discovery import Discovery
from shuke.science.recommendations.frequency import PersonalFrequency
from shuke.science.recommendations.fusion import Fusion
from shuke.science.recommendations.histories import DAY, History, history_of
from shuke.science.recommendations.kind_popularity import KindPopularity
from shuke.science.recommendations.repeats.features import GROUPS, Asked, matrix
from shuke.science.recommendations.repeats.known import Known
from shuke.science.recommendations.repeats.ranker import RepeatRanker, Trees, fitted, own_candidates
from shuke.science.recommendations.repeats.rows import (
    Moments,
    bought,
    new_rows,
    now_moments,
    own_rows,
    past_baskets,
    some_of,
    together,
)
from shuke.science.recommendations.repeats.wares import Offers, Taxonomy, taxonomy_of
from shuke.science.recommendations.splits import last_basket
from shuke.science.recommendations.strategies import top

pytestmark = pytest.mark.once

ITEMS = 12


def some_history(seed: int = 0, members: int = 15, baskets: int = 120) -> History:
    rng = np.random.default_rng(seed)
    lines = baskets * 4
    basket = rng.integers(0, baskets, lines)
    of_member, of_time = rng.integers(0, members, baskets), rng.uniform(17_000, 17_060, baskets)
    table = pl.DataFrame(
        {
            "member": of_member[basket],
            "basket": basket,
            "item": rng.integers(0, ITEMS, lines),
            "time": pl.Series((of_time[basket] * DAY).astype(np.int64)).cast(pl.Datetime("us")),
            "quantity": rng.integers(1, 4, lines),
            "amount": rng.integers(50, 900, lines),
            "store": of_member[basket] % 3 + rng.integers(0, 2, baskets)[basket],
        }
    )
    return history_of(table)


def some_taxonomy() -> Taxonomy:
    kinds = [f"kind {i % 4}" for i in range(ITEMS - 1)] + [None]
    return taxonomy_of(
        np.arange(ITEMS), np.array(kinds, dtype=object), np.array(["all"] * ITEMS, dtype=object)
    )


def some_offers() -> Offers:
    rng = np.random.default_rng(5)
    store, item, week = (
        part.ravel() for part in np.meshgrid(range(4), range(ITEMS), range(10), indexing="ij")
    )
    kept = rng.random(len(store)) < 0.3
    start = 17_000 + week[kept] * 7
    places = rng.integers(0, 3, (2, kept.sum())).astype(np.int8)
    return Offers(store[kept], item[kept], start, start + 7, places[0], places[1])


def known_before(history: History, member: int, number: int, day: int) -> History:
    """What features may read: the member's own earlier baskets, and everybody's of earlier days."""
    numbers = np.arange(history.baskets) - history.member_baskets[history.basket_member]
    mine = history.basket_member == member
    return history.keeping(np.where(mine, numbers < number, history.basket_day < day))


@pytest.mark.parametrize("group", GROUPS)
def test_features_of_a_basket_are_the_same_when_it_and_the_future_are_not_there(group: str) -> None:
    history = some_history()
    known = Known(history, some_taxonomy(), some_offers())
    moments = past_baskets(history, latest=3)
    offered = np.tile(np.arange(ITEMS), (len(moments), 1))
    rows = together(own_rows(known.items, moments), new_rows(known.items, moments, offered))
    assert len(rows) == len(moments) * ITEMS
    features, names = matrix(known, Asked(moments, rows), groups=[group])
    assert len(names) >= 4
    for number in range(0, len(moments), 5):
        mine = rows.moment == number
        member, at = moments.member[[number]], moments.time[number]
        past = known_before(history, int(member[0]), int(moments.number[number]), int(at))
        before = Known(past, some_taxonomy(), some_offers())
        now = now_moments(past, member, np.array([at * DAY]))
        again = Moments(now.member, moments.time[[number]], now.number)
        assert again.number[0] == moments.number[number]
        own = own_rows(before.items, again)
        others = new_rows(before.items, again, np.arange(ITEMS)[None, :])
        then = together(own, others)
        assert set(own.item) == set(rows.item[mine & (rows.place >= 0)])
        found, _ = matrix(before, Asked(again, then), groups=[group])
        order, order_then = np.argsort(rows.item[mine]), np.argsort(then.item)
        np.testing.assert_allclose(found[order_then], features[mine][order], rtol=1e-5, atol=1e-5)


def test_labels_and_own_features_are_what_a_loop_counts() -> None:
    history = some_history(seed=3)
    known = Known(history)
    moments = past_baskets(history, latest=4)
    rows = own_rows(known.items, moments)
    features, names = matrix(known, Asked(moments, rows), groups=["own"])
    labels = bought(known.items, moments, rows)
    baskets = [set(part) for part in np.split(history.item, history.basket_rows[1:-1])]
    for number in range(0, len(rows), 7):
        moment = rows.moment[number]
        first = history.member_baskets[moments.member[moment]]
        own = first + moments.number[moment]
        earlier = [b for b in range(first, own) if rows.item[number] in baskets[b]]
        ages = moments.time[moment] - history.basket_time[earlier] / DAY
        row = dict(zip(names, features[number], strict=True))
        assert row["own_count"] == len(earlier)
        assert row["own_days_since"] == pytest.approx(ages.min(), rel=1e-4)
        assert row["own_decay_30"] == pytest.approx(np.exp2(-ages / 30).sum(), rel=1e-4)
        assert row["own_last_5"] == sum(b >= own - 5 for b in earlier)
        assert labels[number] == (rows.item[number] in baskets[own])


def rhythm(members: int = 80, baskets: int = 12) -> History:
    """Item 0 in every other basket, item 1 in four in a row and then not any more, others by chance."""
    rng = np.random.default_rng(1)
    rows = []
    for member in range(members):
        phase, stop = rng.integers(0, 2), rng.integers(5, baskets + 3)
        for number in range(baskets):
            held = {int(x) for x in rng.integers(2, 30, 2)}
            held |= {0} if number % 2 == phase else set()
            held |= {1} if stop - 5 <= number < stop else set()
            rows += [(member, number, item, 17_000 + number * 7) for item in held]
    return history_of(pl.DataFrame(rows, schema=["member", "basket", "item", "time"], orient="row"))


def test_the_trees_find_a_rhythm() -> None:
    split = last_basket(rhythm(), minimum_count=1)
    rng = np.random.default_rng(0)
    hits = {}
    trees = Trees(trees=15, threads=1, least_rows=20)
    for strategy in (RepeatRanker(trees=trees), PersonalFrequency()):
        model = strategy.fit(split.known, rng=rng)
        lists = top(model, split.known, split.members, at=split.at, n=1)
        wanted = [
            split.target_items[a:b] for a, b in zip(split.target_rows, split.target_rows[1:], strict=False)
        ]
        hits[strategy.name] = np.mean(
            [first in w for first, w in zip(lists.items[:, 0], wanted, strict=True)]
        )
    assert hits["repeat-ranker"] > hits["personal-frequency"] + 0.1


def test_own_items_stand_before_the_popular_and_strangers_get_the_popular() -> None:
    history = some_history()
    one_basket = (history.basket_member == 4) & (history.basket_back > 0)
    only_some = history.keeping((history.basket_member != 3) & ~one_basket)
    model = RepeatRanker(taxonomy=some_taxonomy(), trees=Trees(trees=5, threads=1)).fit(
        only_some, rng=np.random.default_rng(0)
    )
    scores = model.scores(np.array([3, 4]), np.array([history.end] * 2))
    own = np.zeros(ITEMS, dtype=bool)
    own[only_some.item[only_some.row_member == 4]] = True
    assert 0 < own.sum() < ITEMS
    assert scores[1][own].min() > scores[1][~own].max(initial=-1)
    recent = only_some.popularity(days=28)
    assert recent[np.argmax(scores[0])] == recent.max()


def test_nobody_bought_anything() -> None:
    history = some_history()
    nothing = history.keeping(np.zeros(history.baskets, dtype=bool))
    model = RepeatRanker().fit(nothing, rng=np.random.default_rng(0))
    assert model.scores(np.array([0, 1]), np.array([history.end] * 2)).shape == (2, ITEMS)


def test_features_that_are_made_piece_by_piece_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    known = Known(some_history(), some_taxonomy(), some_offers())
    moments = past_baskets(known.history, latest=3)
    offered = np.tile(np.arange(ITEMS), (len(moments), 1))
    rows = together(own_rows(known.items, moments), new_rows(known.items, moments, offered))
    whole, names = matrix(known, Asked(moments, rows), groups=tuple(GROUPS))
    own = own_candidates(known, moments, most=5).rows
    monkeypatch.setattr("shuke.science.recommendations.repeats.features.ROWS", 37)
    monkeypatch.setattr("shuke.science.recommendations.repeats.ranker.MOMENTS", 7)
    pieces, again = matrix(known, Asked(moments, rows), groups=tuple(GROUPS))
    assert again == names
    np.testing.assert_array_equal(pieces, whole)
    piecewise = own_candidates(known, moments, most=5).rows
    assert len(own) > len(moments)
    for part in ("moment", "item", "place"):
        np.testing.assert_array_equal(getattr(piecewise, part), getattr(own, part))


def test_trees_that_read_piece_by_piece_say_nearly_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    features = np.asfortranarray(rng.random((3000, 4), dtype=np.float32))
    features[rng.random(features.shape) < 0.2] = np.nan
    relevant = np.nan_to_num(features[:, 0]) + 0.3 * rng.random(3000) > 0.9
    queries = np.repeat(np.arange(150), 20)
    some = np.sort(rng.choice(3000, 2500, replace=False))
    monkeypatch.setattr("shuke.science.recommendations.repeats.ranker.ROWS", 170)
    said = [
        fitted(
            features,
            relevant,
            queries,
            sample=sample,
            names=list("abcd"),
            trees=Trees(trees=20, least_rows=10, threads=1),
            rng=np.random.default_rng(0),
        ).predict(features)
        for sample in (features, features[some])
    ]
    assert np.corrcoef(said[0], said[1])[0, 1] > 0.98


def test_a_ranker_learns_from_so_many_moments_at_most() -> None:
    history = rhythm()
    moments = past_baskets(history, latest=6)
    some = some_of(moments, most=50, rng=np.random.default_rng(0))
    assert len(some) == 50
    assert (np.diff(some.member * 100 + some.number) > 0).all()
    assert some_of(moments, most=len(moments), rng=np.random.default_rng(0)) is moments


def test_a_range_without_kinds_is_ranked_as_if_there_were_no_taxonomy() -> None:
    """Whoever imports products without categories has a taxonomy in which nothing has a name."""
    history = some_history()
    nameless = Taxonomy(history.item_ids, (np.full(history.items, -1), np.full(history.items, -1)))
    members = np.arange(history.members)
    at = np.full(history.members, history.end)
    few = Trees(trees=5, least_rows=2)
    listed = [
        top(model.fit(history, rng=np.random.default_rng(1)), history, members, at=at, n=5).items
        for model in (
            RepeatRanker(nameless, trees=few),
            RepeatRanker(None, trees=few),
            Fusion(sources=(PersonalFrequency(),), taxonomy=nameless, trees=few),
            Discovery(sources=(KindPopularity(nameless),), taxonomy=nameless, trees=few),
        )
    ]
    assert (listed[0] == listed[1]).all()
    assert all((items[:, 0] >= 0).any() for items in listed[:3])
