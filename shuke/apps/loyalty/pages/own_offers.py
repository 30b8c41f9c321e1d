"""What members do with vouchers on their own page: take one, enter a code, pass one on to a friend."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from shuke.apps.loyalty.pages import own_exchanges
from shuke.apps.loyalty.pages import own_words as words
from shuke.apps.loyalty.pages.own import frame, members_own
from shuke.apps.loyalty.queries.tiers import tier_names, tier_of
from shuke.apps.members.schemas import MemberView
from shuke.apps.promotions.operations import claim_offer, offer_gift, take_code
from shuke.apps.promotions.queries import member_offers, member_vouchers
from shuke.apps.promotions.schemas import MemberVoucher
from shuke.platform.clock import now
from shuke.platform.errors import NotFound, Refused
from shuke.platform.retailer.queries import retailer

#: No page of a member shows a number of turns beyond this.
MOST_TURNS = 10**6


@require_http_methods(["GET", "HEAD", "POST"])
@members_own
def show_offers(request: HttpRequest, *, person: MemberView, language: str, token: str) -> HttpResponse:
    """Vouchers to take or to exchange points for, each with why not, and what was exchanged.

    A post takes one, or the one of a code or of a friend's gift; exchanges points; or takes an exchange back.
    """
    refused, what = "", request.POST.get("offer", "")
    if request.method == "POST":
        try:
            taken = _done(request, person, what)
        except NotFound as refusal:
            refused = str(refusal.message)
        except Refused as refusal:
            refused = str(refusal.message)
        else:
            where = reverse("loyalty:own_offers", args=[token])
            return redirect(f"{where}?language={language}&{taken}")
    context = _context(person, language=language, token=token, taken=request.GET.get("taken", ""))
    context |= own_exchanges.context(person, back=request.GET.get("back", ""))
    context |= {"refused": refused, "refused_what": what}
    return _with_form(render(request, "loyalty/own/offers.html", context, status=409 if refused else 200))


def _done(request: HttpRequest, person: MemberView, what: str) -> str:
    """Do what the post asks; returns what the page is told of it."""
    if "back" in request.POST:
        return f"back={own_exchanges.take_back(request, person)}"
    if "exchange" in request.POST:
        return f"taken={own_exchanges.exchange(request, person)}"
    return f"taken={_take(request, person, what)}"


def _take(request: HttpRequest, person: MemberView, what: str) -> str:
    at, code = now(), request.POST.get("code", "").strip()
    if not what:
        return take_code(member_id=person.id, code=code, at=at)
    text = request.POST.get("turn", "")
    turn = min(int(text), MOST_TURNS) if text.isascii() and text.isdecimal() and len(text) < 10 else 0
    return claim_offer(member_id=person.id, definition_id=what, turn=turn, at=at, tier=_tier_code(person.id))


def _tier_code(member_id: str) -> str:
    tier = tier_of(member_id, at=now())
    return tier.code if tier else ""


def _context(person: MemberView, *, language: str, token: str, taken: str) -> dict[str, Any]:
    at, names = now(), tier_names()
    offers = member_offers(person.id, at=at, tier=_tier_code(person.id))
    cards = [words.offer_card(offer, names) for offer in offers if offer.price is None]
    return {
        **frame(language),
        "token": token,
        "offers": [card for card in cards if card["offer"].is_open],
        "closed": [card for card in cards if not card["offer"].is_open],
        "taken": next((words.voucher_card(found) for found in _own(person.id, taken)), None),
    }


def _own(member_id: str, voucher_id: str) -> list[MemberVoucher]:
    """The voucher, if it is in the member's hands."""
    if not voucher_id:
        return []
    return [found for found in member_vouchers(member_id, at=now()) if found.voucher_id == voucher_id]


@require_http_methods(["GET", "HEAD", "POST"])
@members_own
def give(
    request: HttpRequest, *, person: MemberView, language: str, token: str, voucher_id: str
) -> HttpResponse:
    """Pass a voucher on: says what happens, and after the click shows the code for the friend, once."""
    found = _own(person.id, voucher_id)
    if not found:
        raise Http404(_("There is no such voucher."))
    context = {**frame(language), "token": token, "voucher": found[0], "shop": retailer()}
    if request.method == "POST":
        try:
            context["secret"] = offer_gift(voucher_id=voucher_id, member_id=person.id, at=now())
        except Refused as refusal:
            context["refused"] = str(refusal.message)
    status = 409 if context.get("refused") else 200
    return _with_form(render(request, "loyalty/own/gift.html", context, status=status))


def _with_form(answer: HttpResponse) -> HttpResponse:
    answer["Referrer-Policy"] = "same-origin"
    return answer
