"""Purchase histories as the models of lifetime value need them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import ibis
import numpy as np
from ibis.expr import types as ir
from numpy.typing import NDArray

from shuke.science.visits import visits

Floats = NDArray[np.float64]


def purchase_histories(purchases: ir.Table, *, as_of: date) -> ir.Table:
    """One row per member who ever bought, in days; several orders of one day are one purchase.

    ``purchases`` has ``member_id, local_date, net_minor``, one row per counted order.  Columns:
    ``member_id``; ``frequency``, the repeat purchases; ``recency_days``, from the first purchase to the last;
    ``age_days``, from the first purchase to ``as_of``; ``log_gaps``, the sum of the natural logarithms of the
    days between purchases; ``spend_minor``, the money of the repeat purchases.

    >>> import polars as pl
    >>> rows = pl.DataFrame({"member_id": ["m"] * 3, "net_minor": [500, 700, 900],
    ...     "local_date": [date(2026, 1, 1), date(2026, 1, 8), date(2026, 1, 22)]})
    >>> table = purchase_histories(ibis.memtable(rows), as_of=date(2026, 1, 31)).to_polars()
    >>> table.select("frequency", "recency_days", "age_days", "spend_minor").row(0)
    (2, 21, 30, 1600)
    """
    known = purchases.filter(purchases.local_date <= ibis.literal(as_of))
    gaps = visits(known, sums=["net_minor"])
    told = gaps.group_by("member_id").agg(
        frequency=gaps.gap_days.count(),
        first=gaps.local_date.min(),
        last=gaps.local_date.max(),
        log_gaps=gaps.gap_days.ln().sum().fill_null(0.0),
        spend_minor=gaps.gap_days.notnull().ifelse(gaps.net_minor, 0).sum(),
    )
    return told.select(
        "member_id",
        "frequency",
        recency_days=told.last.delta(told.first, unit="day").cast("int64"),
        age_days=ibis.literal(as_of).delta(told.first, unit="day").cast("int64"),
        log_gaps=told.log_gaps,
        spend_minor=told.spend_minor,
    )


@dataclass(frozen=True)
class Histories:
    """Rows of equal (frequency, recency, age), each with the number of members who have it.

    ``recency`` and ``age`` are in units of time that the caller chooses (days or weeks); ``log_gaps`` is summed
    over the members of the row.  All arrays have one length.
    """

    frequency: NDArray[np.int64]
    recency: Floats
    age: Floats
    weight: Floats
    log_gaps: Floats

    def __post_init__(self) -> None:
        if not len(self.frequency) == len(self.recency) == len(self.age) == len(self.weight):
            raise ValueError("Frequency, recency, age and weight must have one length.")
        if len(self.frequency) == 0:
            raise ValueError("There is no purchase history to fit a model to.")
        if np.any(self.frequency < 0) or np.any(self.recency < 0) or np.any(self.recency > self.age):
            raise ValueError("A history needs 0 <= recency <= age and a frequency of 0 or more.")
        if np.any((self.frequency == 0) & (self.recency > 0)):
            raise ValueError("A member without a repeat purchase has recency 0.")

    @property
    def members(self) -> float:
        """How many members the rows stand for."""
        return float(self.weight.sum())


def grouped(
    *,
    frequency: NDArray[np.int64],
    recency: Floats,
    age: Floats,
    log_gaps: Floats | None = None,
) -> Histories:
    """Members' histories with equal ones counted together, which changes no likelihood and saves its time.

    >>> rows = grouped(frequency=np.array([1, 0, 1]), recency=np.array([2.0, 0, 2]), age=np.array([5.0, 5, 5]))
    >>> rows.frequency.tolist(), rows.weight.tolist()
    ([0, 1], [1.0, 2.0])
    """
    x = np.asarray(frequency, dtype=np.int64)
    tx, age = np.asarray(recency, dtype=np.float64), np.asarray(age, dtype=np.float64)
    order = np.lexsort((age, tx, x))
    sorted_x, sorted_tx, sorted_age = x[order], tx[order], age[order]
    is_new = np.ones(len(order), dtype=bool)
    is_new[1:] = (np.diff(sorted_x) != 0) | (np.diff(sorted_tx) != 0) | (np.diff(sorted_age) != 0)
    starts = np.flatnonzero(is_new)
    gaps = np.zeros(len(order)) if log_gaps is None else np.asarray(log_gaps, dtype=np.float64)[order]
    return Histories(
        frequency=sorted_x[starts],
        recency=sorted_tx[starts],
        age=sorted_age[starts],
        weight=np.diff(np.append(starts, len(order))).astype(np.float64),
        log_gaps=np.add.reduceat(gaps, starts) if len(order) else gaps,
    )
