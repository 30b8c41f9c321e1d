"""Vouchers that are paid for: handed out, and taken back unused, in the transaction of who takes the price."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from shuke.apps.members.queries import family_of, member_refs
from shuke.apps.promotions.models import Voucher, VoucherVersion
from shuke.apps.promotions.operations.batches import single_batch
from shuke.apps.promotions.operations.counters import LimitReached, Taking, give_back, take, take_member
from shuke.apps.promotions.operations.drawing import draw_voucher
from shuke.apps.promotions.operations.offers import OfferClosed
from shuke.apps.promotions.operations.purchases import KeyTaken, refused, take_state
from shuke.apps.promotions.operations.steps import Step, loaded, write_steps
from shuke.apps.promotions.queries.offers import WHY_WORDS
from shuke.apps.promotions.rules.terms import terms_of
from shuke.platform.errors import NotFound, Refused

#: Why a voucher in that state cannot be taken back.
_STATES = {
    "issued": _("Nobody holds this voucher."),
    "reserved": _("A purchase holds this voucher right now; let it end first."),
    "redeemed": _("This voucher was used; what was paid for it is spent."),
    "gifted": _("This voucher was passed on to a friend."),
    "expired": _("The time of this voucher is over."),
    "cancelled": _("This voucher was cancelled."),
}


@transaction.atomic
def sell_voucher(*, key: str, definition_id: str, version: int, member_id: str, at: datetime) -> str:
    """Put a voucher of that version into the member's hands and count its claim; returns its id.  ``key`` is new.

    Raises ``OfferClosed`` (``offer_sold_out``, ``offer_taken``) at a limit.  Day, tier and price are the caller's to
    ask (``queries.priced_offers``).
    """
    row = VoucherVersion.objects.select_related("definition").get(
        definition__public_id=definition_id, number=version
    )
    ref = member_refs([member_id])[member_id]
    number = f"exchange:{key}"
    voucher, is_new = draw_voucher(
        single_batch(row, at=at), key=number, member_id=ref.pk, state="claimed", at=at
    )
    if not is_new:
        raise KeyTaken(
            "idempotency_conflict",
            _("This key was used for another request; use a new key for a new request."),
        )
    limits = terms_of(row.terms).limits
    try:
        if limits.claims_per_member is not None:
            most, family = limits.claims_per_member, family_of(member_id).pks
            take_member(row.definition_id, member_pk=ref.pk, what="claims", limit=most, family=family)
    except LimitReached as error:
        raise _closed("taken", definition_id) from error
    try:
        if limits.claims is not None:
            take(row.definition_id, what="claims", amount=1, seed=number)
    except LimitReached as error:
        raise _closed("sold_out", definition_id) from error
    write_steps([Step(loaded([voucher.pk])[0], "claimed")], at=at, key=key)
    return voucher.public_id


def _closed(why: str, definition_id: str) -> OfferClosed:
    return OfferClosed(f"offer_{why}", WHY_WORDS[why], {"definition_id": definition_id})


@transaction.atomic
def take_back_voucher(*, voucher_id: str, key: str, at: datetime) -> None:
    """Cancel a sold voucher that is unused, and free its place within the limits.

    Raises ``Refused`` (``voucher_not_returnable`` with its ``state``) for one that was used, passed on, cancelled,
    is held by a purchase or whose time is over.
    """
    row = Voucher.objects.select_for_update().filter(public_id=voucher_id).first()
    if row is None:
        raise NotFound("voucher_not_found", _("There is no such voucher."))
    if row.valid_through is not None and row.valid_through < at:
        raise refused("expired")
    if not take_state(Voucher.objects.filter(pk=row.pk), before=("claimed",), state="cancelled"):
        raise Refused("voucher_not_returnable", _STATES[row.state], {"state": row.state})
    voucher = loaded([row.pk])[0]
    # What was counted follows from the version it was sold under.
    limits, definition = terms_of(voucher.batch.version.terms).limits, voucher.batch.version.definition_id
    takings = []
    if limits.claims_per_member is not None and voucher.member_id is not None:
        takings.append(Taking(definition=definition, what="claims", amount=1, member=voucher.member_id))
    if limits.claims is not None:
        takings.append(Taking(definition=definition, what="claims", amount=1, shard=0))
    give_back(takings)
    write_steps([Step(voucher, "cancelled")], at=at, key=key)
