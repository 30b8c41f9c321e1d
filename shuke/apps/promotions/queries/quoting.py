"""What codes take off a basket, and why some do not."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from shuke.apps.promotions.models import VoucherReservation, VoucherVersion
from shuke.apps.promotions.queries.finding import found_candidates
from shuke.apps.promotions.rules.evaluation import (
    MOST_VOUCHERS,
    Candidate,
    Reason,
    basket_reason,
    best_combination,
    use_of,
)
from shuke.apps.promotions.rules.terms import terms_of
from shuke.apps.promotions.schemas import Basket, VoucherQuote, VoucherRefusal, VoucherUse
from shuke.platform.errors import Refused
from shuke.platform.rates import calls_so_far
from shuke.platform.retailer.queries import retailer

#: Codes that nobody issued, by one who types them, before everything is refused until the minute is over.
MOST_WRONG_CODES = 10
REASON_WORDS: Mapping[str, str | Promise] = {
    "unknown_code": _("Nobody issued this code."),
    "check_sign_wrong": _("The code was not typed right: one sign is wrong or two are swapped."),
    "exchange_only": _("This voucher is exchanged for points, not given away by a code."),
    "not_yet_valid": _("The voucher cannot be used yet."),
    "expired": _("The voucher's time is over."),
    "cancelled": _("The voucher was cancelled."),
    "already_used": _("The voucher was used before."),
    "reserved_elsewhere": _("Another purchase holds the voucher right now."),
    "wrong_member": _("The voucher belongs to somebody else, or needs a member."),
    "minimum_not_reached": _("The goods that count are worth too little."),
    "wrong_products": _("Nothing in this basket is what the voucher makes cheaper."),
    "wrong_store": _("The voucher is not for this store."),
    "wrong_channel": _("The voucher is not for this sales channel."),
    "wrong_tier": _("The voucher is for members of another tier."),
    "limit_reached": _("This voucher was used as often as it may be."),
    "budget_used_up": _("The budget of this voucher is used up."),
    "not_combinable": _("The voucher does not go with the others, which take more off."),
    "too_many_wrong_codes": _("Too many wrong codes; wait a minute and try again."),
}


def wrong_codes_file() -> Path:
    """Where wrong codes are counted, outside the database: a guess must cost nobody a write."""
    return Path(settings.SHUKE_HOME) / "voucher-tries"


def is_locked_out(who: str, *, at: datetime) -> bool:
    """Whether somebody typed too many wrong codes in this minute."""
    minute = int(at.timestamp() // 60)
    return bool(who) and calls_so_far(wrong_codes_file(), key=who, minute=minute) >= MOST_WRONG_CODES


def reason_in_words(code: str) -> str:
    """The sentence of a reason, in the active language."""
    return str(REASON_WORDS[code])


def refusal_of(reason: Reason, *, place: int) -> VoucherRefusal:
    """The reason with its sentence."""
    return VoucherRefusal(reason.code, str(REASON_WORDS[reason.code]), place, dict(reason.details))


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
    ``operations.count_wrong_codes``.  More than 12 codes are refused (``too_many_vouchers``).
    """
    if len(codes) > MOST_VOUCHERS:
        raise Refused(
            "too_many_vouchers",
            _("A basket takes at most %(count)s vouchers.") % {"count": MOST_VOUCHERS},
            {"most": MOST_VOUCHERS},
        )
    if codes and is_locked_out(who, at=at):
        reason = Reason("too_many_wrong_codes")
        return VoucherQuote((), tuple(refusal_of(reason, place=n) for n in range(len(codes))))
    found = found_candidates(codes, member_id=member_id, at=at, time_zone=retailer().time_zone)
    candidates = [item for item in found if isinstance(item, Candidate)]
    uses, reasons = best_combination(candidates, basket=basket, left=left, tier=tier)
    refusals = []
    for place, item in enumerate(found):
        reason_here = item if isinstance(item, Reason) else reasons.get(item.voucher_id)
        if reason_here is not None:
            refusals.append(refusal_of(reason_here, place=place))
    return VoucherQuote(uses, tuple(refusals))


def vouchers_after_return(
    *, key: str, basket: Basket, left: Mapping[int, int], at: datetime
) -> tuple[VoucherUse, ...]:
    """What the vouchers redeemed under ``key`` would take off the rest of the basket, in their order.

    ``at`` is the time of the purchase.  Codes, states, days, tiers and limits are not asked again; those whose minimum
    or products the rest does not meet are missing in the answer.  For programmes that recompute
    (``VoucherUse.on_return``).
    """
    del at
    row = VoucherReservation.objects.filter(key=key).first()
    remaining, shipping = dict(left), basket.shipping_minor
    kept = []
    for data in row.uses if row else []:
        version = VoucherVersion.objects.get(definition__public_id=data["definition"], number=data["version"])
        candidate = Candidate(
            data["voucher_id"], data["definition"], data["version"], data["name"], terms_of(version.terms)
        )
        place = {"wrong_store", "wrong_channel", "wrong_tier"}
        reason = basket_reason(candidate, basket=basket, left=remaining, tier="")
        if reason is not None and reason.code not in place:
            continue
        use = use_of(candidate, basket=basket, left=remaining, shipping=shipping)
        for number, off in use.lines.items():
            remaining[number] -= off
        shipping -= use.shipping_off_minor
        kept.append(use)
    return tuple(kept)
