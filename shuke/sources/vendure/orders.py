"""Vendure's orders and refunds as rows.

A refund changes neither the state nor the update time of its order, so what is refunded is summed from
the refunds of its payments, always.  docs/algorithms/shop-orders.md has the arithmetic.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from shuke.sources.contract import Row, product_key
from shuke.sources.order_lines import (
    FEES_FROM_NO,
    Line,
    balanced,
    fee_line,
    order_rows,
    payment_after_refunds,
    product_line,
)
from shuke.sources.records import (
    Record,
    UnusableRecordError,
    identifier,
    moment,
    moment_text,
    part,
    parts,
    pieces,
    plain,
    words,
)

FIELDS = """
id code state type updatedAt orderPlacedAt currencyCode couponCodes totalWithTax shippingWithTax
customer { id emailAddress phoneNumber }
lines { id createdAt quantity orderPlacedQuantity unitPriceWithTax proratedUnitPriceWithTax productVariant { id sku } }
surcharges { id createdAt priceWithTax }
taxSummary { taxTotal }
payments { id state amount createdAt refunds { id state total updatedAt reason lines { orderLineId quantity } } }
fulfillments { state updatedAt }
"""
_FULFILMENT = {
    "PartiallyShipped": "partial",
    "PartiallyDelivered": "partial",
    "Shipped": "shipped",
    "Delivered": "delivered",
}
#: Orders of the sellers of a marketplace repeat their lines; the whole order has them all.
_PART_OF_ANOTHER = "Seller"


def is_sale(record: Record) -> bool:
    """Whether it is an order that somebody placed, and not a basket, a draft or a seller's share."""
    return bool(record.get("orderPlacedAt")) and record.get("type") != _PART_OF_ANOTHER


def order_of(record: Record, *, precision: int) -> list[Row]:
    """The rows of an order, one per line.  Raises ``UnusableRecordError``."""
    lines = _lines(record, precision=precision)
    shipping = _money(record, "shippingWithTax", precision=precision)
    total = _total(record, precision=precision)
    if total is not None:
        lines = balanced(lines, shipping=shipping, total=total, coin=Decimal(1).scaleb(-precision))
    if not lines:
        raise UnusableRecordError(
            "no_lines", "The order has no lines. Delete it in the shop if it is a test."
        )
    taxes = [_money(tax, "taxTotal", precision=precision) for tax in parts(record, "taxSummary")]
    head: dict[str, str | None] = {
        "order_no": identifier(record, "code"),
        "placed_at": moment_text(record, "orderPlacedAt"),
        **_buyer(part(record, "customer")),
        **_states(record, precision=precision),
        "shipping": plain(shipping),
        "tax": plain(sum(taxes, Decimal(0))),
        "voucher_codes": ",".join(str(code) for code in record.get("couponCodes") or ()) or None,
    }
    return order_rows(head, lines)


def _buyer(customer: Record) -> dict[str, str | None]:
    number = identifier(customer, "id") if customer else None
    return {
        "external": number,
        "email": words(customer, "emailAddress"),
        "phone": words(customer, "phoneNumber"),
    }


def _lines(record: Record, *, precision: int) -> tuple[Line, ...]:
    """Lines as they were placed: what was cancelled since is given back by refunds, not by smaller lines."""
    lines = []
    for place, line in enumerate(sorted(parts(record, "lines"), key=_by_age), start=1):
        quantity = _ordered(line)
        variant = part(line, "productVariant")
        sku = words(variant, "sku")
        key = product_key(sku=sku, system="vendure", variant_id=identifier(variant, "id"))
        listed = _money(line, "unitPriceWithTax", precision=precision) * quantity
        paid = _money(line, "proratedUnitPriceWithTax", precision=precision) * quantity
        lines.append(product_line(place, key, quantity=quantity, listed=listed, paid=paid, sku=sku))
    for place, fee in enumerate(sorted(parts(record, "surcharges"), key=_by_age), start=FEES_FROM_NO):
        lines.append(fee_line(place, _money(fee, "priceWithTax", precision=precision)))
    return tuple(lines)


def _ordered(line: Record) -> int:
    """Pieces that were ordered; a line added by a modification has been placed with none."""
    return max(pieces(line, "orderPlacedQuantity"), pieces(line, "quantity"))


def _by_age(record: Record) -> tuple[str, int, str]:
    """The order in which lines were added; ids are numbers in most shops, but need not be."""
    number = str(record.get("id", ""))
    return (str(record.get("createdAt", "")), len(number), number)


def _total(record: Record, *, precision: int) -> Decimal | None:
    """What the buyer paid: the order's total, or the payments once something of it was cancelled."""
    if all(pieces(line, "quantity") == _ordered(line) for line in parts(record, "lines")):
        return _money(record, "totalWithTax", precision=precision)
    paid = _paid(record, "Settled", precision=precision) + _paid(record, "Authorized", precision=precision)
    return paid or None


def _states(record: Record, *, precision: int) -> dict[str, str | None]:
    state = words(record, "state") or ""
    settled = _paid(record, "Settled", precision=precision)
    authorized = _paid(record, "Authorized", precision=precision)
    payment = "paid" if settled else "authorized" if authorized else "pending"
    if state == "Cancelled":
        payment = payment if settled else "void"
    refunded = sum((_money(r, "total", precision=precision) for r in settled_refunds(record)), Decimal(0))
    times = [moment_text(p, "createdAt") for p in parts(record, "payments") if p.get("state") == "Settled"]
    done = [
        moment_text(f, "updatedAt") for f in parts(record, "fulfillments") if f.get("state") == "Delivered"
    ]
    lifecycle = {"Cancelled": "cancelled", "Delivered": "completed"}.get(state, "open")
    return {
        "payment_status": payment_after_refunds(payment, refunded=refunded, total=settled),
        "fulfilment_status": _FULFILMENT.get(state, "unfulfilled"),
        "lifecycle_status": lifecycle,
        "status_raw": state or None,
        "paid_at": min((at for at in times if at), default=None),
        "completed_at": max((at for at in done if at), default=None) if lifecycle == "completed" else None,
        "cancelled_at": moment_text(record, "updatedAt") if lifecycle == "cancelled" else None,
    }


def _paid(record: Record, state: str, *, precision: int) -> Decimal:
    payments = [payment for payment in parts(record, "payments") if payment.get("state") == state]
    return sum((_money(payment, "amount", precision=precision) for payment in payments), Decimal(0))


def settled_refunds(record: Record) -> list[Record]:
    """Refunds whose money has gone back, of all payments."""
    refunds = [refund for payment in parts(record, "payments") for refund in parts(payment, "refunds")]
    return [refund for refund in refunds if refund.get("state") == "Settled"]


def refund_rows(record: Record, *, precision: int) -> list[Row]:
    """The rows of an order's refunds, one per line refunded.  Raises ``UnusableRecordError``."""
    lines = sorted(parts(record, "lines"), key=_by_age)
    places = {identifier(line, "id"): place for place, line in enumerate(lines, start=1)}
    prices = {
        identifier(line, "id"): _money(line, "proratedUnitPriceWithTax", precision=precision)
        for line in lines
    }
    rows: list[Row] = []
    for refund in settled_refunds(record):
        if moment(refund, "updatedAt") is None:
            raise UnusableRecordError("not_a_time", "“updatedAt” is not a time. Correct it in the shop.")
        rows += _shares(refund, identifier(record, "code"), places=places, prices=prices, precision=precision)
    return rows


def _shares(
    refund: Record,
    order_no: str,
    *,
    places: Mapping[str, int],
    prices: Mapping[str, Decimal],
    precision: int,
) -> list[Row]:
    """Vendure tells a refund's total and pieces but no amounts by line: they share it by what was paid for them.

    What the shares leave open by rounding goes to the last, so that they add up.
    """
    total = _money(refund, "total", precision=precision)
    given = [(identifier(line, "orderLineId"), pieces(line, "quantity")) for line in parts(refund, "lines")]
    known = [(line, quantity) for line, quantity in given if line in places and quantity > 0]
    weights = [prices[line] * quantity for line, quantity in known]
    shares = split(total, weights, coin=Decimal(1).scaleb(-precision))
    head = {
        "refund_no": identifier(refund, "id"),
        "order_no": order_no,
        "refunded_at": moment_text(refund, "updatedAt"),
        "reason": words(refund, "reason"),
    }
    if not shares:
        return [{**head, "line_no": "0", "quantity": "0", "amount": plain(total)}]
    return [
        {**head, "line_no": str(places[line]), "quantity": str(quantity), "amount": plain(share)}
        for (line, quantity), share in zip(known, shares, strict=True)
    ]


def split(total: Decimal, weights: Sequence[Decimal], *, coin: Decimal) -> list[Decimal]:
    """Shares of a total by weights, in whole coins, that add up to it; none if nothing weighs.

    >>> [str(x) for x in split(Decimal("10.00"), [Decimal(1)] * 3, coin=Decimal("0.01"))]
    ['3.33', '3.33', '3.34']
    """
    weight = sum(weights, Decimal(0))
    if weight <= 0:
        return []
    shares = [(total * part_weight / weight // coin) * coin for part_weight in weights]
    shares[-1] += total - sum(shares, Decimal(0))
    return shares


def _money(record: Record, name: str, *, precision: int) -> Decimal:
    """An amount in major units of Vendure's integers, which have one precision for every currency."""
    value = record.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > 10**15:
        raise UnusableRecordError("not_an_amount", f"“{name}” is not an amount. Correct it in the shop.")
    return Decimal(value).scaleb(-precision)
