"""Locks of the checkout, in the one order that all calls keep (docs/algorithms/checkout.md)."""

from django.utils.translation import gettext_lazy as _

from shuke.apps.loyalty.models import Receipt, Reservation
from shuke.apps.loyalty.operations.book import Ledger
from shuke.platform.errors import NotFound, Refused


def locked_reservation(reservation_id: str) -> Reservation:
    """The row under its lock.  Raises ``NotFound``."""
    rows = Reservation.objects.select_for_update(of=("self",)).select_related("member")
    row = rows.filter(public_id=reservation_id).first()
    if row is None:
        raise NotFound("reservation_not_found", _("There is no such reservation."))
    return row


def locked_receipt(receipt_id: str) -> Receipt:
    """The row under its lock.  Raises ``NotFound``."""
    rows = Receipt.objects.select_for_update(of=("self",)).select_related("member", "reservation")
    row = rows.filter(public_id=receipt_id).first()
    if row is None:
        raise NotFound("receipt_not_found", _("There is no such receipt."))
    return row


def lock_wallets(member_id: str | None) -> Ledger:
    """Lock all of a member's wallets by id before any is read: points of several types are posted together."""
    ledger = Ledger()
    if member_id is not None:
        # Who was merged meanwhile: points are in the wallets of who speaks for them, held ones still here.
        ledger.open_family(member_id)
    return ledger


def ended(state: str) -> Refused:
    """A reservation that can no longer be used."""
    return Refused(
        "reservation_ended",
        _("This reservation was used, released or has run out; reserve again."),
        {"state": state},
    )
