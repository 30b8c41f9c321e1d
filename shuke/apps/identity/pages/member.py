"""What identity shows on the page of a member, and merging from there."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from shuke.apps.identity import operations, queries
from shuke.apps.identity.pages.drawing import graph_option, reasons
from shuke.apps.identity.pages.words import named, named_side
from shuke.platform.clock import now
from shuke.platform.errors import Refused
from shuke.web.access import actor_of, requires
from shuke.web.panels import MemberPanel, found_members, register_member_panel, register_member_search


def panel(request: HttpRequest, member_id: str) -> dict[str, Any]:
    """What the card of identifiers shows."""
    return {
        "member_id": member_id,
        "identifiers": named(queries.identifiers_of(member_id)),
        "may_unmask": actor_of(request).may("members.unmask"),
    }


def why_panel(request: HttpRequest, member_id: str) -> dict[str, Any]:
    """What the card "why this is one person" shows."""
    graph = queries.link_graph(member_id)
    return {
        "member_id": member_id,
        "graph": graph,
        "option": graph_option(graph) if len(graph.nodes) > 1 else None,
        "reasons": reasons(graph),
        "may_edit": actor_of(request).may("members.edit"),
    }


@requires("members.unmask")
@require_POST
def unmask(request: HttpRequest, member_id: str) -> HttpResponse:
    """The card with everything in the clear, this once; the audit remembers who looked."""
    person, identifiers = operations.unmask_member(actor=actor_of(request), at=now(), member_id=member_id)
    context = {"member_id": member_id, "identifiers": named(identifiers), "person": person}
    answer = render(request, "identity/panel.html", context)
    answer["Cache-Control"] = "no-store"
    return answer


@requires("members.edit")
def merge_form(request: HttpRequest, member_id: str) -> HttpResponse:
    """Find the other member, compare, and merge."""
    if request.method == "POST":
        return _merge(request, member_id)
    text = request.GET.get("q", "").replace("\x00", "")[:200].strip()
    found = [each for each in found_members(text) if each != member_id][:10] if text else []
    candidates = [
        side for side in (named_side(queries.person_side(each)) for each in found) if side.status == "active"
    ]
    context = {
        "side": named_side(queries.person_side(member_id)),
        "text": text,
        "candidates": candidates,
        "found_none": bool(text) and not candidates,
    }
    return render(request, "identity/merge.html", context)


def _merge(request: HttpRequest, member_id: str) -> HttpResponse:
    other = request.POST.get("other", "")
    stays, goes = (other, member_id) if request.POST.get("stays") == other else (member_id, other)
    try:
        operations.merge_members(actor=actor_of(request), at=now(), survivor_id=stays, absorbed_id=goes)
    except Refused as refusal:
        messages.error(request, str(refusal.message))
        return redirect("identity:merge", member_id)
    messages.success(request, _("Merged. You can undo it under “Merges” at any time."))
    return redirect("members:member", stays)


def register() -> None:
    """Put the cards on the page of a member and let members be found by their identifiers."""
    register_member_search(queries.find_members)
    register_member_panel(
        MemberPanel(
            name="identifiers",
            permission="members.view",
            order=10,
            template="identity/panel.html",
            context=panel,
        )
    )
    register_member_panel(
        MemberPanel(
            name="why_one_person",
            permission="members.view",
            order=90,
            template="identity/why.html",
            context=why_panel,
            is_wide=True,
        )
    )
