"""Known worlds: the true parameters are found, the right regularity is chosen, and the gate holds."""

import numpy as np
import pytest

from shuke.science.lifetime.bg_nbd import BgNbd
from shuke.science.lifetime.choice import choose, dropout_gate
from shuke.science.lifetime.fitting import NotFitted, drawn, fit
from shuke.science.lifetime.histories import Histories, grouped
from shuke.science.lifetime.mbg_cnbd import MbgCnbd
from shuke.science.lifetime.value import discounted_orders, lifetime_value
from shuke.science.simulation.buyers import BuyerWorld, buyers


def rows_of(seen):
    return grouped(frequency=seen.frequency, recency=seen.recency, age=seen.age, log_gaps=seen.log_gaps)


def rows_one_by_one(seen):
    return Histories(seen.frequency, seen.recency, seen.age, np.ones(len(seen.age)), seen.log_gaps)


def test_the_true_parameters_lie_within_three_standard_errors():
    world = BuyerWorld(members=20_000)
    found = fit(BgNbd(), rows_of(buyers(world, rng=np.random.default_rng(3))))
    errors = np.sqrt(np.diag(found.covariance))
    truth = np.log([world.r, world.alpha, world.a, world.b])
    assert np.all(np.abs(np.log(found.theta) - truth) < 3 * errors)
    assert np.all(errors < 0.2)


def test_regular_buying_is_recognised_and_forecast_without_bias():
    world = BuyerWorld(members=8_000, r=2.0, alpha=8.0, a=0.6, b=8.0, k=3, first_drop=True)
    seen = buyers(world, rng=np.random.default_rng(5), holdout_days=90)
    rows = rows_one_by_one(seen)
    choice = choose(rows, models=(BgNbd(), MbgCnbd(1), MbgCnbd(2), MbgCnbd(3), MbgCnbd(4)))
    assert choice.best.model == MbgCnbd(3)
    assert choice.gate.is_identified
    expected = MbgCnbd(3).expected_orders(choice.best.theta, rows, horizon=90)
    assert expected.sum() == pytest.approx(seen.later.sum(), rel=0.03)
    alive = MbgCnbd(3).probability_alive(choice.best.theta, rows)
    for low, high in ((0.0, 0.2), (0.2, 0.8), (0.8, 1.01)):
        group = (alive >= low) & (alive < high)
        assert alive[group].mean() == pytest.approx(seen.is_alive[group].mean(), abs=0.04)
    # The model that takes regular buyers for random ones is further off in the hold-out, too.
    with_holdout = choose(rows, models=(BgNbd(), MbgCnbd(3)), holdout_orders=seen.later * 1.0, horizon=90)
    assert with_holdout.best.model == MbgCnbd(3)
    assert with_holdout.holdout_errors["MBG/CNBD-3"] < with_holdout.holdout_errors["BG/NBD"]


def test_the_gate_refuses_where_nobody_leaves():
    world = BuyerWorld(members=4_000, r=1.5, alpha=15.0, a=1e-6, b=1.0)
    rows = rows_of(buyers(world, rng=np.random.default_rng(11)))
    gate = dropout_gate(fit(BgNbd(), rows), rows)
    assert not gate.is_identified
    assert gate.reason == "no_gain"
    assert gate.gain < 3


def test_the_gate_opens_on_cdnow(cdnow):
    gate = dropout_gate(fit(BgNbd(), cdnow), cdnow)
    assert gate.is_identified
    assert gate.gain == pytest.approx(-9582.429 + 9763.658, abs=0.01)


def test_grouping_changes_no_number():
    seen = buyers(BuyerWorld(members=2_000), rng=np.random.default_rng(1), whole_days=True)
    one, many = rows_of(seen), rows_one_by_one(seen)
    assert len(one.frequency) < len(many.frequency)
    for model in (BgNbd(), MbgCnbd(2)):
        assert fit(model, one).theta == pytest.approx(fit(model, many).theta, rel=1e-4)


def test_the_interval_of_the_total_covers_the_truth_and_discount_lowers_it():
    world = BuyerWorld(members=2_000)
    hits = 0
    for seed in range(4):
        seen = buyers(world, rng=np.random.default_rng(seed), holdout_days=120)
        rows = rows_one_by_one(seen)
        found = fit(BgNbd(), rows_of(seen))
        value = lifetime_value(found, rows, worth=2.0, horizon=120, rng=np.random.default_rng(seed), draws=12)
        # Chance of the buyers comes on top of the parameters' uncertainty.
        noise = 2 * 2 * np.sqrt(seen.later.var() * len(seen.later))
        hits += value.total_lower - noise <= 2.0 * seen.later.sum() <= value.total_upper + noise
        assert np.all(
            (value.lower <= value.expected * 1.01 + 1e-9) & (value.expected <= value.upper * 1.01 + 1e-9)
        )
    assert hits >= 3
    plain = discounted_orders(found, rows, horizon=120)
    assert discounted_orders(found, rows, horizon=120, discount=0.001).sum() < plain.sum()
    assert discounted_orders(found, rows, horizon=120, discount=1e-9) == pytest.approx(plain, rel=1e-6)


def test_impossible_histories_are_refused():
    for frequency, recency, age in (([1], [5.0], [4.0]), ([0], [3.0], [4.0]), ([-1], [0.0], [4.0])):
        with pytest.raises(ValueError, match=r"recency|frequency"):
            grouped(frequency=np.array(frequency), recency=np.array(recency), age=np.array(age))
    with pytest.raises(ValueError, match="no purchase history"):
        grouped(frequency=np.array([], dtype=int), recency=np.array([]), age=np.array([]))


def test_undetermined_parameters_give_no_interval():
    rows = grouped(frequency=np.zeros(50, dtype=int), recency=np.zeros(50), age=np.full(50, 30.0))
    with pytest.raises(NotFitted):
        drawn(fit(BgNbd(), rows), rng=np.random.default_rng(0), draws=3)
