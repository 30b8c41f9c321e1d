"""Pages of audiences: the list, one audience, and the builder."""

import json
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from shuke.apps.audiences import operations, queries
from shuke.apps.audiences.forms import builder_texts
from shuke.apps.audiences.schemas import (
    EVERYONE,
    AudienceView,
    FaultyConditionsError,
    Profile,
    as_data,
    parsed,
)
from shuke.platform.clock import now
from shuke.platform.errors import Refused
from shuke.web.access import actor_of, requires
from shuke.web.paging import Pager, page_number
from shuke.web.panels import MemberFilter, register_member_filter

PAGE_SIZE = 25


@require_GET
@requires("audiences.view")
def audience_list(request: HttpRequest) -> HttpResponse:
    """All audiences with their sizes; ready-made ones where there are none."""
    status = "archived" if request.GET.get("status") == "archived" else "active"
    text = request.GET.get("q", "").replace("\x00", "")[:120]
    rows, total = queries.audiences_page(
        as_of=queries.business_today(now()),
        limit=PAGE_SIZE,
        offset=(page_number(request) - 1) * PAGE_SIZE,
        status=status,
        text=text,
    )
    context = {
        "rows": rows,
        "pager": Pager(page_number(request), PAGE_SIZE, total),
        "status": status,
        "text": text,
        "templates": queries.templates(),
        "may_edit": actor_of(request).may("audiences.edit"),
    }
    return render(request, "audiences/list.html", context)


@require_GET
@requires("audiences.view")
def audience(request: HttpRequest, audience_id: str) -> HttpResponse:
    """One audience: who is in it, how it changed, and who uses it."""
    today = queries.business_today(now())
    number = _number(request.GET.get("version"))
    view = queries.audience(audience_id, as_of=today, version=number)
    profile = queries.audience_profile(audience_id, as_of=today, version=number)
    first, total = queries.audience_members(audience_id, as_of=today, version=number, limit=10)
    context = {
        "audience": view,
        "profile": profile,
        "members": first,
        "members_total": total,
        "versions": queries.versions(audience_id),
        "is_newest": number is None or number == queries.versions(audience_id)[0].number,
        "mix_chart": _mix_chart(profile),
        "size_chart": _size_chart(view) if len({point.as_of for point in view.sizes}) > 1 else None,
        "may_edit": actor_of(request).may("audiences.edit"),
    }
    return render(request, "audiences/detail.html", context)


@require_GET
@requires("audiences.view")
def members(request: HttpRequest, audience_id: str) -> HttpResponse:
    """All members of an audience, those who spent most first."""
    today = queries.business_today(now())
    page = page_number(request)
    rows, total = queries.audience_members(audience_id, as_of=today, limit=50, offset=(page - 1) * 50)
    context = {
        "audience": queries.audience(audience_id, as_of=today),
        "members": rows,
        "pager": Pager(page, 50, total),
    }
    return render(request, "audiences/members.html", context)


@requires("audiences.edit")
def new_audience(request: HttpRequest) -> HttpResponse:
    """The builder for a new audience, from nothing or from a ready-made one."""
    if request.method == "POST":
        return _save(request, audience_id=None)
    wanted = request.GET.get("template", "")
    template = next((found for found in queries.templates() if found.key == wanted), None)
    tree = template.conditions if template else as_data(EVERYONE)
    return _builder(request, name=template.name if template else "", tree=tree)


@requires("audiences.edit")
def propose(request: HttpRequest) -> HttpResponse:
    """The builder for a new audience, filled in with a tree that another page shows.  Nothing is saved yet.

    Conditions that exist no more are shown with what is wrong; a tree that cannot be read leaves the builder empty.
    """
    if request.method != "POST":
        return redirect("audiences:new")  # Reached by choosing another language on the filled-in page.
    tree = _json(request.POST.get("conditions", ""))
    try:
        tree = as_data(parsed(tree))
    except FaultyConditionsError:
        refusal = Refused(
            "conditions_not_readable", _("The conditions that were handed over cannot be read.")
        )
        return _builder(request, name="", tree=as_data(EVERYONE), refusal=refusal)
    return _builder(request, name=request.POST.get("name", "").replace("\x00", "")[:120], tree=tree)


@requires("audiences.edit")
def edit_audience(request: HttpRequest, audience_id: str) -> HttpResponse:
    """The builder for a saved audience."""
    if request.method == "POST":
        return _save(request, audience_id=audience_id)
    view = queries.audience(audience_id, as_of=queries.business_today(now()))
    return _builder(request, name=view.name, tree=view.conditions, audience_id=view.id, version=view.version)


def _save(request: HttpRequest, *, audience_id: str | None) -> HttpResponse:
    at = now()
    posted = {key: request.POST.get(key, "") for key in ("name", "note", "conditions", "version")}
    given: dict[str, Any] = {
        "actor": actor_of(request),
        "at": at,
        "as_of": queries.business_today(at),
        "name": posted["name"],
        "note": posted["note"],
        "conditions": _json(posted["conditions"]),
    }
    version = _number(posted["version"])
    try:
        if audience_id is None:
            audience_id = operations.create_audience(**given)
        else:
            operations.change_audience(**given, audience_id=audience_id, version=version)
    except Refused as error:
        tree = given["conditions"] if isinstance(given["conditions"], dict) else as_data(EVERYONE)
        return _builder(
            request,
            name=posted["name"],
            tree=tree,
            audience_id=audience_id,
            version=version,
            note=posted["note"],
            refusal=error,
        )
    messages.success(request, _("The audience is saved."))
    return redirect("audiences:detail", audience_id)


def _builder(
    request: HttpRequest,
    *,
    name: str,
    tree: dict[str, Any],
    audience_id: str | None = None,
    version: int | None = None,
    note: str = "",
    refusal: Refused | None = None,
) -> HttpResponse:
    catalogue = queries.catalogue(as_of=queries.business_today(now()))
    lists = catalogue.model_dump()
    # An audience that refers to itself is refused anyway, so it is not offered.
    lists["lists"]["audience"] = [c for c in lists["lists"]["audience"] if c["value"] != audience_id]
    context = {
        "name": name,
        "note": note,
        "audience_id": audience_id,
        "version": version,
        "tree": tree,
        "catalogue": lists,
        "texts": builder_texts(),
        "refusal": refusal,
        "templates": [] if audience_id else queries.templates(),
    }
    return render(request, "audiences/builder.html", context, status=refusal.status if refusal else 200)


@require_POST
@requires("audiences.view")
def draft(request: HttpRequest) -> HttpResponse:
    """Size, first members and words of the tree being edited, or its faults (422), as JSON."""
    body = _json(request.body.decode("utf-8", errors="replace"))
    raw = body if isinstance(body, dict) else {}
    try:
        view = queries.draft(
            raw.get("conditions"),
            as_of=queries.business_today(now()),
            audience_id=str(raw.get("audience_id") or "") or None,
        )
    except Refused as error:
        problem = {"code": error.code, "message": str(error.message), "details": error.details}
        return JsonResponse(problem, status=error.status)
    return JsonResponse(view.model_dump(mode="json"))


@require_GET
@requires("audiences.view")
def values(request: HttpRequest, kind: str) -> HttpResponse:
    """Known values that hold the text, as JSON."""
    text = request.GET.get("text", "")[:100]
    found = queries.known_values(kind=kind, text=text, as_of=queries.business_today(now()))
    return JsonResponse([choice.model_dump() for choice in found], safe=False)


@require_POST
@requires("audiences.edit")
def archive(request: HttpRequest, audience_id: str) -> HttpResponse:
    """Archive, after the page asked."""
    try:
        operations.archive_audience(actor=actor_of(request), at=now(), audience_id=audience_id)
    except Refused as error:
        messages.error(request, str(error.message))
        return redirect("audiences:detail", audience_id)
    messages.success(request, _("The audience is archived."))
    return redirect("audiences:list")


@require_POST
@requires("audiences.edit")
def duplicate(request: HttpRequest, audience_id: str) -> HttpResponse:
    """Make a copy and open it in the builder."""
    at = now()
    copy = operations.duplicate_audience(
        actor=actor_of(request), at=at, as_of=queries.business_today(at), audience_id=audience_id
    )
    return redirect("audiences:edit", copy)


@require_POST
@requires("audiences.edit")
def refresh(request: HttpRequest, audience_id: str) -> HttpResponse:
    """Count now."""
    at = now()
    operations.evaluate_audience(at=at, as_of=queries.business_today(at), audience_id=audience_id)
    messages.success(request, _("The audience was counted anew."))
    return redirect("audiences:detail", audience_id)


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 9 else None


def _mix_chart(profile: Profile) -> dict[str, Any]:
    """Lifecycle stages: share of the audience beside share of all members."""

    def shares(name: str, total: int) -> list[float]:
        return [round(getattr(stage, name) / total, 4) if total else 0 for stage in profile.stages]

    percent = {"$format": "percent", "digits": 0}
    return {
        "legend": {"top": 0},
        "tooltip": {"trigger": "axis", "valueFormatter": {"$format": "percent", "digits": 1}},
        "grid": {"top": 36, "left": 8, "right": 16, "bottom": 8, "containLabel": True},
        "xAxis": {"type": "category", "data": [stage.label for stage in profile.stages]},
        "yAxis": {"type": "value", "axisLabel": {"formatter": percent}},
        "series": [
            {
                "type": "bar",
                "name": _("This audience"),
                "itemStyle": {"color": {"$color": "primary"}},
                "data": shares("members", profile.size),
            },
            {
                "type": "bar",
                "name": _("All members"),
                "itemStyle": {"color": {"$color": "grey"}},
                "data": shares("all_members", profile.members_total),
            },
        ],
    }


def _size_chart(view: AudienceView) -> dict[str, Any]:
    """The size at the last count of each day."""
    by_day = {point.as_of.isoformat(): point.size for point in view.sizes}
    points = [[day, size] for day, size in by_day.items()]
    return {
        "tooltip": {"trigger": "axis", "valueFormatter": {"$format": "integer"}},
        "grid": {"top": 16, "left": 8, "right": 16, "bottom": 8, "containLabel": True},
        "xAxis": {"type": "time", "axisLabel": {"formatter": {"$format": "date"}}},
        "yAxis": {"type": "value", "minInterval": 1, "axisLabel": {"formatter": {"$format": "integer"}}},
        "series": [{"type": "line", "name": _("Members"), "data": points, "symbolSize": 6}],
    }


def _members_of(audience_id: str) -> list[str]:
    return queries.audience_member_ids(audience_id, as_of=queries.business_today(now()))


def register() -> None:
    """Let the list of members be narrowed to an audience."""
    register_member_filter(
        MemberFilter(
            name="audience",
            label=gettext_lazy("Every audience"),
            permission="audiences.view",
            choices=queries.audience_names,
            member_ids=_members_of,
        )
    )
