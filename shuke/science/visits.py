"""Days with a purchase and the days between them: what cycles, gaps and histories are all counted from."""

from __future__ import annotations

from collections.abc import Sequence

import ibis  # noqa: F401  (doctest)
from ibis.expr import types as ir


def visits(purchases: ir.Table, *, by: Sequence[str] = ("member_id",), sums: Sequence[str] = ()) -> ir.Table:
    """One row per day on which each of ``by`` (a member, or a member and a good) bought.

    ``purchases`` has the columns ``by``, ``local_date`` and ``sums``.  Columns: ``by``, ``local_date``, ``orders``
    (its rows of that day, which count as one visit), each of ``sums`` added up over the day, and ``gap_days``: days
    since the visit before, float64, missing at the first.

    >>> import ibis
    >>> from datetime import date
    >>> bought = ibis.memtable({"member_id": ["m"] * 3, "net_minor": [500, 700, 900],
    ...     "local_date": [date(2026, 1, 1), date(2026, 1, 1), date(2026, 1, 8)]})
    >>> visits(bought, sums=["net_minor"]).order_by("local_date").drop("local_date").to_polars().rows()
    [('m', 2, 1200, None), ('m', 1, 900, 7.0)]
    """
    days = purchases.group_by(*by, "local_date").agg(
        orders=purchases.count(), **{name: purchases[name].sum() for name in sums}
    )
    before = days.local_date.lag(1).over(group_by=list(by), order_by=days.local_date)
    return days.mutate(gap_days=days.local_date.delta(before, unit="day").cast("float64"))
