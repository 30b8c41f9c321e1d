"""A member takes a voucher on a page of their own."""

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from shuke.apps.promotions.models import Voucher
from shuke.apps.promotions.operations.holding import claim_code, claim_voucher, take_gift
from shuke.apps.promotions.operations.trying import count_wrong_codes
from shuke.apps.promotions.queries.codes import word_hash
from shuke.apps.promotions.queries.finding import voucher_of_code
from shuke.apps.promotions.queries.offers import member_offers
from shuke.apps.promotions.queries.quoting import is_locked_out
from shuke.apps.promotions.rules.codes import normalised_word
from shuke.apps.promotions.rules.evaluation import Reason
from shuke.apps.promotions.rules.keys import number_of_key
from shuke.apps.promotions.schemas import VoucherRefusal
from shuke.platform.errors import NotFound, Refused

#: Signs of the secret that ``offer_gift`` hands out.
GIFT_SIGNS = 24
MOST_KEY = 140


class OfferClosed(Refused):
    """The member cannot take this voucher now; ``code`` is ``offer_`` and why."""


def claim_offer(*, member_id: str, definition_id: str, turn: int, at: datetime, tier: str = "") -> str:
    """Take a voucher that is open to claims; returns its id.

    ``turn`` is what the page that was clicked said (``MemberOffer.turn``): a second click of the same page, or of
    another that was open beside it, gives the same voucher.  Raises ``OfferClosed`` (``offer_<why>``), ``NotFound``.
    """
    found = {offer.definition_id: offer for offer in member_offers(member_id, at=at, tier=tier)}
    offer = found.get(definition_id)
    if offer is None or offer.price is not None:
        raise NotFound("offer_not_found", _("This voucher is not on offer any more."))
    key = f"own:{member_id}:{definition_id}:{max(0, min(turn, offer.turn))}"
    before = _voucher_of(key, definition_id=definition_id, member_id=member_id)
    if before:
        return before
    if offer.why:
        raise OfferClosed(f"offer_{offer.why}", offer.why_words, {"definition_id": definition_id})
    return claim_voucher(key=key, definition_id=definition_id, member_id=member_id, at=at)


def _voucher_of(key: str, *, definition_id: str, member_id: str) -> str:
    rows = Voucher.objects.filter(
        batch__version__definition__public_id=definition_id,
        batch__kind="single",
        number=number_of_key(f"claim:{key}"),
        member__public_id=member_id,
    )
    return rows.values_list("public_id", flat=True).first() or ""


def take_code(*, member_id: str, code: str, at: datetime) -> str:
    """Take the voucher of a code from a leaflet, or the gift of a friend; returns its id.

    A shared code gives a member one voucher here, however often it is sent.  Guesses are counted against the member
    and lock it out (``count_wrong_codes``).  Raises what ``claim_code`` and ``take_gift`` raise, and ``OfferClosed``
    for a code whose voucher the member has used.
    """
    who = f"member:{member_id}"
    found = voucher_of_code(code)
    if isinstance(found, Reason) and len(code) == GIFT_SIGNS and not is_locked_out(who, at=at):
        return _gift(code, member_id=member_id, who=who, at=at)
    key = f"own:{member_id}:{word_hash(normalised_word(code))}"[:MOST_KEY]
    try:
        voucher_id = claim_code(key=key, code=code, member_id=member_id, at=at, who=who)
    except Refused as refusal:
        _count_guess(str(refusal.details.get("reason", "")), who=who, at=at)
        raise
    if not Voucher.objects.filter(public_id=voucher_id, state__in=["claimed", "reserved"]).exists():
        raise OfferClosed("offer_taken", _("You have used the voucher of this code already."))
    return voucher_id


def _gift(secret: str, *, member_id: str, who: str, at: datetime) -> str:
    try:
        return take_gift(secret=secret, member_id=member_id, at=at)
    except NotFound:
        _count_guess("unknown_code", who=who, at=at)
        raise


def _count_guess(reason: str, *, who: str, at: datetime) -> None:
    count_wrong_codes(who=who, refusals=[VoucherRefusal(reason, "")], at=at)
