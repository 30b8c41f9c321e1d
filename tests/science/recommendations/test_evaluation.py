"""Metrics by hand, an oracle that scores one, chance that scores its share, intervals that hold their promise."""

from dataclasses import dataclass

import numpy as np
import polars as pl
import pytest

from shuke.science.recommendations.catalogue_metrics import calibration, catalogue_metrics, diversity, gini
from shuke.science.recommendations.comparison import compare, holm, interval
from shuke.science.recommendations.evaluation import evaluate
from shuke.science.recommendations.frequency import PersonalFrequency
from shuke.science.recommendations.histories import history_of
from shuke.science.recommendations.linear import unit_rows
from shuke.science.recommendations.metrics import hits, member_metrics
from shuke.science.recommendations.splits import Cut, last_basket, learning_from
from shuke.science.recommendations.tuning import chosen


def test_metrics_by_hand():
    # One list of five with hits at places 1 and 3; four items were wanted.
    found = np.array([[True, False, True, False, False]])
    got = member_metrics(found, np.array([4]), cutoffs=(3, 5))
    assert got["recall@3"] == 0.5
    assert got["precision@3"] == pytest.approx(2 / 3)
    assert got["precision@5"] == 0.4
    assert got["hit_rate@3"] == 1
    gain = 1 + 1 / 2
    assert got["ndcg@3"] == pytest.approx(gain / (1 + 1 / np.log2(3) + 1 / 2))
    assert got["map@3"] == pytest.approx((1 + 2 / 3) / 3)
    assert got["map@5"] == pytest.approx((1 + 2 / 3) / 4)
    four = 1 + 1 / np.log2(3) + 1 / 2 + 1 / np.log2(5)
    uncapped = member_metrics(found, np.array([4]), cutoffs=(3,), ideal="all")
    assert uncapped["ndcg@3"] == pytest.approx(gain / four)
    always = member_metrics(found, np.array([2]), cutoffs=(5,), ideal="k")
    assert always["ndcg@5"] == pytest.approx(gain / (four + 1 / np.log2(6)))
    assert member_metrics(found, np.array([2]), cutoffs=(5,))["ndcg@5"] == pytest.approx(
        gain / (1 + 1 / np.log2(3))
    )


def test_hits_are_the_members_own():
    items = np.array([[3, 1, -1], [3, 0, 2]])
    found = hits(items, np.array([0, 1, 3]), np.array([1, 2, 3]))
    assert found.tolist() == [[False, True, False], [True, False, True]]
    assert not hits(items, np.array([0, 0, 0]), np.array([], dtype=np.int32)).any()


def shop(members=60, baskets=10, items=40, size=4, seed=0):
    rng = np.random.default_rng(seed)
    rows = [
        (m, m * 100 + b, int(i), b)
        for m in range(members)
        for b in range(baskets)
        for i in rng.choice(items, size, replace=False)
    ]
    return history_of(pl.DataFrame(rows, schema=["member", "basket", "item", "time"], orient="row"))


@dataclass(frozen=True)
class Given:
    """Scores by a function of the split, to play the oracle or chance."""

    table: object
    name: str = "given"

    def fit(self, history, *, rng):
        return self

    def scores(self, members, at):
        return np.array([self.table[int(m)] for m in members], dtype=np.float32)


def test_the_oracle_scores_one_and_chance_its_share():
    split = last_basket(shop(), minimum_count=1)
    truth = np.zeros((split.known.members, split.known.items))
    for place, member in enumerate(split.members):
        truth[member, split.target_items[split.target_rows[place] : split.target_rows[place + 1]]] = 1
    perfect = evaluate(Given(truth), split, rng=np.random.default_rng(0), cutoffs=(4, 10))
    for metric in ("recall@4", "precision@4", "ndcg@4", "map@4", "ndcg@10", "repeat_recall@4", "new_ndcg@10"):
        assert perfect.mean(metric) == pytest.approx(1)
    chance = evaluate(
        Given(np.random.default_rng(1).random(truth.shape)),
        split,
        rng=np.random.default_rng(0),
        cutoffs=(10,),
    )
    assert chance.mean("recall@10") == pytest.approx(10 / 40, abs=0.06)
    assert chance.whole["coverage"] == 1
    assert chance.whole["gini"] < 0.25


def test_repeats_and_discoveries_add_up():
    split = last_basket(shop(baskets=5), minimum_count=1)
    found = evaluate(PersonalFrequency(), split, rng=np.random.default_rng(0), cutoffs=(10,))
    had = split.known.counts().toarray() > 0
    wanted = np.zeros_like(had)
    for place, member in enumerate(split.members):
        wanted[member, split.target_items[split.target_rows[place] : split.target_rows[place + 1]]] = True
    old, new = (wanted & had).sum(1)[split.members], (wanted & ~had).sum(1)[split.members]
    each = found.each
    both = np.nan_to_num(each["repeat_recall@10"]) * old + np.nan_to_num(each["explore_recall@10"]) * new
    assert both == pytest.approx(each["recall@10"] * (old + new))
    assert np.array_equal(np.isnan(each["new_ndcg@10"]), new == 0)


def test_catalogue_metrics_by_hand():
    rows = [(m, m, i, 0) for m in range(4) for i in range(4) if m >= i]
    h = history_of(pl.DataFrame(rows, schema=["member", "basket", "item", "time"], orient="row"))
    lists = np.array([[0, 1], [0, 1], [0, -1], [0, 2]])
    got = catalogue_metrics(lists, h, np.arange(4), groups=np.array([0, 0, 1, 1]))
    assert got["coverage"] == 0.75
    assert got["gini"] == pytest.approx(gini(np.array([4, 2, 1, 0])))
    # Item 0 is held by all (0 bits), 1 by three of four, 2 by two.
    assert got["novelty"] == pytest.approx((2 * np.log2(4 / 3) + 1) / 7)
    assert got["diversity"] == pytest.approx((0 + 0 + 1) / 3)
    assert gini(np.array([1, 1, 1])) == pytest.approx(0)
    assert gini(np.array([0, 0, 6])) == pytest.approx(2 / 3)
    vectors = unit_rows(h.counts().T.tocsr())
    cosine = float((vectors[0] @ vectors[1].T).toarray()[0, 0])
    assert diversity(np.array([[0, 1]]), vectors) == pytest.approx(1 - cosine)


def test_calibration_is_zero_where_lists_are_as_histories_and_one_bit_where_they_are_apart():
    rows = [(m, m, i, 0) for m in range(2) for i in (0, 1)]
    rows += [(9, 9, i, 0) for i in (2, 3)]
    h = history_of(pl.DataFrame(rows, schema=["member", "basket", "item", "time"], orient="row"))
    groups = np.array([0, 0, 1, 1])
    assert calibration(np.array([[1, 0]]), h, np.array([0]), groups=groups) == 0
    assert calibration(np.array([[2, 3]]), h, np.array([0]), groups=groups) == pytest.approx(1)


def test_intervals_hold_the_truth_as_often_as_they_say_and_nothing_is_seldom_something():
    rng = np.random.default_rng(5)
    held, alarms = 0, 0
    for _ in range(120):
        sample = rng.exponential(1.0, 80)
        found = interval(sample, rng=rng, draws=200)
        held += found.low <= 1.0 <= found.high
        alarms += (
            compare(
                sample,
                rng.permuted(np.stack([sample, rng.exponential(1.0, 80)]), axis=0)[0],
                rng=rng,
                draws=200,
            ).p_value
            < 0.05
        )
    assert 0.86 <= held / 120 <= 0.99
    assert alarms / 120 <= 0.12


def test_a_real_difference_is_found_and_pairing_is_what_finds_it():
    rng = np.random.default_rng(6)
    hard = rng.random(300)
    ours, theirs = hard + 0.02 + rng.normal(0, 0.05, 300), hard + rng.normal(0, 0.05, 300)
    found = compare(ours, theirs, rng=rng)
    assert found.difference.low > 0
    assert found.p_value < 0.01
    assert found.better + found.worse == 300
    alone = interval(ours, rng=rng)
    assert alone.low < theirs.mean() < alone.high
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])


def test_validation_chooses_what_the_world_was_made_of():
    # Tastes change for good every ten days, so a long memory misleads.
    rng = np.random.default_rng(7)
    rows = []
    for m in range(80):
        for b in range(40):
            taste = np.random.default_rng([m, b // 10]).choice(60, 5, replace=False)
            rows += [(m, 100 * m + b, int(i), b) for i in rng.choice(taste, 3, replace=False)]
    h = history_of(pl.DataFrame(rows, schema=["member", "basket", "item", "time"], orient="row"))
    cut = Cut(minimum_count=1)
    test = cut.test(h)
    validation = cut.validation(test)
    assert validation.known.basket_time.max() < test.known.basket_time.max()
    short, long = PersonalFrequency(half_life=3, prior=0.1), PersonalFrequency(half_life=None, prior=0.1)
    assert chosen([long, short], validation, rng=rng).strategy == short
    assert (
        chosen([long, short], cut.validation(test).only(np.zeros(80, dtype=bool)), rng=rng).strategy == long
    )


def test_whoever_is_asked_is_learned_from_and_others_until_there_are_lines_enough():
    split = last_basket(shop(members=60, baskets=10), minimum_count=1)
    split = split.only(np.arange(len(split.members)) < 10)
    of_one = int(np.diff(split.known.member_rows)[0])
    learn = learning_from(split, lines=25 * of_one + 1, rng=np.random.default_rng(0))
    held = np.diff(learn.member_rows)
    assert (held[split.members] == of_one).all()
    assert (held > 0).sum() == 25
    assert (learn.members, learn.items) == (split.known.members, split.known.items)
    # Asked members are never left out, and of everything nothing is.
    assert learning_from(split, lines=1, rng=np.random.default_rng(0)).lines == 10 * of_one
    assert learning_from(split, lines=0, rng=np.random.default_rng(0)) is split.known
    assert learning_from(split, lines=10**9, rng=np.random.default_rng(0)) is split.known


def test_lists_of_new_items_only_are_what_the_new_metrics_are_of():
    split = last_basket(shop(), minimum_count=1)
    found = evaluate(PersonalFrequency(), split, rng=np.random.default_rng(0), only_new=True)
    applies = ~np.isnan(found.each["new_recall@10"])
    assert applies.any()
    assert (found.each["repeat_recall@10"][~np.isnan(found.each["repeat_recall@10"])] == 0).all()
    assert (found.each["explore_recall@10"][applies] == found.each["new_recall@10"][applies]).all()
    assert split.known.repeat_share == pytest.approx(
        1
        - len({*zip(split.known.row_member.tolist(), split.known.item.tolist(), strict=True)})
        / split.known.lines
    )
