"""Consents on the page of a member: shown, given and withdrawn."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from shuke.apps.compliance.operations import lift_suppression, record_consents
from shuke.apps.compliance.queries import consents_of, decisions_of, suppressions_of
from shuke.apps.compliance.schemas import Decision
from shuke.apps.members.queries import member
from shuke.platform.clock import now
from shuke.platform.errors import Invalid
from shuke.web.access import actor_of, requires
from shuke.web.labels import label_of
from shuke.web.panels import MemberPanel, register_member_panel

#: Shown even before anybody decided.
OFFERED = (("email", "marketing"),)
STATES = ("granted", "withdrawn")


def panel(request: HttpRequest, member_id: str) -> dict[str, Any]:
    """What the card of consents shows."""
    held = {(row.channel, row.purpose): row for row in consents_of(member_id)}
    rows = [
        {"channel": channel, "purpose": purpose, "consent": held.get((channel, purpose))}
        for channel, purpose in sorted({*OFFERED, *held})
    ]
    return {
        "member_id": member_id,
        "rows": rows,
        "decisions": decisions_of(member_id),
        "suppressions": sorted(suppressions_of(member_id).items()),
        "may_edit": actor_of(request).may("members.edit"),
    }


@requires("members.edit")
@require_POST
def decide(request: HttpRequest, member_id: str) -> HttpResponse:
    """Write down what the member said."""
    person, actor, at = member(member_id), actor_of(request), now()
    channel, purpose, state = (request.POST.get(name, "")[:20] for name in ("channel", "purpose", "state"))
    is_known = (channel, purpose) in {
        *OFFERED,
        *((row.channel, row.purpose) for row in consents_of(member_id)),
    }
    if state not in STATES or not is_known:
        raise Invalid("unknown_consent", _("There is no such consent."), {"channel": [channel]})
    decision = Decision(
        member_id=person.id,
        channel=channel,
        purpose=purpose,
        state=state,
        decided_at=at,
        source="console",
        evidence={"recorded_by": actor.id},
    )
    record_consents(actor=actor, at=at, decisions=[decision])
    words = {"channel": label_of("channel", channel), "state": label_of("consent_state", state)}
    messages.success(request, _("%(channel)s: %(state)s.") % words)
    return redirect("members:member", member_id)


@requires("members.edit")
@require_POST
def lift(request: HttpRequest, member_id: str) -> HttpResponse:
    """Allow a channel again."""
    person = member(member_id)
    channel = request.POST.get("channel", "")[:20]
    lift_suppression(actor=actor_of(request), at=now(), member_id=person.id, channel=channel)
    messages.success(request, _("The channel may be used again."))
    return redirect("members:member", member_id)


def register() -> None:
    """Put the card on the page of a member."""
    register_member_panel(
        MemberPanel(
            name="consents",
            permission="members.view",
            order=20,
            template="compliance/panel.html",
            context=panel,
        )
    )
