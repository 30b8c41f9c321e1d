"""Letting go of what was held: by the till, or by time."""

from datetime import datetime

from django.db import transaction

from shuke.apps.loyalty.models import Reservation
from shuke.apps.loyalty.operations.benefits import release_benefits
from shuke.apps.loyalty.operations.book import Ledger
from shuke.apps.loyalty.operations.checkout.keys import Call, Done, once_only
from shuke.apps.loyalty.operations.checkout.locks import ended, lock_wallets, locked_reservation
from shuke.apps.loyalty.operations.checkout.reserving import asked
from shuke.apps.loyalty.operations.points import release_hold
from shuke.apps.loyalty.queries.checkout.reading import reservation_view
from shuke.apps.loyalty.schemas import CallOutcome
from shuke.apps.promotions.operations import release_vouchers
from shuke.platform.errors import Refused


def release_reservation(*, call: Call, reservation_id: str) -> CallOutcome:
    """Let go of a reservation; the answer is the reservation.

    Raises ``Refused`` (``reservation_ended``) if it was used, released or has run out, and ``NotFound``.
    """

    def act() -> Done:
        row = locked_reservation(reservation_id)
        if row.state != "open" or row.expires_at <= call.at or not closed(row, "released", at=call.at):
            raise ended(row.state if row.state != "open" else "ended")
        ledger = lock_wallets(row.member.public_id if row.member else None)
        _release_points(row, call, ledger=ledger)
        let_go(row, at=call.at)
        return Done(reservation_view(row, at=call.at, receipt_id=None), row.member_id)

    return once_only(call, name="release", body={"reservation": reservation_id}, act=act)


def closed(row: Reservation, state: str, *, at: datetime) -> bool:
    """End an open reservation, once: whoever changes the row has ended it."""
    done = Reservation.objects.filter(pk=row.pk, state="open").update(state=state, ended_at=at)
    row.state, row.ended_at = state, at
    return done == 1


def _release_points(row: Reservation, call: Call, *, ledger: Ledger) -> None:
    if not row.hold_id:
        return
    try:
        # The call goes on after that refusal.
        with transaction.atomic():
            release_hold(request=asked(row, call, "release"), hold_id=row.hold_id, ledger=ledger)
    except Refused as refusal:
        # The wallet's clock was ahead of this till's, and the hold has run out by itself.
        if refusal.code != "hold_ended":
            raise


def let_go(row: Reservation, *, at: datetime) -> None:
    """Free vouchers and benefit uses."""
    if any(deduction["step"] == "voucher" for deduction in row.quote["deductions"]):
        release_vouchers(key=row.public_id, at=at)
    if row.quote["benefits"]:
        release_benefits(key=row.public_id, at=at)


def end_reservations(*, at: datetime) -> int:
    """Write down what time has ended by ``at``; returns how many.

    Points need nothing: the ledger gives them back by itself.  Safe to kill and to run twice.
    """
    over = Reservation.objects.filter(state="open", expires_at__lte=at).order_by("expires_at", "pk")
    total = 0
    for reservation_id in list(over.values_list("public_id", flat=True)):
        with transaction.atomic():
            row = locked_reservation(reservation_id)
            if row.state == "open" and closed(row, "ended", at=row.expires_at):
                let_go(row, at=at)
                total += 1
    return total
