"""Shopify's orders and refunds as rows, in the shop's own currency."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from shuke.sources.contract import Row, product_key
from shuke.sources.order_lines import (
    ZERO,
    Line,
    balanced,
    coin_of,
    order_rows,
    payment_after_refunds,
    product_line,
)
from shuke.sources.records import UnusableRecordError, amount, moment_text, part, parts, pieces, plain, words
from shuke.sources.shopify.ids import SYSTEM, number_of

Record = Mapping[str, Any]

_PAYMENT = {
    "PENDING": "pending",
    "PARTIALLY_PAID": "pending",
    "AUTHORIZED": "authorized",
    "PAID": "paid",
    "PARTIALLY_REFUNDED": "partially_refunded",
    "REFUNDED": "refunded",
    "VOIDED": "void",
    "EXPIRED": "void",
}
_FULFILMENT = {"FULFILLED": "shipped", "PARTIALLY_FULFILLED": "partial"}


def money(record: Record, name: str) -> Decimal:
    """An amount in the shop's currency; buyers may have paid in their own.  Raises ``UnusableRecordError``."""
    return amount(part(part(record, name), "shopMoney"), "amount")


def currency_of(record: Record) -> str:
    """The currency of the shop's amounts."""
    shown = part(part(record, "totalPriceSet"), "shopMoney").get("currencyCode")
    return shown if isinstance(shown, str) else words(record, "currencyCode") or ""


def order_no(record: Record) -> str:
    """What people and export files call the order: ``#1001``."""
    return words(record, "name") or number_of(record)


def rows_of(record: Record, items: Sequence[Record]) -> list[Row]:
    """The rows of an order, of which ``items`` are all lines.  Raises ``UnusableRecordError``."""
    has_tax = record.get("taxesIncluded") is True
    ordered = _in_order(items)
    lines = [_line(item, place, has_tax=has_tax) for place, item in enumerate(ordered, start=1)]
    shipping = sum(
        (
            money(line, "discountedPriceSet") + (ZERO if has_tax else _tax(line))
            for line in parts(part(record, "shippingLines"), "nodes")
        ),
        ZERO,
    )
    total, coin = money(record, "totalPriceSet"), coin_of(currency_of(record))
    if not lines and total == 0:
        raise UnusableRecordError("empty_order", "The order has no lines and no total.")
    head = _head(record, shipping=shipping, total=total)
    return order_rows(head, balanced(lines, shipping=shipping, total=total, coin=coin))


def _in_order(items: Sequence[Record]) -> list[Record]:
    return sorted(items, key=lambda item: int(number_of(item)))


def _tax(line: Record) -> Decimal:
    return sum((money(tax, "priceSet") for tax in parts(line, "taxLines")), ZERO)


def _line(item: Record, place: int, *, has_tax: bool) -> Line:
    """Discounts are allocated to lines by Shopify; those of codes are vouchers."""
    quantity = pieces(item, "quantity")
    off = {True: ZERO, False: ZERO}
    for allocation in parts(item, "discountAllocations"):
        kind = part(allocation, "discountApplication").get("__typename")
        off[kind == "DiscountCodeApplication"] += money(allocation, "allocatedAmountSet")
    tax = ZERO if has_tax else _tax(item)
    listed = money(item, "originalUnitPriceSet") * quantity + tax
    variant = part(item, "variant")
    sku = words(variant, "sku") or words(item, "sku")
    number = number_of(variant) if variant else f"line-{number_of(item)}"
    return product_line(
        place,
        product_key(sku=sku, system=SYSTEM, variant_id=number),
        sku=sku,
        quantity=quantity,
        listed=listed,
        paid=listed - off[True] - off[False],
        voucher=off[True],
    )


def _head(record: Record, *, shipping: Decimal, total: Decimal) -> dict[str, str | None]:
    financial = words(record, "displayFinancialStatus") or ""
    fulfilment = words(record, "displayFulfillmentStatus") or ""
    cancelled_at, closed_at = moment_text(record, "cancelledAt"), moment_text(record, "closedAt")
    is_done = closed_at is not None or fulfilment == "FULFILLED"
    refunded = sum((money(refund, "totalRefundedSet") for refund in parts(record, "refunds")), ZERO)
    codes = record.get("discountCodes")
    customer = part(record, "customer")
    return {
        "order_no": order_no(record),
        "placed_at": moment_text(record, "processedAt") or moment_text(record, "createdAt"),
        "completed_at": closed_at,
        "cancelled_at": cancelled_at,
        "external": number_of(customer) if customer else None,
        "email": words(record, "email"),
        "phone": words(record, "phone"),
        "payment_status": payment_after_refunds(
            _PAYMENT.get(financial, "pending"), refunded=refunded, total=total
        ),
        "fulfilment_status": _FULFILMENT.get(fulfilment, "unfulfilled"),
        "lifecycle_status": "cancelled" if cancelled_at else "completed" if is_done else "open",
        "status_raw": f"{financial}/{fulfilment}",
        "shipping": plain(shipping),
        "tax": plain(money(record, "totalTaxSet")),
        "voucher_codes": ",".join(code for code in codes if isinstance(code, str)) or None
        if isinstance(codes, list)
        else None,
    }


def refund_rows(
    refund: Record, order: Record, *, items: Sequence[Record], given: Sequence[Record]
) -> list[Row]:
    """The rows of a refund: what went back of the payment, over the lines, the rest without a line.

    Shopify's note is a free text that may name people, so it is not asked for.
    """
    line_nos = {number_of(item): place for place, item in enumerate(_in_order(items), start=1)}
    has_tax = order.get("taxesIncluded") is True
    left = money(refund, "totalRefundedSet")
    by_line: dict[int, tuple[int, Decimal]] = {}
    for item in given:
        line_no = line_nos.get(number_of(part(item, "lineItem")), 0)
        wanted = money(item, "subtotalSet") + (ZERO if has_tax else money(item, "totalTaxSet"))
        back = max(min(left, wanted), ZERO)
        left -= back
        count, before = by_line.get(line_no, (0, ZERO))
        by_line[line_no] = (count + pieces(item, "quantity"), before + back)
    if left > 0:
        count, before = by_line.get(0, (0, ZERO))
        by_line[0] = (count, before + left)
    return [
        {
            "refund_no": number_of(refund),
            "order_no": order_no(order),
            "line_no": str(line_no),
            "refunded_at": moment_text(refund, "createdAt"),
            "quantity": str(count),
            "amount": plain(back),
        }
        for line_no, (count, back) in by_line.items()
    ]
