"""Sales as series: what was sold of each product (store, channel, category …) in each day or week.

Demand is what buyers took: lines of orders that count (``purchases.is_purchase``) and were not gifts, whoever bought.
Refunds are not subtracted, because they come later and would make the newest weeks look better than they will be.

Worked: a product first sold on a Wednesday (2 pieces), then 1 on the Monday after next, looked at on the Sunday of that
week: the weeks of its series have 2, 0 and 1 pieces.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Literal

import ibis
from ibis.expr import types as ir

from shuke.science.purchases import is_purchase, up_to

#: A Monday; weeks are counted from it.
EPOCH = date(1970, 1, 5)
Grain = Literal["day", "week"]
STEP_DAYS: dict[Grain, int] = {"day": 1, "week": 7}


def last_whole_period(as_of: date, *, grain: Grain) -> int:
    """The number of the last day or week that is over when ``as_of`` is over; weeks end on Sunday."""
    return ((as_of - EPOCH).days + 1) // STEP_DAYS[grain] - 1


def period_start(number: int, *, grain: Grain) -> date:
    """The first day of a period."""
    return EPOCH + timedelta(days=number * STEP_DAYS[grain])


def sold_lines(
    *, orders: ir.Table, order_lines: ir.Table, products: ir.Table, currency: str, as_of: date
) -> ir.Table:
    """One row per counted line: ``local_date, product_id, store_id, sales_channel, department, category, quantity,
    paid_minor, promoted`` (pieces sold below list price).

    Amounts in another currency count as pieces without money.
    """
    counted = up_to(orders.filter(is_purchase(orders)), as_of).select("order_id")
    lines = order_lines.filter(~order_lines.is_gift).semi_join(counted, "order_id")
    goods = products.select("product_id", "department", "category")
    joined = lines.left_join(goods, "product_id")
    is_cheaper = (lines.discount_minor + lines.voucher_minor) > 0
    return joined.select(
        "local_date",
        "product_id",
        "store_id",
        "sales_channel",
        "department",
        "category",
        "quantity",
        paid_minor=(lines.currency == currency).ifelse(lines.paid_minor, 0),
        promoted=is_cheaper.ifelse(lines.quantity, 0),
    )


def sales_series(
    sold: ir.Table, *, keys: Sequence[str], as_of: date, grain: Grain = "week", first: date | None = None
) -> ir.Table:
    """``keys, period, period_start, quantity, paid_minor, price_minor, promotion_share`` of every period of a series.

    ``sold`` is the result of :func:`sold_lines`.  A series begins with its first sale (or with the first whole period
    from ``first`` on) and ends with the last whole period; periods between without a sale have 0 pieces, no price and
    no promotion.  The week in which the data begins is kept only if it begins on its Monday.
    """
    last = last_whole_period(as_of, grain=grain)
    begin = ibis.literal(EPOCH)
    age = sold.local_date.delta(begin, unit="day").cast("int64")
    step = STEP_DAYS[grain]
    numbered = sold.mutate(period=(age // step).cast("int64"))
    numbered = numbered.filter(numbered.period <= last)
    if first is not None:
        numbered = numbered.filter(numbered.period >= -((EPOCH - first).days // step))
    summed = numbered.group_by(*keys, "period").agg(
        quantity=numbered.quantity.sum().cast("int64"),
        paid_minor=numbered.paid_minor.sum().cast("int64"),
        promoted=numbered.promoted.sum().cast("int64"),
    )
    began = summed.group_by(*keys).agg(first_period=summed.period.min())
    spine = _spine(summed, last=last, grain=grain)
    places = began.cross_join(spine).filter(lambda t: t.period >= t.first_period)
    matches = [places[k].identical_to(summed[k]) for k in keys]
    joined = places.left_join(summed, [*matches, places.period == summed.period])
    pieces = joined.quantity.fill_null(0)
    return joined.select(
        *(places[k] for k in keys),
        places.period,
        places.period_start,
        quantity=pieces,
        paid_minor=joined.paid_minor.fill_null(0),
        price_minor=joined.paid_minor / joined.quantity.cast("float64").nullif(0),
        promotion_share=joined.promoted.fill_null(0) / pieces.cast("float64").nullif(0),
    )


def _spine(summed: ir.Table, *, last: int, grain: Grain) -> ir.Table:
    """Every period from the first that anything was sold in; asking for it runs the query of its least period."""
    least = summed.period.min().to_pyarrow().as_py()
    numbers = range(last + 1 if least is None else least, last + 1)
    return ibis.memtable(
        {"period": list(numbers), "period_start": [period_start(n, grain=grain) for n in numbers]},
        schema={"period": "int64", "period_start": "date"},
    )
