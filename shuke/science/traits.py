"""All traits of all members as of one day: exactly the columns of the table ``traits``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import reduce

import ibis
from ibis.expr import types as ir

from shuke.science.habits import discount_share, goods_habits, order_habits
from shuke.science.lifecycle import DEFAULT_RULE, LifecycleRule, lifecycle
from shuke.science.persons import current_attributes, members
from shuke.science.purchases import purchased_lines, purchases
from shuke.science.rfm import QUANTILES, rfm_measures, rfm_scores, window_start
from shuke.science.rfm_scheme import RfmScheme
from shuke.science.texts import iso_date
from shuke.tables import TABLES

#: The attribute that says when a member joined, an ISO date as text.
JOINED_ON = "joined_on"


@dataclass(frozen=True)
class TraitFacts:
    """The tables that traits are computed from, as Ibis tables of ``shuke.tables``."""

    orders: ir.Table
    order_lines: ir.Table
    refunds: ir.Table
    products: ir.Table
    identity_map: ir.Table
    member_attributes: ir.Table


@dataclass(frozen=True)
class TraitSettings:
    """What a retailer may choose.

    ``currency``: the only one whose amounts are added up.  ``window_days``: how far RFM and the
    discount share look back.  ``habit_days``: how far favourites look back; longer, so that a
    member who left can still be won back with what it liked.  ``rfm``: the borders of scores and the
    rules of segments.
    """

    currency: str
    window_days: int = 365
    habit_days: int = 730
    rfm: RfmScheme = QUANTILES
    lifecycle: LifecycleRule = DEFAULT_RULE

    def __post_init__(self) -> None:
        if not 1 <= self.window_days <= self.habit_days:
            raise ValueError("window_days must be at least 1 and at most habit_days.")


def member_traits(facts: TraitFacts, *, as_of: date, settings: TraitSettings) -> ir.Table:
    """One row per member that owns an identifier, with the columns of ``TABLES["traits"]``.

    Only facts with a business date up to and including ``as_of`` count, so a past day can be
    computed again and gives what was known of it, less later corrections.
    """
    bought = purchases(
        orders=facts.orders,
        refunds=facts.refunds,
        identity_map=facts.identity_map,
        currency=settings.currency,
        until=as_of,
    )
    measures = rfm_measures(bought, as_of=as_of, window_days=settings.window_days)
    parts = (
        measures,
        rfm_scores(measures, scheme=settings.rfm),
        lifecycle(bought, as_of=as_of, rule=settings.lifecycle),
        *_habits(facts, bought, as_of=as_of, settings=settings),
        _joining_days(facts),
    )
    owned = members(facts.identity_map)
    joined = reduce(
        lambda left, right: left.left_join(right, "member_id").drop("member_id_right"), parts, owned
    )
    return _shaped(joined, as_of=as_of, currency=settings.currency)


def _habits(
    facts: TraitFacts, bought: ir.Table, *, as_of: date, settings: TraitSettings
) -> tuple[ir.Table, ...]:
    """Every habit table; those of goods read the lines once per table, the window is pruned."""
    habit_start = ibis.literal(window_start(as_of, window_days=settings.habit_days))
    window = ibis.literal(window_start(as_of, window_days=settings.window_days))
    recent = bought.filter(bought.local_date >= habit_start)
    lines = purchased_lines(
        purchases=recent,
        order_lines=facts.order_lines.filter(facts.order_lines.local_date >= habit_start),
        refunds=facts.refunds,
        currency=settings.currency,
        until=as_of,
    )
    return (
        *order_habits(recent),
        *goods_habits(lines, facts.products),
        discount_share(lines.filter(lines.local_date >= window)),
    )


def _joining_days(facts: TraitFacts) -> ir.Table:
    """``member_id, joined_on`` where somebody told us; a text that is no date is as good as none."""
    told = current_attributes(facts.member_attributes, facts.identity_map)
    told = told.filter(told.attribute == JOINED_ON)
    return told.select("member_id", joined_on=iso_date(told.value))


def _shaped(joined: ir.Table, *, as_of: date, currency: str) -> ir.Table:
    """The columns of the table, in its order and types, with the zeros of who never bought."""
    has_bought = joined.last_order_date.notnull()
    filled = joined.mutate(
        as_of=ibis.literal(as_of),
        member_since=joined.joined_on.coalesce(joined.first_order_date),
        frequency=joined.frequency.fill_null(0),
        monetary_minor=joined.monetary_minor.fill_null(0),
        orders_total=joined.orders_total.fill_null(0),
        spend_total_minor=joined.spend_total_minor.fill_null(0),
        lifecycle_stage=joined.lifecycle_stage.fill_null("prospect"),
        currency=has_bought.ifelse(ibis.literal(currency), ibis.null("string")),
    )
    table = TABLES["traits"]
    return filled.select(*table.column_names).cast(dict(table.ibis_schema))
