"""Every change of vouchers.

Those a purchase needs are idempotent by ``key`` and may be called inside the caller's ``transaction.atomic()``; they
lock vouchers by id, then the members' counters, then the shards of limits and budgets.
"""

from collections.abc import Sequence
from datetime import datetime

from shuke.apps.promotions.schemas import HeldVouchers, ReturnedVoucher, VoucherRefusal, VoucherUse


def reserve_vouchers(
    *, key: str, uses: Sequence[VoucherUse], member_id: str, until: datetime, at: datetime
) -> HeldVouchers:
    """Hold the vouchers of a quote, with one use and their money of every limit, until a time.

    All or none.  Raises ``Refused`` with the code ``voucher_<reason>`` (such as ``voucher_already_used``,
    ``voucher_reserved_elsewhere``, ``voucher_limit_reached``, ``voucher_budget_used_up``); ``idempotency_conflict``
    for a key that was used for something else.  Without uses nothing is written.
    """
    raise NotImplementedError


def redeem_vouchers(*, key: str, order_id: str, at: datetime) -> HeldVouchers:
    """Use what is held under the key.  Raises ``Refused`` (``reservation_ended``) if it is released or run out.

    Raises ``NotFound`` for a key that holds nothing.
    """
    raise NotImplementedError


def release_vouchers(*, key: str, at: datetime) -> HeldVouchers:
    """Let go of what is held under the key.  Refuses after the redemption (``reservation_ended``)."""
    raise NotImplementedError


def return_vouchers(*, key: str, order_id: str, is_whole: bool, at: datetime) -> tuple[ReturnedVoucher, ...]:
    """The purchase came back; a wholly returned one may give its vouchers back, as their definitions say.

    ``key`` is the key of the reservation.  Nothing of the vouchers changes while lines are left (``is_whole`` false).
    """
    raise NotImplementedError


def end_timed_out_vouchers(*, at: datetime) -> int:
    """Release every reservation whose time has run out; returns how many.  Not inside a transaction."""
    raise NotImplementedError


def count_wrong_codes(*, who: str, refusals: Sequence[VoucherRefusal], at: datetime) -> None:
    """Count the codes that nobody issued against the one who typed them."""
    raise NotImplementedError
