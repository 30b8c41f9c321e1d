"""Points for vouchers on the member's own page: what can be exchanged, what was, and back within its days."""

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from shuke.apps.loyalty.operations.checkout import Call
from shuke.apps.loyalty.operations.exchanging import exchange_points, take_back_exchange
from shuke.apps.loyalty.pages.own_words import offer_card
from shuke.apps.loyalty.queries.exchanges import member_exchanges, priced_for
from shuke.apps.loyalty.queries.tiers import tier_names
from shuke.apps.loyalty.schemas.exchanges import ExchangeRequest, ExchangeRow, PricedVoucher
from shuke.apps.members.schemas import MemberView
from shuke.apps.promotions.schemas import OfferPrice
from shuke.platform.clock import now
from shuke.platform.errors import Refused
from shuke.platform.ids import new_id
from shuke.web.templatetags.console import day

#: Who asks, in the ledger.
MEMBER = "member"


def exchange(request: HttpRequest, person: MemberView) -> str:
    """Exchange what the form says; returns the voucher's id.  Raises what ``exchange_points`` raises."""
    text = request.POST.get("points", "")
    if not (text.isascii() and text.isdecimal() and 0 < int(text[:12]) <= 10**9):
        raise Refused("price_changed", _("Look at the price and ask again."))
    wanted = ExchangeRequest(
        definition_id=request.POST.get("exchange", "")[:40] or "none", points=int(text[:12])
    )
    done = exchange_points(call=_call(request, person), member_id=person.id, request=wanted)
    return str(done.answer["voucher_id"])


def take_back(request: HttpRequest, person: MemberView) -> str:
    """Undo the exchange that the form names, one of this member's; returns its id."""
    found = request.POST.get("back", "")[:40]
    take_back_exchange(call=_call(request, person), exchange_id=found, member_id=person.id)
    return found


def _call(request: HttpRequest, person: MemberView) -> Call:
    """The form's key makes two clicks one; a member's keys are that member's own."""
    key = "".join(sign for sign in request.POST.get("key", "") if sign.isascii() and sign.isalnum())[:40]
    return Call(key=f"own:{person.id}:{key or new_id('key')}", actor=MEMBER, at=now())


def context(person: MemberView, *, back: str) -> dict[str, Any]:
    """Cards of what can be exchanged, and lines of what was; ``back`` was just taken back."""
    at, names = now(), tier_names()
    rows = member_exchanges(person.id, at=at)
    return {
        "priced": [_card(one, names) for one in priced_for(person.id, at=at)],
        "exchanges": [_line(row) for row in rows],
        "came_back": next((_came_back(row) for row in rows if row.exchange_id == back and row.ended_at), ""),
        "key": new_id("key"),
    }


def _card(one: PricedVoucher, names: dict[str, str]) -> dict[str, Any]:
    price = one.price
    card = offer_card(one, names)
    if price is None:
        return card
    if one.why == "not_yet" and price.first_day:
        card["facts"].append(_("From %(day)s") % {"day": day(price.first_day)})
    elif not one.why and price.last_day:
        card["facts"].append(_("Exchange it by %(day)s") % {"day": day(price.last_day)})
    missing = {"missing": f"{one.missing:,}", "available": f"{one.available:,}"}
    return {
        **card,
        "price": price.text,
        "points": price.points,
        "missing": _("%(missing)s more are needed: you have %(available)s.") % missing if one.missing else "",
        "pays": _("You have %(available)s; %(left)s stay.")
        % {"available": f"{one.available:,}", "left": f"{one.available - price.points:,}"},
        "back": _back_words(price),
    }


def _back_words(price: OfferPrice) -> str:
    if price.back_days is None:
        return _("It cannot be undone.")
    if price.back_days == 0:
        return _("You can take it back today as long as you have not used it.")
    return ngettext(
        "You can take it back within %(days)s day as long as you have not used it.",
        "You can take it back within %(days)s days as long as you have not used it.",
        price.back_days,
    ) % {"days": price.back_days}


def _line(row: ExchangeRow) -> dict[str, Any]:
    state = {
        "redeemed": pgettext("exchange", "used"),
        "gifted": pgettext("exchange", "passed on"),
        "expired": pgettext("exchange", "its time is over"),
        "cancelled": pgettext("exchange", "cancelled"),
        "reserved": pgettext("exchange", "held for a purchase"),
    }.get(row.voucher_state, "")
    if row.state == "taken_back":
        state = _came_back(row)
    elif row.is_open and row.back_through:
        state = _("can be taken back through %(day)s") % {"day": day(row.back_through)}
    return {"row": row, "state": state}


def _came_back(row: ExchangeRow) -> str:
    words = {"returned": f"{row.returned:,}", "expired": f"{row.expired:,}"}
    if row.expired:
        return _("%(returned)s came back; the time of the other %(expired)s was over.") % words
    return _("%(returned)s came back") % words
