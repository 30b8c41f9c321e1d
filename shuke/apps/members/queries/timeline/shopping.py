"""Orders with their goods, refunds and vouchers."""

from collections.abc import Mapping
from types import MappingProxyType

from shuke.apps.members.queries.timeline.reading import Part, Reader, Row, rows_of
from shuke.apps.members.schemas import TimelineEntry
from shuke.web.panels import names_of

#: Products of an order that are named.
GOODS_SHOWN = 3


def _orders(part: Part) -> list[TimelineEntry]:
    orders = part.mine("orders")
    if orders is None:
        return []
    if part.channel:
        orders = orders.filter(orders.sales_channel == part.channel)
    rows = part.newest(orders, time="placed_at", by=("order_id",))
    goods, stores = _goods(part, rows), _stores(part, rows)
    return [_order(row, goods.get(row["order_id"], []), stores) for row in rows]


def _order(row: Row, goods: list[str], stores: Mapping[str, str]) -> TimelineEntry:
    is_usual = row["payment_status"] in {"paid", "authorized"}
    return TimelineEntry(
        kind="order",
        at=row["placed_at"],
        what=row["lifecycle_status"],
        channel=row["sales_channel"],
        detail=stores.get(row["store_id"] or "", row["store_id"] or ""),
        reference=row["order_id"],
        amount_minor=row["paid_minor"],
        currency=row["currency"],
        status="" if is_usual else row["payment_status"],
        goods=goods[:GOODS_SHOWN],
        goods_more=max(len(goods) - GOODS_SHOWN, 0),
        facts={"number": _number(row["order_id"])},
    )


def _number(order_id: str) -> str:
    """The number that the shop gave the order: what stands behind the account."""
    return order_id.partition(":")[2] or order_id


def _goods(part: Part, orders: list[Row]) -> dict[str, list[str]]:
    """Names of the products of each order, the dearest first."""
    lines = part.mine("order_lines") if orders else None
    if lines is None:
        return {}
    lines = lines.filter(
        lines.local_month.isin(sorted({row["local_month"] for row in orders})),
        lines.order_id.isin([row["order_id"] for row in orders]),
    )
    products = part.snapshot.table("products")
    named = lines.left_join(products.select("product_id", "name"), "product_id")
    found: dict[str, list[Row]] = {}
    for row in rows_of(named.select("order_id", "line_no", "product_id", "name", "paid_minor")):
        found.setdefault(row["order_id"], []).append(row)
    return {
        order_id: [
            row["name"] or row["product_id"]
            for row in sorted(rows, key=lambda row: (-row["paid_minor"], row["line_no"]))
        ]
        for order_id, rows in found.items()
    }


def _stores(part: Part, orders: list[Row]) -> dict[str, str]:
    """Names of the stores of orders."""
    wanted = sorted({row["store_id"] for row in orders if row["store_id"]})
    if not wanted or part.snapshot.version("stores") is None:
        return {}
    stores = part.snapshot.table("stores")
    known = stores.filter(stores.store_id.isin(wanted)).select("store_id", "name")
    return {row["store_id"]: row["name"] for row in rows_of(known)}


def _refunds(part: Part) -> list[TimelineEntry]:
    refunds = None if part.channel else part.mine("refunds")
    if refunds is None:
        return []
    return [
        TimelineEntry(
            kind="refund",
            at=row["refunded_at"],
            what="refunded",
            detail=row["reason"] or "",
            reference=row["refund_id"],
            amount_minor=row["amount_minor"],
            currency=row["currency"],
            facts={"order": row["order_id"], "number": _number(row["order_id"])},
        )
        for row in part.newest(refunds, time="refunded_at", by=("refund_id", "line_no"))
    ]


def _vouchers(part: Part) -> list[TimelineEntry]:
    vouchers = None if part.channel else part.mine("voucher_events")
    if vouchers is None:
        return []
    rows = part.newest(vouchers, time="occurred_at", by=("voucher_id", "event"))
    names = names_of("voucher_definition", {row["definition_id"] for row in rows})
    return [
        TimelineEntry(
            kind="voucher",
            at=row["occurred_at"],
            what=row["event"],
            detail=names.get(row["definition_id"]) or row["definition_id"],
            reference=row["voucher_id"],
        )
        for row in rows
    ]


READERS: Mapping[str, Reader] = MappingProxyType({"order": _orders, "refund": _refunds, "voucher": _vouchers})
