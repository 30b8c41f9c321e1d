"""How good due dates are, on purchases that were held out.

Everything up to the day of the split is learnt from.  Judged is the gap that *begins* with each member's first purchase
of a good after the split: a gap that lies across a given day is longer than most (length bias), one that begins
after it is not.  A gap not closed by the last day counts as late once the interval has passed, else it is not judged.

Beside it the naive guess: the mean of the member's own gaps, or the good's where it has none.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import ibis
import numpy as np
from ibis.expr import types as ir
from numpy.typing import NDArray

from shuke.science.replenishment import ReplenishmentRule, due_dates, gaps


@dataclass(frozen=True)
class DueQuality:
    """``judged`` gaps and which part of them closed ``inside`` the interval, ``early`` before it or ``late``.

    ``error_days`` and ``naive_error_days`` are medians of |days off| over the gaps that closed; ``mean_`` their means.
    ``promised`` is the coverage asked for.
    """

    judged: int
    closed: int
    promised: float
    inside: float
    early: float
    late: float
    error_days: float
    naive_error_days: float
    mean_error_days: float
    naive_mean_error_days: float


def due_quality(
    purchases: ir.Table,
    *,
    split: date,
    last_day: date,
    least_gaps: int = 1,
    rule: ReplenishmentRule | None = None,
) -> DueQuality | None:
    """Judge the due dates learnt up to ``split`` on what followed up to ``last_day``; ``None`` with nothing closed.

    Only members with ``least_gaps`` gaps of the good up to the split are judged.
    """
    rule = rule or ReplenishmentRule()
    known = purchases.filter(purchases.local_date <= ibis.literal(split))
    learnt = due_dates(known, as_of=split, rule=rule).filter(lambda t: t.gaps >= least_gaps)
    naive = gaps(known)
    own = naive.group_by("member_id", "good").agg(naive_days=naive.gap_days.mean())
    after = purchases.filter(
        purchases.local_date > ibis.literal(split), purchases.local_date <= ibis.literal(last_day)
    )
    days = after.select("member_id", "good", "local_date").distinct()
    by_time = {"group_by": ["member_id", "good"], "order_by": days.local_date}
    placed = days.mutate(
        place=ibis.row_number().over(**by_time), next_date=days.local_date.lead(1).over(**by_time)
    )
    begun = placed.filter(placed.place == 0)
    found = begun.join(learnt, ["member_id", "good"]).join(own, ["member_id", "good"])
    rows = found.select(
        "low_days",
        "cycle_days",
        "high_days",
        "naive_days",
        gap=found.next_date.delta(found.local_date, unit="day").cast("float64"),
        waited=ibis.literal(last_day).delta(found.local_date, unit="day").cast("float64"),
    ).to_pyarrow()
    return _quality({name: rows[name].to_numpy() for name in rows.column_names}, promised=rule.coverage)


def _quality(rows: dict[str, NDArray[np.float64]], *, promised: float) -> DueQuality | None:
    low, high = np.floor(rows["low_days"]), np.ceil(rows["high_days"])
    gap = rows["gap"].astype(float)
    is_closed = ~np.isnan(gap)
    is_judged = is_closed | (rows["waited"] > high)
    if not is_judged.any() or not is_closed.any():
        return None
    inside = is_closed & (gap >= low) & (gap <= high)
    early = is_closed & (gap < low)
    off = np.abs(gap - rows["cycle_days"])[is_closed]
    naive = np.abs(gap - rows["naive_days"])[is_closed]
    judged = int(is_judged.sum())
    return DueQuality(
        judged=judged,
        closed=int(is_closed.sum()),
        promised=promised,
        inside=float(inside.sum() / judged),
        early=float(early.sum() / judged),
        late=float((is_judged & ~inside & ~early).sum() / judged),
        error_days=float(np.median(off)),
        naive_error_days=float(np.median(naive)),
        mean_error_days=float(off.mean()),
        naive_mean_error_days=float(naive.mean()),
    )


def split_day(first_day: date, last_day: date) -> date:
    """The day up to which is learnt: three quarters of the time, so that a quarter of a year is held out of a year."""
    return first_day + timedelta(days=round((last_day - first_day).days * 0.75))
