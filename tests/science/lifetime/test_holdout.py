"""Hold-out validation on CDNOW, as published, and by hand."""

from datetime import date, timedelta

import ibis
import numpy as np
import polars as pl
import pytest

from shuke.science.lifetime.bg_nbd import BgNbd
from shuke.science.lifetime.fitting import fit
from shuke.science.lifetime.histories import grouped, row_numbers
from shuke.science.lifetime.holdout import by_calibration_frequency, daily_purchases, holdout_orders, tracking
from shuke.science.lifetime.pareto_nbd import ParetoNbd
from shuke.science.lifetime.value import estimates
from tests.science.lifetime.conftest import CALIBRATION_END

END = date(1998, 6, 30)


@pytest.fixture(scope="session")
def later(cdnow_purchases, cdnow_members, cdnow):
    """Mean purchases of each row's members in the 39 weeks after calibration."""
    found = holdout_orders(ibis.memtable(cdnow_purchases), split=CALIBRATION_END, until=END).to_polars()
    orders = cdnow_members.join(found, on="member_id", how="left").sort("member_id")["orders"].to_numpy()
    numbers = row_numbers(
        frequency=cdnow_members["frequency"].to_numpy(),
        recency=cdnow_members["recency_days"].to_numpy() / 7,
        age=cdnow_members["age_days"].to_numpy() / 7,
    )
    return np.bincount(numbers, weights=orders) / cdnow.weight


# The walk-through of BTYD prints these for the Pareto/NBD; customers and actual means are the data's own.
MEMBERS = (1411, 439, 214, 100, 62, 38, 29, 64)
ACTUAL = (0.237, 0.697, 1.393, 1.560, 2.532, 2.947, 3.862, 6.359)
EXPECTED = (0.138, 0.600, 1.196, 1.714, 2.399, 2.907, 3.819, 6.403)


def test_purchases_by_calibration_frequency_are_the_published_ones(cdnow, later):
    bins = by_calibration_frequency(fit(ParetoNbd(), cdnow), cdnow, orders=later, horizon=39)
    assert tuple(row.members for row in bins) == MEMBERS
    assert tuple(row.actual for row in bins) == pytest.approx(ACTUAL, abs=6e-4)
    assert tuple(row.expected for row in bins) == pytest.approx(EXPECTED, abs=1e-3)


def test_cdnow_is_tracked_week_by_week(cdnow, cdnow_purchases):
    days = daily_purchases(ibis.memtable(cdnow_purchases), split=CALIBRATION_END, until=END).to_polars()
    first = days["local_date"].min()
    every = pl.DataFrame({"local_date": [first + timedelta(days=n) for n in range((END - first).days + 1)]})
    filled = every.join(days, on="local_date", how="left").fill_null(0)
    found = tracking(
        fit(BgNbd(), cdnow), entries=filled["entries"].to_numpy(), repeats=filled["repeats"].to_numpy(),
        calibration_days=39 * 7, unit_days=7,
    )  # fmt: skip
    assert len(found.actual) == 78
    assert found.calibration == 39
    calibration = slice(0, 39)
    assert found.actual[calibration].sum() == 2457
    assert found.expected[calibration].sum() == pytest.approx(2457, rel=0.02)
    # "The BG/NBD underestimates the number of purchases in the hold-out by 4 %" of all (Fader, Hardie, Lee 2005).
    assert found.expected.sum() / found.actual.sum() - 1 == pytest.approx(-0.04, abs=0.01)


def test_the_interval_of_cdnows_total(cdnow):
    fitted = fit(BgNbd(), cdnow)
    total = estimates(
        fitted,
        lambda theta: np.array([cdnow.weight @ fitted.model.expected_orders(theta, cdnow, horizon=39)]),
    )
    assert (total.expected[0], total.lower[0], total.upper[0]) == pytest.approx(
        (1653.4, 1513.9, 1805.7), abs=0.5
    )


def test_holdout_and_daily_purchases_by_hand():
    start = date(2026, 1, 1)
    rows = [("a", 0), ("a", 3), ("a", 3), ("a", 12), ("a", 15), ("b", 2), ("b", 40), ("c", 11)]
    table = ibis.memtable(
        pl.DataFrame(
            [(member, start + timedelta(days=day)) for member, day in rows],
            schema=["member_id", "local_date"],
            orient="row",
        )
    )
    split, until = start + timedelta(days=10), start + timedelta(days=20)
    # c came after the split; b's only later purchase after the end; a bought twice on one day before.
    orders = holdout_orders(table, split=split, until=until).to_polars().sort("member_id")
    assert orders.rows() == [("a", 2), ("b", 0)]
    days = daily_purchases(table, split=split, until=until).to_polars().sort("local_date")
    assert [((day - start).days, e, r) for day, e, r in days.rows()] == [
        (0, 1, 0), (2, 1, 0), (3, 0, 1), (12, 0, 1), (15, 0, 1),
    ]  # fmt: skip


def test_what_entered_later_has_lived_shorter():
    """One member on day 0 and one on day 10: the second is a week and a half behind the first."""
    rows = grouped(
        frequency=np.array([0, 2, 5, 1]), recency=np.array([0, 20.0, 60, 9]), age=np.array([70.0, 70, 70, 70])
    )
    fitted = fit(BgNbd(), rows)
    entries = np.zeros(28, dtype=int)
    entries[[0, 10]] = 1
    one = tracking(fitted, entries=np.eye(1, 28, dtype=int)[0], repeats=entries, calibration_days=14)
    two = tracking(fitted, entries=entries, repeats=entries, calibration_days=14)
    assert two.expected[0] == one.expected[0]
    assert two.expected[1] > one.expected[1]
    fresh = grouped(frequency=np.array([0]), recency=np.array([0.0]), age=np.array([0.0]))
    weeks = [
        fitted.model.expected_orders(fitted.theta, fresh, horizon=float(day))[0] for day in range(0, 35, 7)
    ]
    lags = np.interp([0, 3, 10, 17], np.arange(0, 35, 7), weeks)
    assert two.expected[1:] - one.expected[1:] == pytest.approx(np.diff(lags))
    assert two.actual.tolist() == [1, 1, 0, 0]
    assert two.calibration == 2
