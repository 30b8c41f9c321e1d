"""Orders of shops as rows of an order file, one per line, that add up to what the buyer paid.

docs/algorithms/shop-orders.md has the arithmetic with worked numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from shuke.sources.contract import Row
from shuke.sources.records import plain

#: Lines that are no product have numbers of their own, so that products keep theirs.
ADJUSTMENT_NO = 999_999
FEES_FROM_NO = 900_001
ADJUSTMENT = "adjustment"
FEE = "fee"
ZERO = Decimal(0)


@dataclass(frozen=True)
class Line:
    """One line, amounts in major units with tax: ``listed`` - ``discount`` - ``voucher`` = ``paid``."""

    line_no: int
    product_id: str
    sku: str | None
    quantity: int
    listed: Decimal
    discount: Decimal
    voucher: Decimal
    paid: Decimal
    is_gift: bool = False


def product_line(
    line_no: int,
    product_id: str,
    *,
    quantity: int,
    listed: Decimal,
    paid: Decimal,
    sku: str | None = None,
    voucher: Decimal = ZERO,
) -> Line:
    """A line whose discount is what list price and voucher leave open.

    A price that somebody raised by hand above the list price becomes the list price.
    """
    listed = max(listed, paid + voucher)
    discount = listed - voucher - paid
    return Line(line_no, product_id, sku, quantity, listed, discount, voucher, paid)


def fee_line(line_no: int, paid: Decimal, *, product_id: str = FEE) -> Line:
    """Money that belongs to no product: a fee adds to the goods, a negative one is a discount."""
    taken_off = max(-paid, ZERO)
    return Line(line_no, product_id, None, 1, max(paid, ZERO), taken_off, ZERO, paid)


def balanced(lines: Sequence[Line], *, shipping: Decimal, total: Decimal, coin: Decimal) -> tuple[Line, ...]:
    """The lines such that Σ paid + shipping = total, the sum that the shop itself shows.

    Up to one coin a line is rounding and goes to the dearest line; anything more (a gift card, a plug-in
    that changes the total) becomes a line of its own, so that it can be seen.
    """
    gap = total - shipping - sum((line.paid for line in lines), ZERO)
    if gap == 0:
        return tuple(lines)
    if not lines or abs(gap) > coin * len(lines):
        return (*lines, fee_line(ADJUSTMENT_NO, gap, product_id=ADJUSTMENT))
    place = max(range(len(lines)), key=lambda number: lines[number].paid)
    line = lines[place]
    mended = product_line(
        line.line_no,
        line.product_id,
        sku=line.sku,
        quantity=line.quantity,
        listed=line.listed + gap,
        paid=line.paid + gap,
        voucher=line.voucher,
    )
    return (*lines[:place], replace(mended, is_gift=line.is_gift), *lines[place + 1 :])


def order_rows(head: Mapping[str, str | None], lines: Sequence[Line]) -> list[Row]:
    """One row per line; what is said of the whole order stands on each."""
    return [
        {
            **head,
            "line_no": str(line.line_no),
            "product_id": line.product_id,
            "sku": line.sku,
            "quantity": str(line.quantity),
            "list_amount": plain(line.listed),
            "discount": plain(line.discount),
            "voucher": plain(line.voucher),
            "paid": plain(line.paid),
            "is_gift": "true" if line.is_gift else "false",
        }
        for line in lines
    ]


def payment_after_refunds(status: str, *, refunded: Decimal, total: Decimal) -> str:
    """The payment status once refunds are known; they, not the shop's word, say what was given back.

    >>> payment_after_refunds("paid", refunded=Decimal("4"), total=Decimal("10"))
    'partially_refunded'
    """
    if refunded <= 0 or status in {"pending", "void"}:
        return status
    return "refunded" if refunded >= total else "partially_refunded"


#: Currencies whose smallest coin is not a hundredth (ISO 4217).
_WHOLE = frozenset(
    {
        "BIF",
        "CLP",
        "DJF",
        "GNF",
        "ISK",
        "JPY",
        "KMF",
        "KRW",
        "PYG",
        "RWF",
        "UGX",
        "UYI",
        "VND",
        "VUV",
        "XAF",
        "XOF",
        "XPF",
    }
)
_THOUSANDTHS = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})


def coin_of(currency: str) -> Decimal:
    """The smallest coin of a currency in major units.

    >>> coin_of("EUR"), coin_of("jpy"), coin_of("KWD")
    (Decimal('0.01'), Decimal('1'), Decimal('0.001'))
    """
    code = currency.upper()
    if code in _WHOLE:
        return Decimal(1)
    return Decimal("0.001") if code in _THOUSANDTHS else Decimal("0.01")
