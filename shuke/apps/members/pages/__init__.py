"""Pages of members: the list and the page of one."""

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from shuke.apps.members.pages.charts import categories_option, months_option
from shuke.apps.members.pages.words import trait_groups
from shuke.apps.members.queries import member
from shuke.apps.members.queries.directory import DEFAULT_SORT, SORTS, Wanted, directory
from shuke.apps.members.queries.person import favourites, portrait
from shuke.apps.members.queries.timeline import KINDS, timeline
from shuke.platform.clock import business_date, now
from shuke.platform.retailer.queries import retailer
from shuke.web.access import actor_of, requires
from shuke.web.labels import choices_of, label_of
from shuke.web.paging import Pager, page_number
from shuke.web.panels import found_members, member_panels

PAGE_SIZE = 50
TIMELINE_SIZE = 20
SORT_LABELS = {
    "spend": gettext_lazy("Spent most"),
    "recent_spend": gettext_lazy("Spent most in the last year"),
    "orders": gettext_lazy("Most orders"),
    "last_order": gettext_lazy("Bought last"),
    "newest": gettext_lazy("Joined last"),
}


@requires("members.view")
def member_list(request: HttpRequest) -> HttpResponse:
    """Search, filter and sort."""
    filters = {name: request.GET.get(name, "").strip()[:200] for name in ("q", "stage", "segment", "sort")}
    if filters["sort"] not in SORT_LABELS:
        filters["sort"] = DEFAULT_SORT
    ids = found_members(filters["q"]) if filters["q"] else None
    if ids is not None and len(ids) == 1 and not (filters["stage"] or filters["segment"]):
        return redirect("members:member", ids[0])
    page = page_number(request)
    wanted = Wanted(ids=ids, stage=filters["stage"], segment=filters["segment"], sort=filters["sort"])
    members, total = directory(wanted=wanted, limit=PAGE_SIZE, offset=(page - 1) * PAGE_SIZE)
    context = {
        "members": members,
        "pager": Pager(page=page, size=PAGE_SIZE, total=total),
        "filters": filters,
        "stages": choices_of("lifecycle_stage"),
        "segments": choices_of("rfm_segment"),
        "sorts": [(name, str(SORT_LABELS[name])) for name in (*SORTS, "newest")],
        "is_filtered": bool(filters["q"] or filters["stage"] or filters["segment"]),
    }
    return render(request, "members/list.html", context)


@requires("members.view")
def member_page(request: HttpRequest, member_id: str) -> HttpResponse:
    """Everything about one member; the timeline follows in a request of its own."""
    person = member(member_id)
    settings = retailer()
    known = portrait(member_id=member_id, today=business_date(now(), settings.time_zone))
    currency = (known.traits or {}).get("currency") or settings.currency
    actor = actor_of(request)
    panels = [
        render_to_string(panel.template, panel.context(request, member_id), request)
        for panel in member_panels()
        if actor.may(panel.permission)
    ]
    context = {
        "member": person,
        "known": known,
        "traits": known.traits,
        "currency": currency,
        "panels": panels,
        "trait_groups": trait_groups(known.traits, currency=currency),
        "months_option": months_option(known, currency),
    }
    return render(request, "members/member.html", context)


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
    kind = request.GET.get("kind", "")
    kind = kind if kind in KINDS else ""
    entries = timeline(
        member_id=member_id, kind=kind, before=_moment(request.GET.get("before", "")), limit=TIMELINE_SIZE
    )
    context = {
        "member_id": member_id,
        "entries": entries,
        "kind": kind,
        "kinds": [("", _("All")), *((name, label_of("timeline_kind", name)) for name in KINDS)],
        "is_first": "before" not in request.GET,
        "next_before": entries[-1].at.isoformat() if len(entries) == TIMELINE_SIZE else "",
    }
    return render(request, "members/timeline.html", context)


def _moment(text: str) -> datetime | None:
    try:
        found = parse_datetime(text[:40])
    except ValueError:
        return None
    return found if found and found.tzinfo else None
