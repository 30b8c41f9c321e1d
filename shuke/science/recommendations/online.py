"""What became of the lists that were shown: clicks, baskets, purchases; the rows that strategies are compared by.

A list is one answer of a slot.  Its clicks and its products put into a basket are the standard events that carry its
``list_id``; it *converts* if the member buys one of its products within the window.  A bought line belongs to one list
only: the latest that contained the product before the order was placed, in whatever slot.  Gifts and lines that were
returned in full do not count; a part given back lowers the money.  The unit of chance is the member (else the device,
else the list): everything is summed by unit before arms are compared, because a member's lists are alike.

Attributed money is not caused money: a strategy that lists what members buy anyway earns much of it.  See
docs/algorithms/online.md.
"""

from __future__ import annotations

from dataclasses import dataclass

import ibis
from ibis.expr import types as ir

from shuke.science.event_properties import property_text
from shuke.science.persons import current_identity
from shuke.science.purchases import purchases

#: What the standard events say of a list.
EVENT_NAMES = {"Product List Viewed": "viewed", "Product Clicked": "clicked", "Product Added": "added"}
CLICK_HOURS = 24
PURCHASE_DAYS = 7
#: Counts of a list, each 0 or 1 but ``lines`` and ``revenue_minor``.
OUTCOMES = ("viewed", "clicked", "added", "converted", "lines", "revenue_minor")


@dataclass(frozen=True)
class ListFacts:
    """The tables of the lake that lists are judged by; ``recommendation_lists`` of all slots, of the days wanted."""

    recommendation_lists: ir.Table
    events: ir.Table
    orders: ir.Table
    order_lines: ir.Table
    refunds: ir.Table
    identity_map: ir.Table


def answers(recommendation_lists: ir.Table, identity_map: ir.Table) -> ir.Table:
    """One row per list with ``member_id`` (null for a stranger) and ``unit``: what chance assigned."""
    owner = current_identity(identity_map).select(owned_key="person_key", member_id="member_id")
    lists = recommendation_lists
    joined = lists.left_join(owner, lists.person_key == owner.owned_key)
    # Text of an own kind before each, so that no device is taken for a member.
    unit = ibis.coalesce(
        ibis.literal("member:") + joined.member_id,
        ibis.literal("device:") + joined.anonymous_id,
        ibis.literal("list:") + joined.list_id,
    )
    return joined.select(
        "list_id",
        "slot",
        "experiment_id",
        "arm",
        "strategy",
        "strategy_chance",
        "fallback",
        "person_key",
        "member_id",
        "listed_at",
        "local_date",
        "product_ids",
        "explored_place",
        "context",
        unit=unit,
    )


def listed_products(lists: ir.Table) -> ir.Table:
    """One row per list and place: ``list_id, slot, arm, strategy, member_id, listed_at, place`` (from 1),
    ``product_id``.

    ``lists``: the result of :func:`answers`.
    """
    kept = lists.select(
        "list_id", "slot", "arm", "strategy", "member_id", "listed_at", product_id="product_ids"
    )
    told = kept.unnest("product_id", offset="number")
    return told.mutate(place=told.number.cast("int64") + 1).drop("number")


def touches(lists: ir.Table, events: ir.Table, *, hours: int = CLICK_HOURS) -> ir.Table:
    """One row per list, product and kind of event: ``list_id, product_id`` (empty where the event names none),
    ``kind`` (viewed, clicked, added), ``touched_at`` (the first).

    Of events up to ``hours`` after the list; a repeated event counts once, whatever its order of arrival.
    """
    told = events.filter(events.name.isin(list(EVENT_NAMES)))
    told = told.select(
        "occurred_at",
        kind=told.name.cases(*EVENT_NAMES.items()),
        touched_list=property_text(told.properties, "list_id"),
        product_id=property_text(told.properties, "product_id"),
    )
    owner = lists.select("list_id", "listed_at")
    joined = told.join(owner, told.touched_list == owner.list_id)
    joined = joined.filter(joined.occurred_at < joined.listed_at + ibis.interval(hours=hours))
    return joined.group_by("list_id", "product_id", "kind").agg(touched_at=joined.occurred_at.min())


def attributed_lines(
    listed: ir.Table, facts: ListFacts, *, currency: str, days: int = PURCHASE_DAYS
) -> ir.Table:
    """One row per bought line of a listed product: ``list_id, place, order_id, line_no, net_minor, placed_at``.

    ``listed``: the result of :func:`listed_products`, of all slots.  The list is the latest of the member's that
    contained the product and was answered before the order was placed, at most ``days`` earlier.
    """
    lines = _kept_lines(facts, currency=currency)
    shown = listed.filter(listed.member_id.notnull())
    joined = lines.join(shown, ["member_id", "product_id"])
    joined = joined.filter(
        joined.listed_at <= joined.placed_at,
        joined.placed_at < joined.listed_at + ibis.interval(days=days),
    )
    latest = ibis.row_number().over(
        group_by=["order_id", "line_no"],
        order_by=[ibis.desc(joined.listed_at), joined.list_id, joined.place],
    )
    chosen = joined.mutate(latest=latest).filter(lambda t: t.latest == 0)
    return chosen.select("list_id", "place", "order_id", "line_no", "net_minor", "placed_at")


def _kept_lines(facts: ListFacts, *, currency: str) -> ir.Table:
    """Bought lines that stayed bought: ``member_id, order_id, line_no, placed_at, product_id, net_minor``."""
    whole = facts.orders.filter(facts.orders.payment_status != "refunded")
    bought = purchases(
        orders=whole, refunds=facts.refunds, identity_map=facts.identity_map, currency=currency
    ).select("order_id", "member_id", bought_at="placed_at")
    lines = facts.order_lines.filter(~facts.order_lines.is_gift)
    back = facts.refunds.filter(facts.refunds.currency == currency, facts.refunds.line_no > 0)
    back = back.group_by("order_id", "line_no").agg(back_minor=back.amount_minor.sum())
    joined = lines.join(bought, "order_id").left_join(back, ["order_id", "line_no"])
    given = joined.back_minor.fill_null(0)
    paid = (joined.currency == currency).ifelse(joined.paid_minor, 0)
    kept = joined.filter((given == 0) | (given < joined.paid_minor))
    return kept.select(
        "member_id", "order_id", "line_no", "product_id", placed_at="bought_at", net_minor=paid - given
    )


def list_results(lists: ir.Table, touched: ir.Table, attributed: ir.Table) -> ir.Table:
    """One row per list: the columns of :func:`answers` but the products, and those of :data:`OUTCOMES`.

    ``lists``: those wanted; ``touched`` and ``attributed``: the results of :func:`touches` and
    :func:`attributed_lines`, which may tell of others too.
    """
    seen = touched.group_by("list_id").agg(
        **{kind: (touched.kind == kind).any().cast("int64") for kind in EVENT_NAMES.values()}
    )
    bought = attributed.group_by("list_id").agg(
        lines=attributed.count(), revenue_minor=attributed.net_minor.sum()
    )
    joined = lists.left_join(seen, "list_id").left_join(bought, "list_id")
    return joined.select(
        *(column for column in lists.columns if column != "product_ids"),
        **{kind: joined[kind].fill_null(0) for kind in EVENT_NAMES.values()},
        converted=joined.lines.notnull().cast("int64"),
        lines=joined.lines.fill_null(0),
        revenue_minor=joined.revenue_minor.fill_null(0),
    )


def unit_sums(results: ir.Table, *, drawn: tuple[str, ...] = ()) -> ir.Table:
    """One row per unit and arm: ``unit, arm, lists`` and the sums of :data:`OUTCOMES`, float64 all.

    For each strategy of ``drawn`` (in this order, from 0) also ``weight_0`` (sum of 1 / chance of the lists that
    drew it), ``clicked_0``, ``converted_0`` and ``revenue_0`` (the outcome times that weight): what the off-policy
    estimates are ratios of.  Lists that another step of the ladder answered draw nothing.
    """
    sums = {name: results[name].sum().cast("float64") for name in OUTCOMES}
    for number, strategy in enumerate(drawn):
        is_drawn = (results.strategy == strategy) & (results.fallback == "")
        weight = is_drawn.ifelse(1.0 / results.strategy_chance.nullif(0.0), 0.0)
        sums |= {
            f"weight_{number}": weight.sum(),
            f"clicked_{number}": (weight * results.clicked).sum(),
            f"converted_{number}": (weight * results.converted).sum(),
            f"revenue_{number}": (weight * results.revenue_minor).sum(),
        }
    return results.group_by("unit", "arm").agg(lists=results.count().cast("float64"), **sums)


def totals(results: ir.Table, *, by: tuple[str, ...]) -> ir.Table:
    """Of each combination of the columns ``by``: ``lists, units``, ``fallbacks`` (lists that another step answered)
    and the sums of :data:`OUTCOMES`."""
    return results.group_by(*by).agg(
        lists=results.count(),
        units=results.unit.nunique(),
        fallbacks=(results.fallback != "").cast("int64").sum(),
        **{name: results[name].sum() for name in OUTCOMES},
    )


def places(listed: ir.Table, touched: ir.Table, attributed: ir.Table) -> ir.Table:
    """``arm, place, shown, clicked, bought``: of each place in the list how often its product was clicked and bought.

    ``listed``: the places wanted.
    """
    clicks = touched.filter(touched.kind == "clicked").select(
        "list_id", "product_id", is_clicked=ibis.literal(1, "int64")
    )
    bought = attributed.group_by("list_id", "place").agg(lines=attributed.count())
    joined = listed.left_join(clicks, ["list_id", "product_id"]).select(*listed.columns, "is_clicked")
    joined = joined.left_join(bought, ["list_id", "place"]).select(*joined.columns, "lines")
    return joined.group_by("arm", "place").agg(
        shown=joined.count(),
        clicked=joined.is_clicked.fill_null(0).sum(),
        bought=joined.lines.notnull().cast("int64").sum(),
    )


def shown_products(listed: ir.Table) -> ir.Table:
    """``arm, products``: how many different products each arm has shown."""
    return listed.group_by("arm").agg(products=listed.product_id.nunique())
