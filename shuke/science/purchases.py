"""What counts as a purchase, decided in one place.

An order counts unless it was cancelled, its payment was voided, or it is still open and unpaid.
Money is what the buyer paid less what was refunded of that very order by the day looked at, so a
refund takes money out of the period of the sale, not of the refund.  A refunded order stays a
visit: the member did shop.  Only amounts in the currency asked for are added up; an order in
another currency counts as a visit with no money.  Gift lines say nothing about taste or price
sensitivity and are ignored.
"""

from __future__ import annotations

from datetime import date

import ibis
from ibis.expr import types as ir

from shuke.science.persons import with_member


def is_purchase(orders: ir.Table) -> ir.BooleanValue:
    """Whether an order counts: not cancelled, not voided, not open and unpaid."""
    is_unpaid = (orders.payment_status == "pending") & (orders.lifecycle_status == "open")
    return (orders.lifecycle_status != "cancelled") & (orders.payment_status != "void") & ~is_unpaid


def up_to(facts: ir.Table, day: date | None) -> ir.Table:
    """The facts of business days up to and including ``day``; all of them without one."""
    return facts if day is None else facts.filter(facts.local_date <= ibis.literal(day))


def purchases(
    *,
    orders: ir.Table,
    refunds: ir.Table,
    identity_map: ir.Table,
    currency: str,
    until: date | None = None,
) -> ir.Table:
    """One row per counted order; with ``until``, of a business date up to and including that day.

    Columns: ``member_id, order_id, placed_at, local_date, local_hour, store_id, sales_channel,
    net_minor`` (paid less refunds, in ``currency``).
    """
    counted = up_to(orders.filter(is_purchase(orders)), until)
    given_back = (
        up_to(refunds.filter(refunds.currency == currency), until)
        .group_by("order_id")
        .agg(refunded_minor=lambda t: t.amount_minor.sum())
    )
    owned = with_member(counted, identity_map)
    joined = owned.left_join(given_back, "order_id")
    paid = (owned.currency == currency).ifelse(owned.paid_minor, 0)
    return joined.select(
        "member_id",
        "order_id",
        "placed_at",
        "local_date",
        "local_hour",
        "store_id",
        "sales_channel",
        net_minor=paid - given_back.refunded_minor.fill_null(0),
    )


def purchased_lines(
    *, purchases: ir.Table, order_lines: ir.Table, refunds: ir.Table, currency: str, until: date | None = None
) -> ir.Table:
    """The lines of counted orders that were not gifts, each with its money after refunds.

    ``purchases`` is the result of :func:`purchases`.  Columns: ``member_id, local_date,
    product_id, net_minor, is_discounted``.  A refund without a line (``line_no`` 0) lowers no
    line; it lowers the order.
    """
    bought = order_lines.filter(~order_lines.is_gift)
    given_back = (
        up_to(refunds.filter(refunds.currency == currency), until)
        .group_by("order_id", "line_no")
        .agg(refunded_minor=lambda t: t.amount_minor.sum())
    )
    owner = purchases.select("order_id", "member_id")
    joined = bought.join(owner, "order_id").left_join(given_back, ["order_id", "line_no"])
    paid = (bought.currency == currency).ifelse(bought.paid_minor, 0)
    return joined.select(
        "member_id",
        "local_date",
        "product_id",
        net_minor=paid - given_back.refunded_minor.fill_null(0),
        is_discounted=(bought.discount_minor + bought.voucher_minor) > 0,
    )
