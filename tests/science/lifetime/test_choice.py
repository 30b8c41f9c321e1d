"""Known worlds: the true parameters are found, the right regularity is chosen, and the gate holds."""

import numpy as np
import pytest

from shuke.science.lifetime.bg_nbd import BgNbd
from shuke.science.lifetime.choice import choose, dropout_gate, most_regular
from shuke.science.lifetime.fitting import NotFitted, drawn, fit
from shuke.science.lifetime.futures import spend_range
from shuke.science.lifetime.histories import Histories, grouped, row_numbers
from shuke.science.lifetime.mbg_cnbd import MbgCnbd
from shuke.science.lifetime.nbd import Nbd
from shuke.science.lifetime.pareto_nbd import ParetoNbd
from shuke.science.lifetime.spend import SpendFit
from shuke.science.lifetime.value import discounted_orders, estimates, lifetime_value
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
    numbers = row_numbers(frequency=seen.frequency, recency=seen.recency, age=seen.age)
    assert np.array_equal(one.age[numbers], seen.age)
    assert np.array_equal(np.bincount(numbers), one.weight)
    for model in (BgNbd(), MbgCnbd(2)):
        assert fit(model, one).theta == pytest.approx(fit(model, many).theta, rel=1e-4)


def test_regular_buyers_of_whom_nobody_leaves_are_let_through_by_no_model():
    """Groceries: everybody comes about every week, for ever.  BG/NBD takes that for random buying."""
    world = BuyerWorld(members=600, r=3.0, alpha=7.0, a=1e-6, b=1.0, k=3)
    seen = buyers(world, rng=np.random.default_rng(2), holdout_days=60)
    choice = choose(rows_one_by_one(seen), holdout_orders=seen.later * 1.0, horizon=60)
    assert choice.best.model == Nbd(3)
    assert not choice.gate.is_identified
    for model in (BgNbd(), MbgCnbd(1), MbgCnbd(3), ParetoNbd()):
        rows = rows_of(seen)
        gate = dropout_gate(fit(model, rows), rows)
        assert (gate.is_identified, gate.reason) == (False, "no_gain"), model.name


def test_the_gate_shuts_where_those_called_gone_come_back():
    """Buyers who pause for months: the likelihood is sure of drop-out, the hold-out shows them buying."""
    rng = np.random.default_rng(4)
    seen = buyers(BuyerWorld(members=3_000, r=2.0, alpha=8.0, k=1), rng=rng, holdout_days=90)
    rows = rows_one_by_one(seen)
    fitted = fit(BgNbd(), rows)
    assert dropout_gate(fitted, rows, returned=(seen.later > 0) * 1.0).is_identified
    # The same histories, but every second of the silent ones was only away.
    back = (seen.later > 0) | (~seen.is_alive & (rng.random(len(seen.later)) < 0.5))
    gate = dropout_gate(fitted, rows, returned=back * 1.0)
    assert (gate.is_identified, gate.reason) == (False, "came_back")
    assert gate.gain > 100
    assert gate.returned > gate.may_return


def test_k_is_estimated_and_needs_the_gaps():
    seen = buyers(BuyerWorld(members=2_000, r=2.0, alpha=3.0, a=0.5, b=9.0, k=5, first_drop=True),
                  rng=np.random.default_rng(9))  # fmt: skip
    assert most_regular(MbgCnbd, rows_of(seen)).model == MbgCnbd(5)
    without = grouped(frequency=seen.frequency, recency=seen.recency, age=seen.age)
    assert most_regular(MbgCnbd, without).model == MbgCnbd(1)


def test_the_interval_of_the_expectation_is_that_of_the_bootstrap_and_covers_the_truth():
    seen = buyers(BuyerWorld(members=2_000), rng=np.random.default_rng(1), holdout_days=120)
    found = fit(BgNbd(), rows_of(seen))
    rows = rows_of(seen).rows(slice(None, None, 10))
    each, total = lifetime_value(found, rows, worth=2.0, horizon=120)
    thetas = drawn(found, rng=np.random.default_rng(0), draws=200)
    played = np.array([2 * found.model.expected_orders(theta, rows, horizon=120) for theta in thetas])
    low, high = np.quantile(played @ rows.weight, [0.025, 0.975])
    assert (total.lower[0], total.upper[0]) == pytest.approx((low, high), rel=0.02)
    widths = np.quantile(played, 0.975, axis=0) - np.quantile(played, 0.025, axis=0)
    assert np.median((each.upper - each.lower) / widths) == pytest.approx(1.0, abs=0.15)
    # Chance of the buyers comes on top of the parameters' uncertainty.
    noise = 2 * 2 * np.sqrt(seen.later.var() * len(seen.later))
    whole = lifetime_value(found, rows_of(seen), worth=2.0, horizon=120)[1]
    assert whole.lower[0] - noise <= 2.0 * seen.later.sum() <= whole.upper[0] + noise
    alive = estimates(found, lambda theta: found.model.probability_alive(theta, rows), is_probability=True)
    assert np.all((alive.lower - 1e-9 <= alive.expected) & (alive.expected <= alive.upper + 1e-9))
    assert np.all((alive.lower >= 0) & (alive.upper <= 1))


def test_discount_lowers_the_value_and_four_periods_are_enough():
    rows = rows_of(buyers(BuyerWorld(members=300), rng=np.random.default_rng(3)))
    found = fit(BgNbd(), rows)
    plain = discounted_orders(found, rows, horizon=364)
    year = discounted_orders(found, rows, horizon=364, discount=0.1 / 365)
    assert np.all(year < plain)
    assert year == pytest.approx(
        discounted_orders(found, rows, horizon=364, discount=0.1 / 365, periods=52), rel=1e-3
    )
    assert discounted_orders(found, rows, horizon=364, discount=1e-9) == pytest.approx(plain, rel=1e-6)


@pytest.mark.parametrize(
    ("model", "world"),
    [
        (BgNbd(), BuyerWorld(members=3_000)),
        (MbgCnbd(3), BuyerWorld(members=3_000, r=2.0, alpha=8.0, a=0.6, b=8.0, k=3, first_drop=True)),
        (Nbd(2), BuyerWorld(members=3_000, r=2.0, alpha=8.0, a=1e-6, b=1.0, k=2)),
        (ParetoNbd(), BuyerWorld(members=3_000)),
    ],
    ids=["bg_nbd", "mbg_cnbd_3", "cnbd_2", "pareto_nbd"],
)
def test_futures_agree_with_the_expectation_and_cover_what_came(model, world):
    rng = np.random.default_rng(8)
    seen = buyers(world, rng=rng, holdout_days=120)
    rows = rows_one_by_one(seen)
    found = fit(model, rows_of(seen))
    orders = np.mean([model.drawn_orders(found.theta, rows, horizon=120, rng=rng) for _ in range(60)], axis=0)
    expected = model.expected_orders(found.theta, rows, horizon=120)
    assert orders.sum() == pytest.approx(expected.sum(), rel=0.02)
    p, q, gamma = 6.0, 4.0, 15.0
    mean = rng.gamma(q, size=len(rows.age)) / gamma
    kept = np.where(rows.frequency > 0, rng.gamma(np.maximum(p * rows.frequency, 1)) / mean, 0.0)
    average = kept / np.maximum(rows.frequency, 1)
    later = np.where(seen.later > 0, rng.gamma(np.maximum(p * seen.later, 1)) / mean, 0.0)
    spend = SpendFit(p, q, gamma, 0.0, 1, 0.0)
    low, high = spend_range(found, rows, spend=spend, average=average, horizon=120, rng=rng)
    inside = (low <= later) & (later <= high)
    # Who has spent nothing at all is a lump that no border divides, so more than 80 of 100 may be inside.
    has_come = (expected > 3) & (low > 0)
    assert inside.mean() > 0.78
    assert inside[has_come].mean() == pytest.approx(0.8, abs=0.05)


def test_impossible_histories_are_refused():
    for frequency, recency, age in (([1], [5.0], [4.0]), ([0], [3.0], [4.0]), ([-1], [0.0], [4.0])):
        with pytest.raises(ValueError, match=r"recency|frequency"):
            grouped(frequency=np.array(frequency), recency=np.array(recency), age=np.array(age))
    with pytest.raises(ValueError, match="no purchase history"):
        grouped(frequency=np.array([], dtype=int), recency=np.array([]), age=np.array([]))


def test_drop_out_that_is_the_same_for_all_keeps_its_interval():
    """a and b grow together without an end, only their ratio is known, and only their ratio matters."""
    seen = buyers(BuyerWorld(members=2_000, a=4e4, b=3.6e5, r=2.0, alpha=20.0), rng=np.random.default_rng(5))
    rows = rows_of(seen)
    found = fit(BgNbd(), rows)
    # How far the search walks along the flat valley depends on the machine's last digits.
    assert found.theta[2] > 10
    total = lifetime_value(found, rows, worth=1.0, horizon=100)[1]
    assert 0.01 < (total.upper[0] - total.lower[0]) / total.expected[0] < 0.3


def test_undetermined_parameters_give_no_interval():
    rows = grouped(frequency=np.zeros(50, dtype=int), recency=np.zeros(50), age=np.full(50, 30.0))
    with pytest.raises(NotFitted):
        drawn(fit(BgNbd(), rows), rng=np.random.default_rng(0), draws=3)
