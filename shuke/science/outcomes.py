"""What each exposed member did from its eligibility on: the rows that lift is estimated from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import ibis
from ibis.expr import types as ir

from shuke.science.persons import with_member
from shuke.science.purchases import purchases

#: The columns of :func:`member_outcomes` beside ``member_id`` and ``arm``.
OUTCOMES: tuple[str, ...] = (
    "orders",
    "revenue_minor",
    "converted",
    "visits",
    "pre_orders",
    "pre_revenue_minor",
)


@dataclass(frozen=True)
class OutcomeFacts:
    """The tables that outcomes are read from; ``exposures`` of one experiment only."""

    exposures: ir.Table
    orders: ir.Table
    refunds: ir.Table
    events: ir.Table
    identity_map: ir.Table


def exposed_members(exposures: ir.Table, identity_map: ir.Table) -> ir.Table:
    """One row per exposed member: ``member_id, arm, eligible_at, is_randomised``.

    A member that was assigned twice, under two identifiers that were merged later, keeps the first
    assignment: what it was given first is what it was given.
    """
    owned = with_member(exposures, identity_map)
    place = ibis.row_number().over(
        group_by="member_id", order_by=[owned.assigned_at, owned.eligible_at, owned.person_key, owned.arm]
    )
    first = owned.mutate(place=place).filter(lambda t: t.place == 0)
    return first.select("member_id", "arm", "eligible_at", "is_randomised")


def member_outcomes(facts: OutcomeFacts, *, until: datetime, currency: str, pre_days: int = 90) -> ir.Table:
    """One row per exposed member: ``member_id, arm`` and the columns of :data:`OUTCOMES`.

    Outcomes lie in [``eligible_at``, ``until``): ``orders``, ``revenue_minor`` (paid less refunds
    made before ``until``), ``converted`` (1 with an order, else 0) and ``visits``, the number of
    business days on which the member ordered or did anything we saw.  ``pre_*`` lie in the
    ``pre_days`` days before ``eligible_at`` and can have no part in the treatment.
    """
    end = ibis.literal(until, type="timestamp('UTC')")
    exposed = exposed_members(facts.exposures, facts.identity_map)
    bought = purchases(
        orders=facts.orders.filter(facts.orders.placed_at < end),
        refunds=facts.refunds.filter(facts.refunds.refunded_at < end),
        identity_map=facts.identity_map,
        currency=currency,
    )
    dated = bought.join(exposed.select("member_id", "eligible_at"), "member_id")
    is_after = dated.placed_at >= dated.eligible_at
    pre_start = dated.eligible_at - ibis.interval(days=pre_days)
    is_before = (dated.placed_at < dated.eligible_at) & (dated.placed_at >= pre_start)
    sums = dated.group_by("member_id").agg(
        orders=is_after.cast("int64").sum(),
        revenue_minor=is_after.ifelse(dated.net_minor, 0).sum(),
        pre_orders=is_before.cast("int64").sum(),
        pre_revenue_minor=is_before.ifelse(dated.net_minor, 0).sum(),
    )
    visits = _visits(dated.filter(is_after), exposed=exposed, facts=facts, end=end)
    joined = exposed.left_join(sums, "member_id").left_join(visits, exposed.member_id == visits.member_id)
    orders = sums.orders.fill_null(0)
    return joined.select(
        exposed.member_id,
        exposed.arm,
        orders=orders,
        revenue_minor=sums.revenue_minor.fill_null(0),
        converted=(orders > 0).cast("int64"),
        visits=visits.visits.fill_null(0),
        pre_orders=sums.pre_orders.fill_null(0),
        pre_revenue_minor=sums.pre_revenue_minor.fill_null(0),
    )


def _visits(bought: ir.Table, *, exposed: ir.Table, facts: OutcomeFacts, end: ir.TimestampScalar) -> ir.Table:
    """``member_id, visits``: distinct business days with an order or an event after eligibility."""
    seen = with_member(facts.events.filter(facts.events.occurred_at < end), facts.identity_map)
    seen = seen.join(exposed.select("member_id", "eligible_at"), "member_id")
    seen = seen.filter(seen.occurred_at >= seen.eligible_at).select("member_id", "local_date")
    days = bought.select("member_id", "local_date").union(seen, distinct=True)
    return days.group_by("member_id").agg(visits=days.count())
