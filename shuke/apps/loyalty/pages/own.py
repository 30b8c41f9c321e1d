"""The member's own page, reached by a signed link without signing in, and the staff's way to that link."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from shuke.apps.compliance.queries.preferences import preference_link
from shuke.apps.loyalty.operations.own_links import revoke_own_links
from shuke.apps.loyalty.pages import own_words as words
from shuke.apps.loyalty.queries.own import own_page
from shuke.apps.loyalty.queries.own_links import own_member
from shuke.apps.members.schemas import MemberView
from shuke.platform.clock import now
from shuke.platform.errors import NotFound
from shuke.platform.rates import count_call
from shuke.platform.retailer.queries import retailer
from shuke.web.access import actor_of, requires

CALLS_PER_MINUTE = 60
REFUSALS_PER_MINUTE = 30


def members_own(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A page behind a member's signed link: the view gets ``person``, ``language`` and ``token``.

    Limited in calls, never stored, in the language that was asked for; a bad link gets the one refusal.
    """

    @never_cache
    @wraps(view)
    def guarded(request: HttpRequest, token: str, **given: str) -> HttpResponse:
        try:
            person = own_member(token, at=now())
        except NotFound as refusal:
            return _refused(request, str(refusal.message))
        if _calls(f"own:{person.id}") > CALLS_PER_MINUTE:
            return _too_many(request)
        language = _language(request, person.language)
        with override(language):
            return _private(view(request, person=person, language=language, token=token, **given))

    return guarded


@require_http_methods(["GET", "HEAD"])
@members_own
def mine(request: HttpRequest, *, person: MemberView, language: str, token: str) -> HttpResponse:
    """My tier, points, vouchers, benefits and history.  Opening it changes nothing."""
    context = {**_context(person, language=language), "token": token}
    return render(request, "loyalty/own/page.html", context)


def _context(person: MemberView, *, language: str) -> dict[str, Any]:
    page, shop = own_page(person.id, at=now()), retailer()
    return {
        **frame(language),
        "page": page,
        "tier": words.tier_card(page, shop.currency),
        "points": [words.points_card(item) for item in page.points],
        "vouchers": [words.voucher_card(item) for item in page.vouchers],
        "benefits": [words.benefit_card(item, shop.currency) for item in page.entitlements],
        "lines": [words.history_line(line, page.points) for line in page.lines],
        "preferences": preference_link(person.id),
    }


def frame(language: str) -> dict[str, Any]:
    """What every page of the member's needs."""
    return {"shop": retailer(), "language": language, "languages": settings.LANGUAGES}


def _refused(request: HttpRequest, message: str) -> HttpResponse:
    if _calls(f"own:refused:{request.META.get('REMOTE_ADDR', '')}") > REFUSALS_PER_MINUTE:
        return _too_many(request)
    language = _language(request, "")
    with override(language):
        context = {**frame(language), "title": _("This link is closed"), "text": message}
        return _private(render(request, "loyalty/own/refused.html", context, status=404))


def _too_many(request: HttpRequest) -> HttpResponse:
    language = _language(request, "")
    with override(language):
        text = _("That was too often. Wait a minute, then open it again.")
        context = {**frame(language), "title": _("A moment, please"), "text": text}
        answer = _private(render(request, "loyalty/own/refused.html", context, status=429))
    answer["Retry-After"] = "60"
    return answer


def _calls(key: str) -> int:
    """How often in this minute, over all processes of the machine."""
    return count_call(Path(settings.SHUKE_HOME) / "own-rates", key=key, minute=int(now().timestamp() // 60))


def _private(answer: HttpResponse) -> HttpResponse:
    answer["X-Robots-Tag"] = "noindex, nofollow"
    # A page with a form must say where it comes from, to itself only, or the form's token is refused.
    answer.setdefault("Referrer-Policy", "no-referrer")
    answer["Cache-Control"] = "no-store, private"
    return answer


def _language(request: HttpRequest, spoken: str) -> str:
    """What was asked for, what the member speaks, what the browser speaks."""
    known = {code for code, _name in settings.LANGUAGES}
    asked, member = request.GET.get("language", ""), spoken.lower()
    member = {"zh": "zh-hans", "zh-cn": "zh-hans"}.get(member, member)
    return next(code for code in (asked, member, get_language() or "", "en") if code in known)


@requires("members.edit")
@require_POST
def revoke(request: HttpRequest, member_id: str) -> HttpResponse:
    """Take back every link to the member's page that was handed out."""
    revoke_own_links(actor=actor_of(request), at=now(), member_id=member_id)
    messages.success(request, _("No earlier link opens the member's page any more."))
    return redirect("members:member", member_id)
