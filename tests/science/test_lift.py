from pathlib import Path

import ibis
import numpy as np
import pyarrow as pa
import pytest
import scipy.stats

from shuke.science.lift import Metric, compare, summarise
from shuke.science.sample_ratio import sample_ratio
from shuke.science.variance_reduction import adjusted, variance_removed

HILLSTROM = Path(__file__).parents[1] / "data" / "hillstrom.parquet"
SPEND = Metric("spend", "spend_minor")
WEIGHTS = {"control": 1, "mens": 1, "womens": 1}


@pytest.fixture(scope="module")
def hillstrom():
    members = ibis.duckdb.connect().read_parquet(HILLSTROM)
    metrics = [
        SPEND,
        Metric("visit", "visit"),
        Metric("conversion", "conversion"),
        Metric("history", "history_minor"),
    ]
    return summarise(members, metrics=metrics)


@pytest.mark.parametrize(
    ("arm", "visit", "conversion", "spend"),
    [
        ("control", 10.6167, 0.5726, 0.652789),
        ("mens", 18.2757, 1.2531, 1.422617),
        ("womens", 15.1400, 0.8837, 1.077202),
    ],
)
def test_hillstroms_arms_to_the_last_digit(hillstrom, arm, visit, conversion, spend):
    assert round(100 * hillstrom[arm].mean("visit"), 4) == visit
    assert round(100 * hillstrom[arm].mean("conversion"), 4) == conversion
    assert round(hillstrom[arm].mean("spend_minor") / 100, 6) == spend


@pytest.mark.parametrize(
    ("arm", "effect", "lower", "upper"),
    [("mens", 0.769827, 0.48514, 1.054515), ("womens", 0.424412, 0.168957, 0.679868)],
)
def test_hillstroms_effects_to_the_last_digit(hillstrom, arm, effect, lower, upper):
    found = compare(hillstrom, metric=SPEND, arm=arm)
    assert [round(value / 100, 6) for value in (found.difference, found.lower, found.upper)] == [
        effect,
        lower,
        upper,
    ]
    assert found.is_significant


def test_hillstroms_sample_ratio_to_the_last_digit(hillstrom):
    found = sample_ratio({arm: s.count() for arm, s in hillstrom.items()}, weights=WEIGHTS, control="control")
    assert {arm: round(p, 6) for arm, p in found.p_values.items()} == {"mens": 1.0, "womens": 0.698624}
    assert not found.is_mismatch


def test_a_lost_arm_is_a_mismatch():
    found = sample_ratio({"control": 1000, "a": 8000}, weights={"control": 1, "a": 9}, control="control")
    assert found.is_mismatch
    assert found.expected == {"control": 900.0, "a": 8100.0}
    assert not sample_ratio(
        {"control": 905, "a": 8095}, weights={"control": 1, "a": 9}, control="control"
    ).is_mismatch
    with pytest.raises(ValueError, match="stranger"):
        sample_ratio({"stranger": 1}, weights={"control": 1}, control="control")


def test_the_interval_is_welchs(rng_members):
    members, control, treated = rng_members
    found = compare(summarise(members, metrics=[Metric("x", "x")]), metric=Metric("x", "x"), arm="a")
    welch = scipy.stats.ttest_ind(treated, control, equal_var=False)
    interval = welch.confidence_interval(0.95)
    assert (found.lower, found.upper) == pytest.approx((interval.low, interval.high), rel=1e-9)
    assert found.p_value == pytest.approx(welch.pvalue)


@pytest.fixture
def rng_members():
    rng = np.random.default_rng(7)
    control, treated = rng.gamma(1, 10, 300), rng.gamma(1, 12, 200)
    table = pa.table({"arm": ["control"] * 300 + ["a"] * 200, "x": np.concatenate([control, treated])})
    return ibis.memtable(table), control, treated


def test_the_delta_method_agrees_with_the_jackknife():
    """Money per order: the delta method's standard error against one that uses no formula."""
    rng = np.random.default_rng(3)
    orders = rng.poisson(3, 2_000)
    money = rng.gamma(2, 50, 2_000) * orders
    arm = np.where(np.arange(2_000) < 1_000, "control", "a")
    metric = Metric("average order", "money", "orders")
    found = compare(
        summarise(ibis.memtable(pa.table({"arm": arm, "money": money, "orders": orders})), metrics=[metric]),
        metric=metric,
        arm="a",
    )
    errors = []
    for name in ("control", "a"):
        m, o = money[arm == name], orders[arm == name]
        without = (m.sum() - m) / (o.sum() - o)
        errors.append((len(m) - 1) / len(m) * ((without - without.mean()) ** 2).sum())
    half = scipy.stats.norm.ppf(0.975) * np.sqrt(sum(errors))
    assert (found.upper - found.lower) / 2 == pytest.approx(half, rel=0.01)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ({"arm": ["control", "control"], "x": [1.0, 2.0]}, (None, None)),
        ({"arm": ["control", "a"], "x": [1.0, 3.0]}, (2.0, None)),
        ({"arm": ["control"] * 2 + ["a"] * 2, "x": [1.0, 1.0, 1.0, 1.0]}, (0.0, None)),
    ],
)
def test_what_cannot_be_known_is_not_made_up(rows, expected):
    metric = Metric("x", "x")
    found = compare(summarise(ibis.memtable(pa.table(rows)), metrics=[metric]), metric=metric, arm="a")
    assert (found.difference, found.lower) == expected
    assert not found.is_significant


def test_a_control_of_zero_has_a_difference_but_no_ratio():
    metric = Metric("x", "x")
    rows = {"arm": ["control"] * 3 + ["a"] * 3, "x": [0.0, 0.0, 0.0, 1.0, 2.0, 3.0]}
    found = compare(summarise(ibis.memtable(pa.table(rows)), metrics=[metric]), metric=metric, arm="a")
    assert found.difference == 2.0
    assert found.lower is not None
    assert (found.relative, found.relative_lower) == (None, None)


def test_cuped_on_hillstrom_narrows_by_what_history_explains(hillstrom):
    better = adjusted(SPEND, covariate="history_minor")
    plain, cuped = (compare(hillstrom, metric=metric, arm="mens") for metric in (SPEND, better))
    removed = variance_removed(hillstrom["control"], outcome="spend_minor", covariate="history_minor")
    assert 0 < removed < 0.01
    assert cuped.upper - cuped.lower < plain.upper - plain.lower
    assert cuped.difference == pytest.approx(plain.difference, rel=0.05)


def test_a_ratio_needs_a_covariate_for_its_denominator():
    with pytest.raises(ValueError, match="denominator"):
        adjusted(Metric("aov", "money", "orders"), covariate="pre_money")
    with pytest.raises(ValueError, match="confidence"):
        compare({}, metric=SPEND, arm="a", confidence=95)


def test_equal_prices_leave_no_spread_but_rests_of_rounding():
    """Every order costs 500: the variance of money per order is zero, computed as a small number of either sign."""
    orders = np.array([0, 1, 1, 2, 3, 1, 0, 2] * 4)
    table = ibis.memtable(
        pa.table({"arm": ["control", "a"] * 16, "orders": orders, "revenue_minor": orders * 500.1})
    )
    metric = Metric("average_order", "revenue_minor", "orders")
    found = compare(summarise(table, metrics=[metric]), metric=metric, arm="a")
    assert found.difference == pytest.approx(0.0)
    assert (found.lower, found.upper, found.p_value) == (None, None, None)
