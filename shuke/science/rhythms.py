"""When and where members buy: a map of day and hour, the mix of channels, and the ways from order to order."""

from __future__ import annotations

import ibis
from ibis.expr import types as ir


def day_hour_map(purchases: ir.Table) -> ir.Table:
    """``weekday`` (1 Monday to 7 Sunday), ``hour, orders, revenue_minor`` of each pair that has an order."""
    dated = purchases.mutate(
        weekday=purchases.local_date.day_of_week.index().cast("int64") + 1,
        hour=purchases.local_hour.cast("int64"),
    )
    return dated.group_by("weekday", "hour").agg(orders=dated.count(), revenue_minor=dated.net_minor.sum())


def channel_mix(purchases: ir.Table) -> ir.Table:
    """``channels`` (how many a member uses, at most 3 told apart), ``members, orders, revenue_minor``."""
    own = purchases.group_by("member_id").agg(
        channels=ibis.least(purchases.sales_channel.nunique(), 3).cast("int64"),
        orders=purchases.count(),
        revenue_minor=purchases.net_minor.sum(),
    )
    return own.group_by("channels").agg(
        members=own.count(), orders=own.orders.sum(), revenue_minor=own.revenue_minor.sum()
    )


def ways(visits: ir.Table, *, steps: int = 4) -> ir.Table:
    """Flows for a Sankey diagram: ``step, source, target, members`` between a member's first ``steps`` visits.

    ``visits``: ``member_id, at, place`` (a channel, a department, a page).  Members who stop go nowhere further:
    what is missing from one step to the next has ended there.  Of visits at one instant the smaller name comes first.
    """
    number = ibis.row_number().over(group_by="member_id", order_by=[visits.at, visits.place])
    first = visits.mutate(step=number.cast("int64") + 1).filter(lambda t: t.step <= steps)
    target = first.place.lead(1).over(group_by="member_id", order_by=first.step)
    moves = first.mutate(target=target).filter(lambda t: t.target.notnull())
    return moves.group_by("step", "target", source=moves.place).agg(members=moves.member_id.nunique())
