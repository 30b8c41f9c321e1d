"""What can be measured of a buyer as of a day: the columns that groups, factors and odds are made of.

Nothing after ``as_of`` is looked at, so that the measures of a past day are what they would have been on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import ibis
import numpy as np
import pyarrow as pa
from ibis.expr import types as ir
from numpy.typing import NDArray

from shuke.science.rfm import window_start
from shuke.science.visits import visits

#: In the order people read them.
MEASURES: tuple[str, ...] = (
    "orders",
    "recency_days",
    "cycle_days",
    "average_order_minor",
    "lines_per_order",
    "categories",
    "discount_share",
    "weekend_share",
    "evening_share",
)
#: From this hour on it is evening.
EVENING = 17
#: The index of Saturday, Monday being 0.
SATURDAY = 5


def member_measures(
    purchases: ir.Table, lines: ir.Table, products: ir.Table, *, as_of: date, window_days: int = 365
) -> ir.Table:
    """``member_id``, the columns of :data:`MEASURES` and ``spend_minor`` of all who bought in the window.

    ``purchases`` and ``lines`` from ``science.purchases``.  Counts and shares are of the window; ``cycle_days`` is the
    median gap between days with a purchase, missing for one such day; what lines tell is missing without lines.
    """
    first, last = ibis.literal(window_start(as_of, window_days=window_days)), ibis.literal(as_of)
    bought = purchases.filter(purchases.local_date.between(first, last))
    is_weekend = bought.local_date.day_of_week.index() >= SATURDAY
    own = bought.group_by("member_id").agg(
        orders=bought.count(),
        spend_minor=bought.net_minor.sum(),
        recency_days=last.delta(bought.local_date.max(), unit="day").cast("int64"),
        weekend=is_weekend.cast("int64").sum(),
        evening=(bought.local_hour >= EVENING).cast("int64").sum(),
    )
    gaps = visits(bought)
    cycles = gaps.group_by("member_id").agg(cycle_days=gaps.gap_days.cast("float64").median())
    joined = own.left_join(cycles, "member_id").drop("member_id_right")
    joined = joined.left_join(_goods(lines, products, first=first, last=last), "member_id").drop(
        "member_id_right"
    )
    orders = joined.orders.cast("float64")
    measured = joined.mutate(
        average_order_minor=joined.spend_minor / orders,
        lines_per_order=joined.lines / orders,
        weekend_share=joined.weekend / orders,
        evening_share=joined.evening / orders,
        discount_share=joined.discounted / joined.lines.cast("float64").nullif(0),
    )
    return measured.select(
        "member_id", "spend_minor", **{name: measured[name].cast("float64") for name in MEASURES}
    )


def _goods(lines: ir.Table, products: ir.Table, *, first: ir.DateScalar, last: ir.DateScalar) -> ir.Table:
    inside = lines.filter(lines.local_date.between(first, last))
    named = inside.left_join(products.select("product_id", "category"), "product_id")
    return named.group_by("member_id").agg(
        lines=named.count(),
        discounted=named.is_discounted.cast("int64").sum(),
        categories=named.category.nunique(),
    )


def columns(measured: pa.Table, *, names: tuple[str, ...] = MEASURES) -> Mapping[str, NDArray[np.float64]]:
    """The measures as arrays, one value per member, missing as NaN; those that nobody has are left out."""
    arrays = {name: measured.column(name).to_numpy(zero_copy_only=False).astype(np.float64) for name in names}
    return {name: values for name, values in arrays.items() if not np.isnan(values).all()}
