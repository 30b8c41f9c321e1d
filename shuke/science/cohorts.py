"""Cohorts: members who began together, and how many of them came again, by month or week.

``purchases``: one row per counted order, ``member_id, local_date, net_minor``.  The age of an order is the number of
whole calendar months (or weeks from Monday) between it and the member's first order.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

import ibis
from ibis.expr import types as ir

Grain = Literal["month", "week"]
#: A Monday; weeks are counted from it.
MONDAY = date(1970, 1, 5)


def period_number(day: ir.DateValue, *, grain: Grain) -> ir.IntegerValue:
    """Months or weeks since 1970, as one whole number."""
    if grain == "month":
        return (day.year().cast("int64") - 1970) * 12 + day.month().cast("int64") - 1
    days = day.delta(ibis.literal(MONDAY), unit="day").cast("int64")
    return (days / 7).floor().cast("int64")


def period_start(number: int, *, grain: Grain) -> date:
    """The first day of a period.

    >>> period_start(671, grain="month"), period_start(2916, grain="week")
    (datetime.date(2025, 12, 1), datetime.date(2025, 11, 24))
    """
    if grain == "month":
        return date(1970 + number // 12, number % 12 + 1, 1)
    return date.fromordinal(MONDAY.toordinal() + 7 * number)


def retention(purchases: ir.Table, *, grain: Grain = "month", as_of: date | None = None) -> ir.Table:
    """``cohort, age, members, orders, revenue_minor, size, rate`` for each pair that has an order.

    ``cohort`` is the number of the period of the first order (``period_start`` names it), ``members`` those of it who
    ordered at that age, ``size`` all of it, ``rate`` their ratio.
    """
    known = purchases if as_of is None else purchases.filter(purchases.local_date <= ibis.literal(as_of))
    numbered = known.mutate(period=period_number(known.local_date, grain=grain))
    # Once for each member and period first: then nothing large is left to be ordered or told apart.
    periods = numbered.group_by("member_id", "period").agg(
        orders=numbered.count(), revenue_minor=numbered.net_minor.sum()
    )
    first = periods.period.min().over(group_by="member_id")
    aged = periods.mutate(cohort=first).mutate(age=lambda t: t.period - t.cohort)
    cells = aged.group_by("cohort", "age").agg(
        members=aged.count(), orders=aged.orders.sum(), revenue_minor=aged.revenue_minor.sum()
    )
    sized = cells.mutate(size=(cells.age == 0).ifelse(cells.members, 0).max().over(group_by="cohort"))
    return sized.mutate(rate=sized.members / sized.size.cast("float64").nullif(0))


def retention_curve(cells: ir.Table, *, last_period: int) -> ir.Table:
    """``age, members, rate, orders_each, revenue_each_minor`` of all cohorts old enough for the age by ``last_period``.

    ``rate`` is the part of their members who ordered at that age; orders and revenue are for each of all their members,
    whether they ordered or not.  Younger cohorts are not in the denominator, so that the curve does not fall because
    time is not over yet.
    """
    sizes = cells.filter(cells.age == 0).select("cohort", cohort_size="size")
    ages = cells.select("age").distinct()
    reachable = sizes.cross_join(ages).filter(lambda t: t.cohort + t.age <= last_period)
    seen = cells.select("cohort", "age", "orders", "revenue_minor", seen="members")
    whole = reachable.join(seen, ["cohort", "age"], how="left")
    summed = whole.group_by("age").agg(
        members=whole.seen.fill_null(0).sum(),
        of=whole.cohort_size.sum(),
        orders=whole.orders.fill_null(0).sum(),
        revenue_minor=whole.revenue_minor.fill_null(0).sum(),
    )
    everybody = summed.of.cast("float64").nullif(0)
    return summed.select(
        "age",
        "members",
        rate=summed.members / everybody,
        orders_each=summed.orders / everybody,
        revenue_each_minor=summed.revenue_minor / everybody,
    )
