"""django-oscar's orders as rows.  It knows no time of change, so an order has a digest.

Statuses are each shop's own words; three settings say which of them mean what.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from typing import Any

from shuke.sources.contract import Row
from shuke.sources.digests import digest
from shuke.sources.order_lines import (
    FEES_FROM_NO,
    ZERO,
    Line,
    balanced,
    coin_of,
    fee_line,
    order_rows,
    payment_after_refunds,
    product_line,
)
from shuke.sources.oscar.paging import number_in, own_number
from shuke.sources.oscar.products import Range
from shuke.sources.records import amount, identifier, moment_text, part, parts, pieces, plain, words

Record = Mapping[str, Any]
#: What of an order's head may change and is no personal data.
_CONTENT = ("number", "status", "owner", "currency", "total_incl_tax", "shipping_incl_tax", "date_placed",
            "offer_discounts", "voucher_discounts", "surcharges")  # fmt: skip


@dataclass(frozen=True)
class Statuses:
    """The shop's own words, folded: for orders that wait for money, are done, are off."""

    unpaid: frozenset[str]
    completed: frozenset[str]
    cancelled: frozenset[str]

    def of(self, status: str) -> tuple[str, str, str]:
        """Payment, fulfilment, lifecycle.

        Oscar takes the money before it places an order, so an order is paid unless its status says no.

        >>> statuses_from({"completed": "Complete, Shipped"}).of("shipped")
        ('paid', 'delivered', 'completed')
        """
        word = status.casefold()
        if word in self.cancelled:
            return "void", "unfulfilled", "cancelled"
        if word in self.completed:
            return "paid", "delivered", "completed"
        return ("pending" if word in self.unpaid else "paid"), "unfulfilled", "open"


def statuses_from(settings: Mapping[str, str]) -> Statuses:
    """The words of the settings ``unpaid``, ``completed`` and ``cancelled``, each separated by commas."""

    def folded(name: str) -> frozenset[str]:
        return frozenset(w.strip().casefold() for w in settings.get(name, "").split(",") if w.strip())

    return Statuses(folded("unpaid"), folded("completed"), folded("cancelled"))


def order_digest(record: Record, refunds: Sequence[Record]) -> str:
    """Changes when something of the order does that its rows say; never of personal data."""
    return digest([{name: record.get(name) for name in _CONTENT}, list(refunds)])


def rows_of(
    record: Record, items: Sequence[Record], *, products: Range, statuses: Statuses, refunds: Sequence[Record]
) -> list[Row]:
    """The rows of an order.  Raises ``UnusableRecordError``."""
    shipping, total = amount(record, "shipping_incl_tax"), amount(record, "total_incl_tax")
    coin = coin_of(words(record, "currency") or "")
    lines = _lines(
        sorted(items, key=lambda item: int(own_number(item))), record, products=products, coin=coin
    )
    lines += [
        fee_line(FEES_FROM_NO + place, amount(surcharge, "incl_tax"))
        for place, surcharge in enumerate(parts(record, "surcharges"))
    ]
    head = _head(record, statuses)
    refunded = sum((abs(amount(refund, "amount")) for refund in refunds), ZERO)
    head["payment_status"] = payment_after_refunds(
        str(head["payment_status"]), refunded=refunded, total=total
    )
    return order_rows(head, balanced(lines, shipping=shipping, total=total, coin=coin))


def _lines(items: Sequence[Record], record: Record, *, products: Range, coin: Decimal) -> list[Line]:
    """The lines; of each line's discount, vouchers bear the share that they have of the order's."""
    off = [amount(item, "price_incl_tax_excl_discounts") - amount(item, "price_incl_tax") for item in items]
    vouchers = sum((amount(given, "amount") for given in parts(record, "voucher_discounts")), ZERO)
    shares = shared(vouchers, off, coin=coin)
    lines = []
    for place, (item, share) in enumerate(zip(items, shares, strict=True), start=1):
        number = number_in(item, "product")
        lines.append(
            product_line(
                place,
                products.key(number),
                sku=products.code(number),
                quantity=pieces(item, "quantity"),
                listed=amount(item, "price_incl_tax_excl_discounts"),
                paid=amount(item, "price_incl_tax"),
                voucher=share,
            )
        )
    return lines


def shared(total: Decimal, weights: Sequence[Decimal], *, coin: Decimal) -> list[Decimal]:
    """A sum in parts that are no larger than their weights, in whole coins, with nothing lost.

    >>> shared(Decimal("1.00"), [Decimal("1"), Decimal("1"), Decimal("1")], coin=Decimal("0.01"))
    [Decimal('0.34'), Decimal('0.33'), Decimal('0.33')]
    """
    most = [max(weight, ZERO) for weight in weights]
    whole = sum(most, ZERO)
    left = min(max(total, ZERO), whole)
    if left == 0:
        return [ZERO for _ in most]
    given = [(left * weight / whole).quantize(coin, ROUND_DOWN) for weight in most]
    rest = left - sum(given, ZERO)
    for place, weight in enumerate(most):
        extra = min(rest, weight - given[place], coin)
        given[place], rest = given[place] + extra, rest - extra
    return given


def _head(record: Record, statuses: Statuses) -> dict[str, str | None]:
    status = words(record, "status") or ""
    payment, fulfilment, lifecycle = statuses.of(status)
    placed_at = moment_text(record, "date_placed")
    codes = [words(part(given, "voucher"), "code") for given in parts(record, "voucher_discounts")]
    tax = amount(record, "total_incl_tax") - amount(record, "total_excl_tax")
    return {
        "order_no": identifier(record, "number"),
        "placed_at": placed_at,
        "paid_at": placed_at if payment == "paid" else None,
        "external": number_in(record, "owner"),
        # Of the account, or what a guest gave.  Names, addresses and the receiver's phone are not read.
        "email": words(record, "email"),
        "payment_status": payment,
        "fulfilment_status": fulfilment,
        "lifecycle_status": lifecycle,
        "status_raw": status or None,
        "shipping": plain(amount(record, "shipping_incl_tax")),
        "tax": plain(max(tax, ZERO)),
        "voucher_codes": ",".join(code for code in codes if code) or None,
    }


def refund_row(refund: Record) -> Row:
    """A payment that went back; Oscar does not say for which line.  Raises ``UnusableRecordError``."""
    return {
        "refund_no": identifier(refund, "id"),
        "order_no": identifier(refund, "order"),
        "line_no": "0",
        "refunded_at": moment_text(refund, "date_created"),
        "quantity": "0",
        "amount": plain(abs(amount(refund, "amount"))),
    }
