"""How a voucher comes into a member's hands: issued, claimed, taken from a friend."""

import secrets
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from shuke.apps.members.queries import family_of, member_refs
from shuke.apps.members.queries import member as member_view
from shuke.apps.members.schemas import MemberRef
from shuke.apps.promotions.models import GONE, Voucher, VoucherBatch, VoucherVersion
from shuke.apps.promotions.operations.batches import published_version, single_batch
from shuke.apps.promotions.operations.counters import LimitReached, take, take_member
from shuke.apps.promotions.operations.drawing import draw_voucher, drawn_before
from shuke.apps.promotions.operations.purchases import KeyTaken, refused, take_state
from shuke.apps.promotions.operations.steps import Step, loaded, write_steps
from shuke.apps.promotions.queries.codes import secret_of, voucher_ids
from shuke.apps.promotions.queries.counting import used_of
from shuke.apps.promotions.queries.finding import purse_of, voucher_of_code
from shuke.apps.promotions.queries.prices import is_exchange_only
from shuke.apps.promotions.queries.quoting import is_locked_out, refusal_of
from shuke.apps.promotions.rules.codes import derived_codes
from shuke.apps.promotions.rules.evaluation import Reason
from shuke.apps.promotions.rules.keys import number_of_key
from shuke.apps.promotions.rules.terms import Limits, terms_of
from shuke.apps.promotions.rules.validity import life
from shuke.platform.audit.operations import record_audit
from shuke.platform.clock import business_date
from shuke.platform.crypto import keyed_hash
from shuke.platform.errors import NotFound, Refused
from shuke.platform.permissions import Actor
from shuke.platform.retailer.queries import retailer


def _member(member_id: str) -> MemberRef:
    ref = member_refs([member_id]).get(member_id)
    if ref is None:
        raise NotFound("member_not_found", _("There is no such member."), {"member_id": member_id})
    return ref


@transaction.atomic
def issue_voucher(
    *, actor: Actor, at: datetime, key: str, definition_id: str, member_id: str, reason: str = ""
) -> str:
    """Give one member a voucher, once for a key; returns the voucher's id.  Claim limits are not asked."""
    ref, version = _member(member_id), published_version(definition_id)
    voucher, is_new = drawn_before(version, key=f"issue:{key}"), False
    if voucher is None:
        voucher, is_new = draw_voucher(
            single_batch(version, at=at), key=f"issue:{key}", member_id=ref.pk, state="claimed", at=at
        )
    if voucher.member_id != ref.pk:
        raise _key_taken()
    if is_new:
        write_steps([Step(loaded([voucher.pk])[0], "issued")], at=at, key=key)
        changes = {"member": [None, member_id], "reason": [None, reason]}
        subject = ("voucher", voucher.public_id)
        record_audit(actor=actor, at=at, verb="voucher.issued", subject=subject, changes=changes)
    return voucher.public_id


def _key_taken() -> KeyTaken:
    return KeyTaken(
        "idempotency_conflict",
        _("This key was used for another request; use a new key for a new request."),
    )


def claim_voucher(*, key: str, definition_id: str, member_id: str, at: datetime) -> str:
    """A member takes a voucher that is open to claims, within the limits; returns its id.  Once for a key."""
    version = published_version(definition_id)
    terms = terms_of(version.terms)
    if not terms.is_claimable:
        raise Refused("voucher_not_claimable", _("This voucher is not there to be claimed."))
    if terms.price is not None:
        raise Refused("voucher_has_a_price", _("This voucher is not given away: it is exchanged for points."))
    last_day = terms.conditions.last_day
    if last_day and business_date(at, retailer().time_zone) > last_day:
        raise refused("expired")
    if _is_taken(version.definition_id, limits=terms.limits):
        # Most of a rush ends here, after three short reads and without a transaction.
        return _claimed_before(version, key=f"claim:{key}", member_id=member_id)
    if drawn_before(version, key=f"claim:{key}"):
        return _claimed_before(version, key=f"claim:{key}", member_id=member_id)
    batch = single_batch(version, at=at)
    return _claim(batch, _member(member_id), key=f"claim:{key}", limits=terms.limits, at=at)


def _is_taken(definition_id: int, *, limits: Limits) -> bool:
    return limits.claims is not None and used_of(definition_id).claims >= limits.claims


def _claimed_before(version: VoucherVersion, *, key: str, member_id: str) -> str:
    """The voucher of a claim that is repeated after the last one was taken.  Raises ``LimitReached``."""
    rows = Voucher.objects.filter(
        batch__version__definition=version.definition_id, batch__kind="single", number=number_of_key(key)
    )
    found = rows.values_list("public_id", "member__public_id").first()
    if found is None:
        raise LimitReached("voucher_limit_reached", _("All of these vouchers are taken."))
    if found[1] != member_id:
        raise _key_taken()
    return found[0]


def _claim(batch: VoucherBatch, ref: MemberRef, *, key: str, limits: Limits, at: datetime) -> str:
    with transaction.atomic():
        voucher, is_new = draw_voucher(batch, key=key, member_id=ref.pk, state="claimed", at=at)
        if voucher.member_id != ref.pk:
            raise _key_taken()
        if is_new:
            _count_claim(batch.version.definition_id, ref, limits=limits, key=key)
            write_steps([Step(loaded([voucher.pk])[0], "claimed")], at=at, key=key)
    return voucher.public_id


def _count_claim(definition_id: int, ref: MemberRef, *, limits: Limits, key: str) -> None:
    if limits.claims_per_member is not None:
        most, family = limits.claims_per_member, family_of(ref.public_id).pks
        take_member(definition_id, member_pk=ref.pk, what="claims", limit=most, family=family)
    if limits.claims is not None:
        take(definition_id, what="claims", amount=1, seed=key)


def claim_code(*, key: str, code: str, member_id: str, at: datetime, who: str = "") -> str:
    """A member takes the voucher of a code that was handed out: a unique one, or a shared one; returns its id.

    Raises ``Refused`` (``voucher_<reason>``).  The door counts wrong codes with ``count_wrong_codes``.
    """
    if is_locked_out(who, at=at):
        raise refused("too_many_wrong_codes")
    ref, found = _member(member_id), voucher_of_code(code)
    if isinstance(found, Reason):
        reason = refusal_of(found, place=0)
        raise Refused(f"voucher_{reason.code}", reason.message, {"reason": reason.code})
    batch = found if isinstance(found, VoucherBatch) else found.batch
    terms = terms_of(batch.version.terms)
    last_day = terms.conditions.last_day
    if last_day and business_date(at, retailer().time_zone) > last_day:
        raise refused("expired")
    if isinstance(found, VoucherBatch):
        if batch.state in GONE:
            raise refused("cancelled")
        if is_exchange_only(batch):
            raise refused("exchange_only")
        return _claim(batch, ref, key=f"claim:{key}", limits=terms.limits, at=at)
    return _claim_bearer(found, ref, limits=terms.limits, key=key, at=at)


@transaction.atomic
def _claim_bearer(voucher: Voucher, ref: MemberRef, *, limits: Limits, key: str, at: datetime) -> str:
    terms = terms_of(voucher.batch.version.terms)
    if voucher.valid_through is not None and voucher.valid_through < at:
        raise refused("expired")
    begins, ends = life(terms, begins_at=at, is_held=True, time_zone=retailer().time_zone)
    # One that stands for a returned one has an end of its own; a claim makes no life longer.
    ends = min((end for end in (ends, voucher.valid_through) if end is not None), default=None)
    rows = Voucher.objects.filter(pk=voucher.pk, member=None)
    values = {"member": ref.pk, "claimed_at": at, "valid_from": begins, "valid_through": ends}
    if not take_state(rows, before=("issued",), state="claimed", **values):
        own = Voucher.objects.filter(pk=voucher.pk, member=ref.pk, state="claimed")
        if own.exists():
            return voucher.public_id
        raise refused("already_used" if voucher.state == "redeemed" else "wrong_member")
    _count_claim(voucher.batch.version.definition_id, ref, limits=limits, key=f"claim:{key}")
    write_steps([Step(loaded([voucher.pk])[0], "claimed")], at=at, key=key)
    return voucher.public_id


def offer_gift(*, voucher_id: str, member_id: str, at: datetime) -> str:
    """Let a member pass a voucher on: returns a secret for the link, which is stored as its hash only.

    Offering again makes the former link worthless.  The giver can use the voucher until somebody takes it.
    """
    voucher = Voucher.objects.select_related("batch__version").filter(public_id=voucher_id).first()
    if voucher is None or voucher.member_id not in purse_of(member_id):
        raise NotFound("voucher_not_found", _("There is no such voucher."))
    gifting = terms_of(voucher.batch.version.terms).gifting
    if not gifting.is_allowed or voucher.gift_count >= gifting.times:
        raise Refused("voucher_not_giftable", _("This voucher cannot be passed on."))
    if voucher.valid_through is not None and voucher.valid_through < at:
        raise refused("expired")
    secret = secrets.token_urlsafe(18)
    rows = Voucher.objects.filter(pk=voucher.pk)
    if not take_state(rows, before=("claimed",), gift_hash=_gift_hash(secret)):
        raise Refused("voucher_not_giftable", _("This voucher cannot be passed on."))
    return secret


def _gift_hash(secret: str) -> str:
    return keyed_hash(secret, purpose="voucher gift")


@transaction.atomic
def take_gift(*, secret: str, member_id: str, at: datetime) -> str:
    """A friend takes a voucher that was passed on; returns the id of the friend's voucher, which has a new code.

    The giver's code is worth nothing from now on.  The end stays what it was.  Taking again answers the same.
    """
    ref, hashed = _member(member_id), _gift_hash(secret)
    old = (
        Voucher.objects.select_related("batch__version__definition", "member")
        .filter(gift_hash=hashed)
        .first()
    )
    if old is None:
        raise NotFound("gift_not_found", _("This gift is not there any more."))
    taken = old.following.filter(state__in=["claimed", "reserved", "redeemed"]).first()
    if taken is not None and taken.member_id == ref.pk:
        return taken.public_id
    _check_taker(old, ref, member_id=member_id, at=at)
    if not take_state(
        Voucher.objects.filter(pk=old.pk, gift_hash=hashed), before=("claimed",), state="gifted"
    ):
        raise Refused("gift_taken", _("Somebody else took this gift, or the giver used it."))
    number = number_of_key(f"gift:{hashed}")
    new = Voucher(
        public_id=voucher_ids(derived_codes(secret_of(old.batch), [number]))[0],
        batch=old.batch,
        number=number,
        member_id=ref.pk,
        state="claimed",
        valid_from=old.valid_from,
        valid_through=old.valid_through,
        claimed_at=at,
        gift_count=old.gift_count + 1,
        origin=old,
    )
    try:
        with transaction.atomic():
            new.save(force_insert=True)
    except IntegrityError as error:
        raise Refused("gift_taken", _("Somebody else took this gift, or the giver used it.")) from error
    write_steps([Step(old, "gifted"), Step(loaded([new.pk])[0], "claimed")], at=at)
    return new.public_id


def _check_taker(old: Voucher, ref: MemberRef, *, member_id: str, at: datetime) -> None:
    if old.member_id in purse_of(member_id) or old.member_id == ref.pk:
        raise Refused("gift_to_oneself", _("This is your own gift."))
    if old.valid_through is not None and old.valid_through < at:
        raise refused("expired")
    within = terms_of(old.batch.version.terms).gifting.new_within_days
    if within is None:
        return
    zone, view = retailer().time_zone, member_view(member_id)
    joined = view.joined_on or business_date(view.created_at, zone)
    if joined < business_date(at, zone) - timedelta(days=within):
        raise Refused("gift_for_new_members", _("This gift is for new members only."), {"days": within})
