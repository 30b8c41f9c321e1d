"""Hold-out validation: what a model fitted up to a day said of the time after it, beside what came.

Two pictures, both from Fader, Hardie and Lee (2005, figures 3 to 5): purchases in the hold-out by the number of
purchases before it, and the purchases of all members week by week, from the first day to the last.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import ibis
import numpy as np
from ibis.expr import types as ir
from numpy.typing import NDArray

from shuke.science.lifetime.fitting import Fit
from shuke.science.lifetime.histories import Floats, Histories
from shuke.science.visits import visits

WEEK = 7


@dataclass(frozen=True)
class FrequencyBin:
    """Members with ``frequency`` to ``most`` (``None``: or more) repeat purchases before, and their mean after."""

    frequency: int
    most: int | None
    members: float
    actual: float
    expected: float


@dataclass(frozen=True)
class Tracking:
    """Repeat purchases of all members in each week; ``calibration`` of the weeks the model has seen."""

    actual: Floats
    expected: Floats
    calibration: int

    @property
    def error(self) -> float:
        """How far the expected sum of the hold-out is from the actual one, as a part of that."""
        came = float(self.actual[self.calibration :].sum())
        return (float(self.expected[self.calibration :].sum()) - came) / came if came else 0.0


def holdout_orders(purchases: ir.Table, *, split: date, until: date) -> ir.Table:
    """``member_id, orders``: days with a purchase after ``split`` up to ``until``, of who had bought by ``split``.

    ``purchases`` has ``member_id, local_date``, one row per counted order.
    """
    first, last = ibis.literal(split), ibis.literal(until)
    days = visits(purchases.filter(purchases.local_date <= last))
    found = days.group_by("member_id").agg(
        known=days.local_date.min(), orders=(days.local_date > first).cast("int64").sum()
    )
    return found.filter(found.known <= first).select("member_id", "orders")


def daily_purchases(purchases: ir.Table, *, split: date, until: date) -> ir.Table:
    """``local_date, entries, repeats`` up to ``until``: first and repeat purchases of who had bought by ``split``.

    ``purchases`` has ``member_id, local_date``, one row per counted order.
    """
    days = visits(purchases.filter(purchases.local_date <= ibis.literal(until)))
    known = days.mutate(entered=days.local_date.min().over(group_by=days.member_id))
    known = known.filter(known.entered <= ibis.literal(split))
    is_first = (known.local_date == known.entered).cast("int64")
    return known.group_by("local_date").agg(entries=is_first.sum(), repeats=(1 - is_first).sum())


def by_calibration_frequency(
    fitted: Fit, histories: Histories, *, orders: Floats, horizon: float, bins: int = 8, width: int = 1
) -> list[FrequencyBin]:
    """Mean purchases in the hold-out by those before it, actual and expected.

    ``orders``: for each row the mean of its members in the ``horizon`` after the histories; ``width``:
    frequencies in a bin, of which the last is open.

    CDNOW, Pareto/NBD, 39 weeks after 39 weeks (as in the walk-through of the R package BTYD):

    | repeat purchases | 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7+ |
    |---|---|---|---|---|---|---|---|---|
    | customers | 1411 | 439 | 214 | 100 | 62 | 38 | 29 | 64 |
    | actual | 0.237 | 0.697 | 1.393 | 1.560 | 2.532 | 2.947 | 3.862 | 6.359 |
    | expected | 0.138 | 0.600 | 1.196 | 1.714 | 2.399 | 2.907 | 3.819 | 6.403 |
    """
    expected = fitted.model.expected_orders(fitted.theta, histories, horizon=horizon)
    places = np.minimum(histories.frequency // width, bins - 1)
    sums = [
        np.bincount(places, weights=histories.weight * column, minlength=bins)
        for column in (np.ones(len(places)), orders, expected)
    ]
    return [
        FrequencyBin(
            frequency=place * width,
            most=None if place == bins - 1 else (place + 1) * width - 1,
            members=float(members),
            actual=float(actual / members),
            expected=float(said / members),
        )
        for place, (members, actual, said) in enumerate(zip(*sums, strict=True))
        if members
    ]


def tracking(
    fitted: Fit,
    *,
    entries: NDArray[np.int64],
    repeats: NDArray[np.int64],
    calibration_days: int,
    unit_days: float = 1.0,
) -> Tracking:
    """Repeat purchases week by week, actual and expected of members of whom only the first day is known.

    ``entries`` and ``repeats``: first and repeat purchases on each day from the first on; ``calibration_days``
    of them the model has seen; ``unit_days``: days in the model's unit of time.  A last week that is not whole is left
    out.
    """
    weeks = len(entries) // WEEK
    ages = np.arange(0, weeks + 1) * WEEK
    reached = np.array([_fresh(fitted, days=float(days), unit_days=unit_days) for days in ages])
    lags = np.interp(np.arange(weeks * WEEK + 1), ages, reached)
    # What entered on day d has by the end of day t lived t - d days.
    sums = np.convolve(entries, lags)[WEEK - 1 : weeks * WEEK : WEEK]
    actual = np.add.reduceat(repeats[: weeks * WEEK], ages[:-1]).astype(np.float64)
    return Tracking(actual, np.diff(sums, prepend=0.0), min(calibration_days // WEEK, weeks))


def _fresh(fitted: Fit, *, days: float, unit_days: float) -> float:
    """Expected purchases within so many days after the first one."""
    one = np.ones(1)
    just_bought = Histories(np.zeros(1, dtype=np.int64), 0 * one, 0 * one, one, 0 * one)
    return float(fitted.model.expected_orders(fitted.theta, just_bought, horizon=days / unit_days)[0])
