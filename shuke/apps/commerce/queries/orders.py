"""Reading orders."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from ibis.expr import types as ir

from shuke.apps.commerce.queries.receivers import receiver_of
from shuke.apps.commerce.schemas import LineView, OrderRow, OrderView, RefundView
from shuke.lake import Snapshot
from shuke.platform.errors import NotFound
from shuke.platform.warehouse import lake
from shuke.science.persons import current_identity


def orders_page(
    *, member_id: str = "", limit: int = 50, offset: int = 0, search: str = ""
) -> tuple[list[OrderRow], int]:
    """Orders newest first, of one member where given; and how many there are in all.

    ``search`` is the beginning of an order id.
    """
    with lake().read() as snapshot:
        orders = snapshot.table("orders")
        if member_id:
            orders = orders.filter(orders.person_key.isin(_person_keys(snapshot, member_id)))
        if search:
            orders = orders.filter(orders.order_id.startswith(search))
        total = int(orders.count().to_pyarrow().as_py())
        part = orders.order_by([orders.placed_at.desc(), orders.order_id.asc()]).limit(limit, offset=offset)
        rows = _with_refunds(part, snapshot.table("refunds")).to_pyarrow().to_pylist()
    rows.sort(key=lambda row: (-row["placed_at"].timestamp(), row["id"]))
    return [OrderRow(net_minor=row["paid_minor"] - row["refunded_minor"], **row) for row in rows], total


def order(order_id: str) -> OrderView:
    """One order with its lines and refunds.  Raises ``NotFound``."""
    with lake().read() as snapshot:
        orders = snapshot.table("orders")
        found = orders.filter(orders.order_id == order_id).limit(1).to_pyarrow().to_pylist()
        if not found:
            raise NotFound("order_not_found", _("There is no such order."))
        row = found[0]
        lines = _lines(snapshot, row)
        refunds = _refunds(snapshot, order_id)
        member_id = _member_of(snapshot, row["person_key"])
    fields = {name: row[name] for name in OrderView.model_fields if name in row}
    fields["voucher_codes"] = row["voucher_codes"] or []
    refunded = sum(refund.amount_minor for refund in refunds)
    return OrderView(
        id=order_id,
        member_id=member_id,
        lines=lines,
        refunds=refunds,
        refunded_minor=refunded,
        receiver=receiver_of(order_id),
        **fields,
    )


def _person_keys(snapshot: Snapshot, member_id: str) -> list[str]:
    """The keys of the member now, few enough to name in a filter, which then prunes files."""
    identity = current_identity(snapshot.table("identity_map"))
    mine = identity.filter(identity.member_id == member_id).select("person_key")
    return [row["person_key"] for row in mine.to_pyarrow().to_pylist()] or [""]


def _member_of(snapshot: Snapshot, person_key: str) -> str | None:
    identity = current_identity(snapshot.table("identity_map"))
    rows = identity.filter(identity.person_key == person_key).select("member_id").to_pyarrow().to_pylist()
    return rows[0]["member_id"] if rows else None


def _with_refunds(orders: ir.Table, refunds: ir.Table) -> ir.Table:
    given_back = refunds.group_by("order_id").agg(refunded_minor=refunds.amount_minor.sum())
    joined = orders.left_join(given_back, "order_id")
    names = [name for name in OrderRow.model_fields if name in orders.columns]
    return joined.select(*names, id=orders.order_id, refunded_minor=given_back.refunded_minor.fill_null(0))


def _lines(snapshot: Snapshot, order_row: dict[str, Any]) -> list[LineView]:
    lines, products = snapshot.table("order_lines"), snapshot.table("products")
    # The month is the partition: naming it lets the engine open one file instead of all.
    mine = lines.filter(
        (lines.local_month == order_row["local_month"]) & (lines.order_id == order_row["order_id"])
    )
    named = mine.left_join(products, "product_id").select(*mine.columns, product_name=products.name)
    rows = named.order_by("line_no").to_pyarrow().to_pylist()
    return [LineView(**{name: row[name] for name in LineView.model_fields}) for row in rows]


def _refunds(snapshot: Snapshot, order_id: str) -> list[RefundView]:
    refunds = snapshot.table("refunds")
    rows = refunds.filter(refunds.order_id == order_id).order_by("refunded_at").to_pyarrow().to_pylist()
    return [RefundView(**{name: row[name] for name in RefundView.model_fields}) for row in rows]
