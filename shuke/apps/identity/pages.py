"""Identifiers on the page of a member: masked, and shown in full to who may, with a trace."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from shuke.apps.identity.operations import unmask_member
from shuke.apps.identity.queries import find_members, identifiers_of
from shuke.platform.clock import now
from shuke.web.access import actor_of, requires
from shuke.web.panels import MemberPanel, register_member_panel, register_member_search


def panel(request: HttpRequest, member_id: str) -> dict[str, Any]:
    """What the card of identifiers shows."""
    return {
        "member_id": member_id,
        "identifiers": identifiers_of(member_id),
        "may_unmask": actor_of(request).may("members.unmask"),
    }


@requires("members.unmask")
@require_POST
def unmask(request: HttpRequest, member_id: str) -> HttpResponse:
    """The card with everything in the clear, this once; the audit remembers who looked."""
    person, identifiers = unmask_member(actor=actor_of(request), at=now(), member_id=member_id)
    context = {"member_id": member_id, "identifiers": identifiers, "person": person}
    answer = render(request, "identity/panel.html", context)
    answer["Cache-Control"] = "no-store"
    return answer


def register() -> None:
    """Put the card on the page of a member and let members be found by their identifiers."""
    register_member_search(find_members)
    register_member_panel(
        MemberPanel(
            name="identifiers",
            permission="members.view",
            order=10,
            template="identity/panel.html",
            context=panel,
        )
    )
