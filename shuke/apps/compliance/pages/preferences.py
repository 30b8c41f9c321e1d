"""The preference centre: a page of the member's own, reached by a signed link without signing in."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language, override
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from shuke.apps.compliance.operations import leave_everything, save_preferences
from shuke.apps.compliance.queries.preferences import preference_member, preferences_of
from shuke.apps.members.schemas import MemberView
from shuke.platform.clock import now
from shuke.platform.retailer.queries import retailer

PLACE = "preference_centre"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def centre(request: HttpRequest, token: str) -> HttpResponse:
    """What the member allows, to be changed by the member; opening it changes nothing."""
    person = preference_member(token)
    language = _language(request, person)
    done = ""
    if request.method == "POST":
        done = _save(request, person, language=language)
    with override(language):
        context = {
            "token": token,
            "preferences": preferences_of(person.id, language=language),
            "done": done,
            "shop": retailer(),
            "language": language,
            "languages": settings.LANGUAGES,
        }
        answer = render(request, "compliance/preferences.html", context)
    answer["X-Robots-Tag"] = "noindex"
    answer["Referrer-Policy"] = "no-referrer"
    return answer


def _save(request: HttpRequest, person: MemberView, *, language: str) -> str:
    if request.POST.get("act") == "leave":
        leave_everything(at=now(), member_id=person.id, place=PLACE, language=language)
        return "left"
    chosen = {int(text) for text in request.POST.getlist("granted") if text.isdecimal() and len(text) < 10}
    save_preferences(at=now(), member_id=person.id, granted=chosen, place=PLACE, language=language)
    return "saved"


def _language(request: HttpRequest, person: MemberView) -> str:
    known = {code for code, _name in settings.LANGUAGES}
    asked = request.GET.get("language", "")
    spoken = {"zh": "zh-hans", "zh-cn": "zh-hans"}.get(person.language.lower(), person.language.lower())
    return next(code for code in (asked, spoken, get_language() or "", "en") if code in known)
