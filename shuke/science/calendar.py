"""Facts beside their calendar: what kind of day it was, and what a kind of day brings.

The calendar (table ``calendar_days``) is joined by the stored ``local_date``, so nothing here does
time-zone arithmetic.  A day that the calendar does not know keeps empty features and is counted
nowhere: extend the calendar rather than guess.
"""

from __future__ import annotations

from datetime import date

import ibis
from ibis.expr import types as ir

#: What a fact gains by its day.
FEATURES = ("day_kind", "is_day_off", "holiday", "days_off_run", "days_to_holiday")


def with_calendar(facts: ir.Table, calendar_days: ir.Table, *, country: str) -> ir.Table:
    """The facts with the columns of ``FEATURES`` of their ``local_date`` in that country.

    No fact is lost or doubled; the features of an unknown day are empty.
    """
    known = calendar_days.filter(calendar_days.country == country)
    features = known.select(calendar_day=known.day, **{name: known[name] for name in FEATURES})
    joined = facts.left_join(features, facts.local_date == features.calendar_day)
    return joined.select(*facts.columns, *FEATURES)


def sales_by_kind_of_day(
    purchases: ir.Table, calendar_days: ir.Table, *, country: str, first: date, last: date
) -> ir.Table:
    """What a day of each kind brings: ``day_kind, days, orders, net_minor, orders_per_day, net_minor_per_day``.

    ``purchases`` is the result of ``science.purchases.purchases``.  Days without a sale count in the
    divisor; both ends are included.  Kinds that the period does not have are left out.
    """
    calendar = calendar_days.filter(
        calendar_days.country == country,
        calendar_days.day >= ibis.literal(first),
        calendar_days.day <= ibis.literal(last),
    )
    by_day = purchases.group_by("local_date").agg(
        orders=purchases.count(), net_minor=purchases.net_minor.sum()
    )
    joined = calendar.left_join(by_day, calendar.day == by_day.local_date)
    summed = joined.group_by("day_kind").agg(
        days=joined.count(),
        orders=joined.orders.fill_null(0).sum(),
        net_minor=joined.net_minor.fill_null(0).sum(),
    )
    days = summed.days.cast("float64").nullif(0)
    return summed.mutate(orders_per_day=summed.orders / days, net_minor_per_day=summed.net_minor / days)
