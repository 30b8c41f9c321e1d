"""What a voucher is tried on, and what comes of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["amount", "percent", "gift", "shipping"]


@dataclass(frozen=True)
class BasketLine:
    """One line.  ``list_minor`` is the list price of the whole quantity, in minor units.

    Lines that do not allow discounts (gift cards, tobacco) are touched by no voucher and count for no minimum.
    """

    line_no: int
    product_id: str
    quantity: int
    list_minor: int
    department: str = ""
    category: str = ""
    brand: str = ""
    allows_discount: bool = True


@dataclass(frozen=True)
class Basket:
    """What somebody is about to buy, where.  ``store_id`` is empty outside stores."""

    lines: tuple[BasketLine, ...]
    currency: str = "CNY"
    sales_channel: str = ""
    store_id: str = ""
    shipping_minor: int = 0

    def list_amounts(self) -> dict[int, int]:
        """List price by line: what is left while nothing was taken off."""
        return {line.line_no: line.list_minor for line in self.lines}


@dataclass(frozen=True)
class VoucherUse:
    """What one voucher takes off: the sum of ``lines`` (minor units by line number) is ``off_minor``.

    ``shipping_off_minor`` comes on top, off the shipping.  ``gift_product_id`` is what the till hands over: free as
    a line of the basket if it is one (then in ``lines``), else the till adds it at no price.  ``definition`` is the
    public id of the voucher's definition, ``version`` its version.
    """

    voucher_id: str
    definition: str
    kind: Kind
    off_minor: int = 0
    lines: Mapping[int, int] = field(default_factory=dict)
    shipping_off_minor: int = 0
    gift_product_id: str = ""
    version: int = 1
    name: str = ""
    on_return: Literal["keep", "recompute"] = "keep"

    @property
    def total_minor(self) -> int:
        """All it takes off, with shipping: what a budget pays."""
        return self.off_minor + self.shipping_off_minor


@dataclass(frozen=True)
class VoucherRefusal:
    """Why a voucher does not apply.  ``hint`` is the place of the code among those asked, from 0: a code is never
    repeated in an answer.  ``message`` is a translated sentence, ``details`` facts such as what is missing."""

    code: str
    message: str
    hint: int = 0
    details: Mapping[str, int | str] = field(default_factory=dict)


@dataclass(frozen=True)
class VoucherQuote:
    """The uses in the order in which they were worked out, and why the others do not apply."""

    uses: tuple[VoucherUse, ...] = ()
    refusals: tuple[VoucherRefusal, ...] = ()

    @property
    def off_minor(self) -> int:
        """What all of them take off the lines."""
        return sum(use.off_minor for use in self.uses)

    @property
    def shipping_off_minor(self) -> int:
        """What all of them take off the shipping."""
        return sum(use.shipping_off_minor for use in self.uses)
