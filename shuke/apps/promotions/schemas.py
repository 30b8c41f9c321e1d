"""What others see of vouchers."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from ninja import Schema

from shuke.apps.promotions.rules.baskets import (
    Basket,
    BasketLine,
    VoucherQuote,
    VoucherRefusal,
    VoucherUse,
)

__all__ = [
    "Basket",
    "BasketLine",
    "HeldVouchers",
    "MemberVoucher",
    "ReturnedVoucher",
    "VoucherQuote",
    "VoucherRefusal",
    "VoucherUse",
]


@dataclass(frozen=True)
class HeldVouchers:
    """Vouchers held under a key.  ``outcome`` is replayed where the key was there before with the same request."""

    key: str
    state: Literal["held", "redeemed", "released", "returned"]
    until: datetime
    uses: tuple[VoucherUse, ...]
    outcome: Literal["created", "replayed"]


@dataclass(frozen=True)
class ReturnedVoucher:
    """What became of a voucher whose purchase came back.

    ``given_back``: the same voucher can be used again.  ``renewed``: ``new_voucher_id`` stands for it.  ``kept``: it
    stays used.
    """

    voucher_id: str
    outcome: Literal["given_back", "renewed", "kept"]
    new_voucher_id: str = ""


class MemberVoucher(Schema):
    """A voucher in a member's hands, with its code in the clear: for the member and for tills only."""

    voucher_id: str
    code: str
    printed_code: str
    definition_id: str
    name: str
    kind: str
    summary: str
    state: str
    valid_from: datetime | None
    valid_through: datetime | None
    is_usable_now: bool
    may_be_gifted: bool
