"""Pages of members: the list and the page of one."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils.dateparse import parse_datetime
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from shuke.apps.members.pages.charts import categories_option, months_option
from shuke.apps.members.pages.words import trait_groups
from shuke.apps.members.queries import member, survivor_of
from shuke.apps.members.queries.person import favourites, portrait
from shuke.apps.members.queries.timeline import KINDS, Cut, following, timeline, timeline_channels
from shuke.apps.members.queries.words import source_names
from shuke.apps.members.schemas import MemberView
from shuke.platform.clock import business_date, now
from shuke.platform.languages import babel_locale
from shuke.platform.permissions import Actor
from shuke.platform.retailer.queries import retailer
from shuke.web.access import actor_of, requires
from shuke.web.labels import label_of
from shuke.web.panels import TimelineKind, member_panels, timeline_kinds

TIMELINE_SIZE = 20
MAX_SKIP = 10_000


@requires("members.view")
def member_page(request: HttpRequest, member_id: str) -> HttpResponse:
    """Everything about one member; the timeline follows in a request of its own."""
    person = member(member_id)
    if person.status == "merged":
        survivor = survivor_of(member_id)
        told = _("%(member)s was found to be the same person; this is the member who stands for both.")
        messages.info(request, told % {"member": member_id})
        return redirect("members:member", survivor)
    if person.status == "erased":
        return render(request, "members/erased.html", {"member": person})
    return render(request, "members/member.html", _about(request, person))


def _about(request: HttpRequest, person: MemberView) -> dict[str, Any]:
    settings = retailer()
    known = portrait(member_id=person.id, today=business_date(now(), settings.time_zone))
    currency = (known.traits or {}).get("currency") or settings.currency
    actor = actor_of(request)
    panels: dict[bool, list[str]] = {True: [], False: []}
    for panel in member_panels():
        if actor.may(panel.permission):
            text = render_to_string(panel.template, panel.context(request, person.id), request)
            panels[panel.is_wide].append(text)
    return {
        "member": person,
        "known": known,
        "source": source_names({person.source})[person.source],
        "place": _place_in_words(known.place) if known.place else "",
        "traits": known.traits,
        "currency": currency,
        "panels": panels[False],
        "wide_panels": panels[True],
        "trait_groups": trait_groups(known.traits, currency=currency),
        "months_option": months_option(known, currency),
    }


def _place_in_words(place: Any) -> str:
    """City and province in the reader's language."""
    if babel_locale() == "zh_Hans":
        city, province = place.name_zh, place.province_zh
    else:
        city, province = place.name, place.province
    return city if place.region_id == place.province_id else f"{city}, {province}"


@requires("members.view")
def member_favourites(request: HttpRequest, member_id: str) -> HttpResponse:
    """The chart of favourite categories, as a fragment."""
    member(member_id)
    settings = retailer()
    found = favourites(member_id=member_id, today=business_date(now(), settings.time_zone))
    option = categories_option(found, settings.currency)
    return render(request, "members/favourites.html", {"option": option})


@requires("members.view")
def member_timeline(request: HttpRequest, member_id: str) -> HttpResponse:
    """A part of the timeline, as a fragment."""
    member(member_id)
    added = _added_kinds(actor_of(request))
    names = {name: label_of("timeline_kind", name) for name in KINDS} | {k.name: str(k.label) for k in added}
    is_first = "until" not in request.GET
    channels = timeline_channels(member_id=member_id) if is_first else []
    cut = _cut(request, kinds=set(names))
    entries = timeline(member_id=member_id, cut=cut, added=added)
    further = following(cut, entries)
    context = {
        "member_id": member_id,
        "entries": entries,
        "kind": cut.kind,
        "kinds": [("", _("All")), *names.items()],
        "channel": cut.channel,
        "channels": [(code, _channel_label(code)) for code in channels],
        "is_first": is_first,
        "further": _query(further) if further else "",
    }
    return render(request, "members/timeline.html", context)


def _added_kinds(actor: Actor) -> list[TimelineKind]:
    return [kind for kind in timeline_kinds() if actor.may(kind.permission)]


def _cut(request: HttpRequest, *, kinds: set[str]) -> Cut:
    """The asked part; nonsense is the newest of everything."""
    kind, skip = request.GET.get("kind", ""), request.GET.get("skip", "0")
    is_number = skip.isascii() and skip.isdigit() and len(skip) < 9
    return Cut(
        until=_moment(request.GET.get("until", "")),
        skip=min(int(skip), MAX_SKIP) if is_number else 0,
        kind=kind if kind in kinds else "",
        channel=request.GET.get("channel", "").replace("\x00", "")[:40],
        limit=TIMELINE_SIZE,
    )


def _query(cut: Cut) -> str:
    until = cut.until.isoformat() if cut.until else ""
    return urlencode({"kind": cut.kind, "channel": cut.channel, "until": until, "skip": str(cut.skip)})


def _channel_label(code: str) -> str:
    """The word of a sales channel, else of a message channel."""
    word = label_of("sales_channel", code)
    return word if word != code else label_of("channel", code)


def _moment(text: str) -> datetime | None:
    try:
        found = parse_datetime(text[:40])
    except ValueError:
        return None
    return found if found and found.tzinfo else None
