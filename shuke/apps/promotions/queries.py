"""Every read of vouchers."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from shuke.apps.promotions.schemas import Basket, MemberVoucher, VoucherQuote, VoucherUse


def voucher_quote(
    *,
    codes: Sequence[str],
    member_id: str,
    tier: str,
    basket: Basket,
    left: Mapping[int, int],
    at: datetime,
    who: str = "",
) -> VoucherQuote:
    """What these codes take off, and why some do not.  Writes nothing.

    ``left`` is what is left of each line (minor units) after promotions and the tier's discount.  ``member_id`` is
    empty for somebody unknown.  ``who`` names the one who types the codes (a token, a till, a member): after ten
    wrong codes in a minute everything is refused with ``too_many_wrong_codes``; the door counts them with
    ``operations.count_wrong_codes``.
    """
    raise NotImplementedError


def vouchers_after_return(
    *, key: str, basket: Basket, left: Mapping[int, int], at: datetime
) -> tuple[VoucherUse, ...]:
    """What the vouchers redeemed under ``key`` would take off the rest of the basket.

    ``at`` is the time of the purchase.  Codes, states and limits are not asked again; those whose conditions the rest
    does not meet are missing in the answer.  For programmes that recompute (``VoucherUse.on_return``).
    """
    raise NotImplementedError


def member_vouchers(member_id: str, *, at: datetime, with_ended: bool = False) -> list[MemberVoucher]:
    """The vouchers of a member, those that end sooner first, with their codes in the clear."""
    raise NotImplementedError
