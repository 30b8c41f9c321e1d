"""Hybrids learn from scores that had not seen the answer, and find which of their sources is worth listening to."""

from dataclasses import dataclass, field

import numpy as np
import polars as pl
import pytest

from shuke.science.recommendations.calibrated import Calibrated, chance_of, rising_chances
from shuke.science.recommendations.frequency import PersonalFrequency
from shuke.science.recommendations.fusion import Fusion
from shuke.science.recommendations.histories import History, history_of
from shuke.science.recommendations.out_of_period import laid_together, out_of_period
from shuke.science.recommendations.popularity import Popularity
from shuke.science.recommendations.repeats.ranker import Trees
from shuke.science.recommendations.splits import last_basket
from shuke.science.recommendations.stacking import Stacking
from shuke.science.recommendations.strategies import Lists, top
from shuke.science.recommendations.weighted import Weighted, ascended

pytestmark = pytest.mark.once

ITEMS = 40


def faithful(members: int = 60, baskets: int = 8) -> History:
    """Each member buys two favourites nearly always, and one item of everybody's."""
    rng = np.random.default_rng(4)
    rows = []
    for member in range(members):
        favourites = rng.choice(np.arange(10, ITEMS), 2, replace=False)
        for number in range(baskets):
            held = {int(f) for f in favourites if rng.random() < 0.9} | {int(rng.integers(0, 10))}
            rows += [(member, member * 100 + number, item, 17_000 + number * 3) for item in held]
    return history_of(pl.DataFrame(rows, schema=["member", "basket", "item", "time"], orient="row"))


@dataclass(frozen=True)
class Spy:
    """Says nothing of use, and remembers what it was shown."""

    seen: list = field(default_factory=list)
    name: str = "spy"

    def fit(self, history, *, rng):
        self.seen.append(history)
        return self

    def scores(self, members, at):
        rng = np.random.default_rng(len(members))
        return rng.random((len(members), self.seen[-1].items), dtype=np.float32)


def test_sources_never_saw_the_baskets_that_are_learned_from():
    history, spy = faithful(), Spy()
    rows = out_of_period((spy,), history, rng=np.random.default_rng(0))
    assert spy.seen[0].baskets == history.baskets - 60
    last = history.keeping(history.basket_back == 0)
    wanted = {(int(m), int(i)) for m, i in zip(last.row_member, last.item, strict=True)}
    found = {(int(m), int(i)) for m, i in zip(rows.member[rows.bought], rows.item[rows.bought], strict=True)}
    assert found == wanted  # Everybody is asked and every item is listed.
    assert rows.wanted.sum() == last.lines


def test_lists_are_laid_side_by_side():
    first = Lists(np.array([[3, 1]], dtype=np.int32), np.array([[0.9, 0.5]], dtype=np.float32))
    second = Lists(np.array([[1, -1]], dtype=np.int32), np.array([[7.0, -np.inf]], dtype=np.float32))
    rows = laid_together([first, second], items=5, wanted=np.array([3]), counts=np.array([1]))
    assert rows.item.tolist() == [1, 3]
    np.testing.assert_array_equal(rows.place, [[1, 0], [0, np.nan]])
    np.testing.assert_allclose(rows.score, [[0.5, 7], [0.9, np.nan]])
    assert rows.bought.tolist() == [False, True]


def test_weights_go_to_the_source_that_knows():
    weights = ascended(out_of_period((Spy(), PersonalFrequency()), faithful(), rng=np.random.default_rng(0)))
    assert weights[1] > 0
    assert weights[0] < 0.2 * weights[1]


@pytest.mark.parametrize("hybrid", [Weighted, Stacking])
def test_a_hybrid_is_as_good_as_its_best_source(hybrid):
    split = last_basket(faithful(), minimum_count=1)
    model = hybrid((Spy(), PersonalFrequency(), Popularity())).fit(split.known, rng=np.random.default_rng(0))
    alone = PersonalFrequency().fit(split.known, rng=np.random.default_rng(0))

    def found(model):
        lists = top(model, split.known, split.members, at=split.at, n=3)
        wanted = np.split(split.target_items, split.target_rows[1:-1])
        return np.mean([len(set(row) & set(want)) for row, want in zip(lists.items, wanted, strict=True)])

    assert found(model) > 0.95 * found(alone)
    assert found(model) > 1.3


def test_chances_mean_what_they_say_and_keep_the_order():
    rng = np.random.default_rng(0)
    score = rng.uniform(-3, 3, 20_000)
    truth = 1 / (1 + np.exp(-2 * score))
    knots, chances = rising_chances(score, rng.random(len(score)) < truth)
    asked = np.linspace(-2.5, 2.5, 101)
    given = chance_of(asked, knots, chances)
    assert np.abs(given - 1 / (1 + np.exp(-2 * asked))).max() < 0.06
    assert (np.diff(chance_of(np.linspace(-9, 9, 181), knots, chances)) > 0).all()
    assert given.min() >= 0
    assert given.max() <= 1


def test_calibrated_strategies_list_the_same_items():
    split = last_basket(faithful(), minimum_count=1)
    rng = np.random.default_rng(0)
    plain = PersonalFrequency().fit(split.known, rng=rng)
    chances = Calibrated(PersonalFrequency()).fit(split.known, rng=rng)
    ours, theirs = (top(m, split.known, split.members, at=split.at, n=5) for m in (chances, plain))
    assert (ours.items[:, :2] == theirs.items[:, :2]).all()
    assert 0.5 < ours.scores[:, 0].mean() < 1.0


def test_fusion_ranks_own_and_new_items():
    split = last_basket(faithful(), minimum_count=1)
    fusion = Fusion(sources=(Popularity(),), trees=Trees(trees=10, threads=1, least_rows=10), baskets=3)
    model = fusion.fit(split.known, rng=np.random.default_rng(0))
    assert model.ranking is not None
    assert "popularity_place" in model.ranking.booster.feature_name()
    lists = top(model, split.known, split.members, at=split.at, n=3)
    wanted = np.split(split.target_items, split.target_rows[1:-1])
    assert np.mean([len(set(row) & set(want)) for row, want in zip(lists.items, wanted, strict=True)]) > 1.5
    new = top(model, split.known, split.members, at=split.at, n=3, leave_out=split.known)
    had = split.known.counts()
    assert not any(had[m, i] for m, row in zip(split.members, new.items, strict=True) for i in row if i >= 0)
