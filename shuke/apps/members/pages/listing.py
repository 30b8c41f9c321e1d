"""The list of members: search, filters, order."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _

from shuke.apps.members.queries.directory import (
    BOUGHT,
    DEFAULT_SORT,
    SORTS,
    Wanted,
    directory,
    preferred_channels,
)
from shuke.platform.clock import business_date, now
from shuke.platform.permissions import Actor
from shuke.platform.retailer.queries import retailer
from shuke.web.access import actor_of, requires
from shuke.web.labels import choices_of, label_of
from shuke.web.paging import Pager, page_number
from shuke.web.panels import found_members, member_filters

PAGE_SIZE = 50
SORT_LABELS = {
    "spend": _("Spent most"),
    "recent_spend": _("Spent most in the last year"),
    "orders": _("Most orders"),
    "last_order": _("Bought last"),
    "newest": _("Joined last"),
}
BOUGHT_LABELS = {
    "30": _("Bought in the last 30 days"),
    "90": _("Bought in the last 90 days"),
    "365": _("Bought in the last 365 days"),
    "not90": _("Not bought for 90 days"),
    "not180": _("Not bought for 180 days"),
    "not365": _("Not bought for 365 days"),
}
NAMES = ("q", "stage", "segment", "channel", "bought", "sort")


@requires("members.view")
def member_list(request: HttpRequest) -> HttpResponse:
    """Search, filter and sort."""
    filters = {name: _text(request, name) for name in NAMES}
    if filters["sort"] not in SORT_LABELS:
        filters["sort"] = DEFAULT_SORT
    if filters["bought"] not in BOUGHT:
        filters["bought"] = ""
    menus, chosen = _menus(request, actor_of(request))
    ids = found_members(filters["q"]) if filters["q"] else None
    is_narrowed = any(filters[name] for name in ("stage", "segment", "channel", "bought")) or bool(chosen)
    if ids is not None and len(ids) == 1 and not is_narrowed:
        return redirect("members:member", ids[0])
    for fitting in chosen:
        ids = sorted(fitting if ids is None else fitting & set(ids))
    page = page_number(request)
    wanted = Wanted(
        ids=ids,
        today=business_date(now(), retailer().time_zone),
        **{name: filters[name] for name in ("stage", "segment", "channel", "bought", "sort")},
    )
    members, total = directory(wanted=wanted, limit=PAGE_SIZE, offset=(page - 1) * PAGE_SIZE)
    context = {
        "members": members,
        "pager": Pager(page=page, size=PAGE_SIZE, total=total),
        "filters": filters,
        "menus": menus,
        "stages": choices_of("lifecycle_stage"),
        "segments": choices_of("rfm_segment"),
        "channels": [(code, label_of("sales_channel", code)) for code in preferred_channels()],
        "bought": [(code, str(word)) for code, word in BOUGHT_LABELS.items()],
        "sorts": [(name, str(SORT_LABELS[name])) for name in (*SORTS, "newest")],
        "is_filtered": bool(filters["q"]) or is_narrowed,
    }
    return render(request, "members/list.html", context)


def _text(request: HttpRequest, name: str) -> str:
    # PostgreSQL refuses NUL in any text, also in what is only searched for.
    return request.GET.get(name, "").replace("\x00", "").strip()[:200]


def _menus(request: HttpRequest, actor: Actor) -> tuple[list[dict[str, Any]], list[set[str]]]:
    """The menus that apps added, and for each chosen code who fits it.  An unknown code chooses nothing."""
    menus, chosen = [], []
    for member_filter in member_filters():
        if not actor.may(member_filter.permission):
            continue
        choices, code = member_filter.choices(), _text(request, member_filter.name)
        if code in {value for value, _label in choices}:
            chosen.append(set(member_filter.member_ids(code)))
        else:
            code = ""
        menus.append(
            {"name": member_filter.name, "label": member_filter.label, "choices": choices, "code": code}
        )
    return menus, chosen
