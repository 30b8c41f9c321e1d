"""A member's points: the panel on the member's page, the statement with every lot, points by hand."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from shuke.apps.loyalty.forms.adjusting import AdjustmentForm
from shuke.apps.loyalty.operations import request_adjustment
from shuke.apps.loyalty.queries.adjustments import adjustments
from shuke.apps.loyalty.queries.member_points import (
    lot_stories,
    member_points,
    points_history,
    statement_lines,
)
from shuke.apps.loyalty.queries.origins import origins_in_words, rule_names
from shuke.apps.loyalty.queries.types import points_name, points_types
from shuke.apps.loyalty.schemas.statement import LotStory, StatementLine
from shuke.apps.members.queries import member
from shuke.platform.clock import now
from shuke.platform.errors import NotFound, Refused
from shuke.web.access import actor_of, requires
from shuke.web.labels import label_of
from shuke.web.paging import Pager, page_number
from shuke.web.panels import (
    MemberPanel,
    TimelineItem,
    TimelineKind,
    register_member_panel,
    register_timeline_kind,
)
from shuke.web.templatetags.console import day

PAGE_SIZE = 30
#: Lots that the picture shows; the table has all.
DRAWN = 16
BUCKETS = (
    "available",
    "pending",
    "held",
    "spent",
    "expired",
    "clawed_back",
    "transferred",
    "written_off",
)


class ToldLine(StatementLine):
    """A line with its reason and its source in words."""

    why: str
    origin: str


class ToldLot(LotStory):
    """A lot with its source in words."""

    origin: str


def panel(request: HttpRequest, member_id: str) -> dict[str, Any]:
    """What the card of points shows."""
    actor = actor_of(request)
    return {
        "member_id": member_id,
        "summaries": member_points(member_id, at=now()),
        "kinds": points_types(),
        "may_adjust": actor.may("points.adjust"),
        "waiting": adjustments(state="waiting", member_id=member_id)[0],
    }


@require_safe
@requires("loyalty.view")
def show_statement(request: HttpRequest, member_id: str, points_type: str) -> HttpResponse:
    """Balances, every lot and every posting of one member and points type."""
    return _page(request, member_id, points_type, form=AdjustmentForm(initial={"key": uuid4().hex}))


def _page(
    request: HttpRequest, member_id: str, points_type: str, *, form: AdjustmentForm, status: int = 200
) -> HttpResponse:
    person, at = member(member_id), now()
    kind = next((kind for kind in points_types() if kind.code == points_type), None)
    if kind is None:
        raise NotFound("points_type_not_found", _("There are no points of this code."))
    page = page_number(request)
    lines, total = statement_lines(
        person.id, points_type=points_type, limit=PAGE_SIZE, offset=(page - 1) * PAGE_SIZE
    )
    lots, lots_total = lot_stories(person.id, points_type=points_type, at=at, limit=200)
    found = {summary.points_type: summary for summary in member_points(person.id, at=at)}
    waiting, _count = adjustments(state="waiting", member_id=person.id)
    told = [(line.source, line.reason) for line in lines]
    origins = origins_in_words([*told, *((lot.source, "") for lot in lots)])
    rules = rule_names()
    context = {
        "member": person,
        "kind": kind,
        "summaries": list(found.values()),
        "summary": found.get(points_type),
        "lines": [
            ToldLine(**dict(line), origin=origins[line.source], why=_why(line.reason, rules))
            for line in lines
        ],
        "lots": [ToldLot(**dict(lot), origin=origins[lot.source]) for lot in lots],
        "lots_total": lots_total,
        "chart": _picture(lots),
        "pager": Pager(page=page, size=PAGE_SIZE, total=total),
        "form": form,
        "waiting": [row for row in waiting if row.points_type == points_type],
    }
    return render(request, "loyalty/statement.html", context, status=status)


def _why(reason: str, rules: Mapping[str, str]) -> str:
    """The reason in words: that of the ledger, or the rule by which something a member did has earned."""
    return (rules.get(reason) or label_of("points_reason", reason)) if reason else ""


def _picture(lots: list[LotStory]) -> dict[str, Any] | None:
    """Lots as bars in the order in which they will be used, the next one on top, by where their points are."""
    drawn = [lot for lot in lots if lot.turn or "pending" in lot.buckets or "held" in lot.buckets][:DRAWN]
    if not drawn:
        return None
    used = [bucket for bucket in BUCKETS if any(bucket in lot.buckets for lot in drawn)]
    return {
        "legend": {},
        "grid": {"left": 16, "right": 24, "top": 40, "bottom": 8, "containLabel": True},
        "xAxis": {"type": "value", "minInterval": 1},
        "yAxis": {
            "type": "category",
            "inverse": True,
            "axisLabel": {"interval": 0},
            "data": [_lot_name(lot) for lot in drawn],
        },
        "series": [
            {
                "type": "bar",
                "stack": "points",
                "name": label_of("points_bucket", bucket),
                "data": [lot.buckets.get(bucket, 0) for lot in drawn],
            }
            for bucket in used
        ],
    }


def _lot_name(lot: LotStory) -> str:
    return f"#{lot.number} · {day(lot.expires_at) if lot.expires_at else '∞'}"


@require_POST
@requires("points.adjust")
def adjust(request: HttpRequest, member_id: str, points_type: str) -> HttpResponse:
    """Give or take points by hand, or ask a second person to."""
    form = AdjustmentForm(request.POST)
    if not form.is_valid():
        return _page(request, member_id, points_type, form=form, status=422)
    values = form.cleaned_data
    try:
        done = request_adjustment(
            actor=actor_of(request),
            at=now(),
            key=f"console:{values['key']}",
            member_id=member_id,
            points_type=points_type,
            points=values["points"],
            reason=values["reason"],
            note=values["note"],
        )
    except Refused as refusal:
        form.add_error("points", str(refusal.message))
        return _page(request, member_id, points_type, form=form, status=422)
    said = _("The points were booked.")
    if done.state == "waiting":
        said = _("This is more than one person may book alone: it waits for a second person.")
    messages.success(request, said)
    return redirect("loyalty:statement", member_id=member_id, points_type=points_type)


def _timeline(member_id: str, until: Any, limit: int) -> list[TimelineItem]:
    found = points_history(member_id, until=until, limit=limit)
    origins = origins_in_words((line.source, line.reason) for line, _kind in found)
    rules = rule_names() if found else {}
    return [
        _item(
            member_id,
            line,
            name=points_name(kind),
            code=kind.code,
            detail=_why(line.reason, rules) or origins[line.source],
        )
        for line, kind in found
    ]


def _item(member_id: str, line: StatementLine, *, name: str, code: str, detail: str) -> TimelineItem:
    return TimelineItem(
        at=line.effective_at,
        what=line.kind,
        title=_("%(change)s %(name)s: %(kind)s")
        % {"change": f"{line.change:+,}", "name": name, "kind": label_of("points_kind", line.kind)},
        detail=detail,
        reference=line.id,
        url=reverse("loyalty:statement", args=[member_id, code]),
    )


def register() -> None:
    """Put the card on the page of a member, and the postings on its timeline."""
    register_member_panel(
        MemberPanel(
            name="points",
            permission="loyalty.view",
            order=10,
            template="loyalty/panel.html",
            context=panel,
        )
    )
    register_timeline_kind(
        TimelineKind(
            name="points",
            label=gettext_lazy("Points"),
            icon="coins",
            permission="loyalty.view",
            read=_timeline,
        )
    )
