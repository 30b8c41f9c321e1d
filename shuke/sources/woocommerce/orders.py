"""WooCommerce's orders and their refunds as rows.

Amounts are decimal strings without tax beside their tax; ours are with tax, as the buyer paid.  What was
given back is read from the refunds alone: a partial refund leaves status and total as they were.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from shuke.sources.contract import Row, product_key
from shuke.sources.order_lines import (
    FEES_FROM_NO,
    ZERO,
    Line,
    balanced,
    fee_line,
    order_rows,
    payment_after_refunds,
    product_line,
)
from shuke.sources.records import (
    UnusableRecordError,
    amount,
    identifier,
    moment_text,
    part,
    parts,
    pieces,
    plain,
    words,
)

Record = Mapping[str, Any]
SYSTEM = "woocommerce"

#: status → payment, fulfilment, lifecycle.
_STATES = {
    "pending": ("pending", "unfulfilled", "open"),
    "on-hold": ("pending", "unfulfilled", "open"),
    "processing": ("paid", "unfulfilled", "open"),
    "completed": ("paid", "shipped", "completed"),
    "refunded": ("refunded", "unfulfilled", "completed"),
    "cancelled": ("void", "unfulfilled", "cancelled"),
    "trash": ("void", "unfulfilled", "cancelled"),
    "failed": ("void", "unfulfilled", "cancelled"),
}
#: Carts that WooCommerce keeps as orders until somebody orders.
DRAFTS = frozenset({"checkout-draft", "auto-draft", "draft"})


@dataclass(frozen=True)
class Order:
    """An order that could be read: its rows, its currency, and the numbers of its lines by item id.

    ``number`` is the id under which it is asked for; ``order_no`` what people call it, as in export files.
    """

    number: str
    order_no: str
    rows: Sequence[Row]
    currency: str
    line_nos: Mapping[str, int]
    has_refunds: bool


def read_order(record: Record, *, coin: Decimal) -> Order | None:
    """The rows of an order, ``None`` of a draft.  ``coin`` is the smallest coin of its currency.

    Raises ``UnusableRecordError``.
    """
    status = words(record, "status") or ""
    if status in DRAFTS:
        return None
    items = sorted(parts(record, "line_items"), key=_number)
    line_nos = {identifier(item, "id"): place for place, item in enumerate(items, start=1)}
    shipping = amount(record, "shipping_total") + amount(record, "shipping_tax")
    lines = [_line(item, line_nos[identifier(item, "id")]) for item in items]
    lines += [
        fee_line(FEES_FROM_NO + place, amount(fee, "total") + amount(fee, "total_tax"))
        for place, fee in enumerate(sorted(parts(record, "fee_lines"), key=_number))
    ]
    total = amount(record, "total")
    if not lines and total == 0:
        raise UnusableRecordError(
            "empty_order", "The order has no lines and no total. Delete it in the shop."
        )
    refunds = parts(record, "refunds")
    return Order(
        number=identifier(record, "id"),
        order_no=order_no(record),
        rows=order_rows(
            _head(record, status, shipping), balanced(lines, shipping=shipping, total=total, coin=coin)
        ),
        currency=words(record, "currency") or "",
        line_nos=line_nos,
        has_refunds=bool(refunds),
    )


def order_no(record: Record) -> str:
    """What people call the order: its id, unless a plug-in numbers orders itself."""
    return words(record, "number") or identifier(record, "id")


def _number(item: Record) -> int:
    value = item.get("id")
    if isinstance(value, bool) or not isinstance(value, int):
        raise UnusableRecordError("no_id", "A line of the order has no “id”.")
    return value


def _line(item: Record, line_no: int) -> Line:
    listed = amount(item, "subtotal") + amount(item, "subtotal_tax")
    paid = amount(item, "total") + amount(item, "total_tax")
    sku = words(item, "sku")
    variant = item.get("variation_id") or item.get("product_id") or "deleted"
    # A price below the list price comes from coupons only: a sale price is the list price here.
    return product_line(
        line_no,
        product_key(sku=sku, system=SYSTEM, variant_id=str(variant)),
        sku=sku,
        quantity=pieces(item, "quantity"),
        listed=listed,
        paid=paid,
        voucher=max(listed - paid, ZERO),
    )


def _head(record: Record, status: str, shipping: Decimal) -> dict[str, str | None]:
    paid_at = moment_text(record, "date_paid_gmt")
    unknown = ("paid" if paid_at else "pending", "unfulfilled", "open")
    payment, fulfilment, lifecycle = _STATES.get(status, unknown)
    if payment == "void" and paid_at:
        payment = "paid"  # It was paid before it was cancelled; its refunds say what went back.
    refunded = -sum((amount(refund, "total") for refund in parts(record, "refunds")), ZERO)
    payment = payment_after_refunds(payment, refunded=refunded, total=amount(record, "total"))
    customer, billing = record.get("customer_id"), part(record, "billing")
    codes = [code for line in parts(record, "coupon_lines") if (code := words(line, "code"))]
    return {
        "order_no": order_no(record),
        "placed_at": moment_text(record, "date_created_gmt"),
        "paid_at": paid_at,
        "completed_at": moment_text(record, "date_completed_gmt"),
        # The buyer is who pays.  The receiver's name, address and phone are not read at all.
        "external": str(customer) if customer else None,
        "email": words(billing, "email"),
        "phone": words(billing, "phone"),
        "payment_status": payment,
        "fulfilment_status": fulfilment,
        "lifecycle_status": lifecycle,
        "status_raw": status,
        "shipping": plain(shipping),
        "tax": plain(amount(record, "total_tax")),
        "voucher_codes": ",".join(codes) or None,
    }


def refund_rows(refund: Record, order: Order) -> list[Row]:
    """The rows of one refund: a row per line given back, the rest as an amount without a line.

    Its ``amount`` is what was given back; the sums of its lines may be more or less.  The reason is a
    free text that may name people, so it is not read.  Raises ``UnusableRecordError``.
    """
    left = abs(amount(refund, "amount"))
    by_line: dict[int, tuple[int, Decimal]] = {}
    for item in parts(refund, "line_items"):
        line_no = order.line_nos.get(_refunded_item(item), 0)
        given = min(left, abs(amount(item, "total") + amount(item, "total_tax")))
        left -= given
        count, before = by_line.get(line_no, (0, ZERO))
        by_line[line_no] = (count + abs(pieces(item, "quantity")), before + given)
    if left > 0:
        count, before = by_line.get(0, (0, ZERO))
        by_line[0] = (count, before + left)
    return [
        {
            "refund_no": identifier(refund, "id"),
            "order_no": order.order_no,
            "line_no": str(line_no),
            "refunded_at": moment_text(refund, "date_created_gmt"),
            "quantity": str(count),
            "amount": plain(given),
        }
        for line_no, (count, given) in by_line.items()
    ]


def _refunded_item(item: Record) -> str:
    for meta in parts(item, "meta_data"):
        if meta.get("key") == "_refunded_item_id":
            return str(meta.get("value"))
    return ""
