"""Consents on the page of a member, and the member's own rights: a copy, and to be forgotten."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from shuke.apps.compliance.operations import (
    correct_decision,
    export_person,
    lift_suppression,
    record_consents,
    request_erasure,
)
from shuke.apps.compliance.queries import asks, brand_names, consents_of, decisions_of, suppressions_of
from shuke.apps.compliance.queries.erasures import erasure_of
from shuke.apps.compliance.queries.preferences import preference_link
from shuke.apps.compliance.schemas import Decision
from shuke.apps.members.queries import member
from shuke.platform.clock import now
from shuke.platform.errors import Invalid
from shuke.web.access import actor_of, requires
from shuke.web.labels import label_of
from shuke.web.panels import MemberPanel, register_member_panel

#: Shown even before anybody decided.
OFFERED = (("", "email", "marketing"),)
STATES = ("granted", "withdrawn")
About = tuple[str, str, str]


def _shown(member_id: str) -> dict[About, Any]:
    """What can be decided on the page: what is offered, and what was decided before."""
    offered = [(ask.brand, ask.channel, ask.purpose) for ask in asks(only_offered=True)]
    held = {(row.brand, row.channel, row.purpose): row for row in consents_of(member_id)}
    return {about: held.get(about) for about in sorted({*OFFERED, *offered, *held})}


def panel(request: HttpRequest, member_id: str) -> dict[str, Any]:
    """What the card of consents shows."""
    actor, names = actor_of(request), brand_names()
    rows = [
        {
            "brand": brand,
            "brand_name": names.get(brand, brand),
            "channel": channel,
            "purpose": purpose,
            "consent": held,
        }
        for (brand, channel, purpose), held in _shown(member_id).items()
    ]
    return {
        "member_id": member_id,
        "rows": rows,
        "decisions": decisions_of(member_id),
        "suppressions": sorted(suppressions_of(member_id).items()),
        "may_edit": actor.may("members.edit"),
        "may_unmask": actor.may("members.unmask"),
        "may_erase": actor.may("privacy.edit"),
        "erasure": erasure_of(member_id),
        "preference_link": preference_link(member_id) if actor.may("members.edit") else "",
    }


def _about(request: HttpRequest, member_id: str) -> About:
    brand, channel, purpose = (request.POST.get(name, "")[:40] for name in ("brand", "channel", "purpose"))
    if (brand, channel, purpose) not in _shown(member_id):
        raise Invalid("unknown_consent", _("There is no such consent."), {"channel": [channel]})
    return brand, channel, purpose


@requires("members.edit")
@require_POST
def decide(request: HttpRequest, member_id: str) -> HttpResponse:
    """Write down what the member said."""
    person, actor, at = member(member_id), actor_of(request), now()
    brand, channel, purpose = _about(request, member_id)
    state = request.POST.get("state", "")
    if state not in STATES:
        raise Invalid("unknown_consent", _("There is no such consent."), {"state": [state[:20]]})
    decision = Decision(
        member_id=person.id,
        channel=channel,
        purpose=purpose,
        state=state,
        decided_at=at,
        source="console",
        evidence={"recorded_by": actor.id},
        brand=brand,
        place="console",
    )
    record_consents(actor=actor, at=at, decisions=[decision])
    words = {"channel": label_of("channel", channel), "state": label_of("consent_state", state)}
    messages.success(request, _("%(channel)s: %(state)s.") % words)
    return redirect("members:member", member_id)


@requires("members.edit")
@require_POST
def correct(request: HttpRequest, member_id: str) -> HttpResponse:
    """Say that a decision was never made: it stays in the history, and counts no more."""
    person, actor = member(member_id), actor_of(request)
    brand, channel, purpose = (request.POST.get(name, "")[:40] for name in ("brand", "channel", "purpose"))
    decision = Decision(
        member_id=person.id,
        channel=channel,
        purpose=purpose,
        state="void",
        decided_at=_moment(request.POST.get("decided_at", "")),
        source="console",
        evidence={"recorded_by": actor.id},
        brand=brand,
    )
    reason = request.POST.get("reason", "")[:200]
    correct_decision(actor=actor, at=now(), decision=decision, reason=reason)
    messages.success(request, _("The decision counts no more; it stays in the history."))
    return redirect("members:member", member_id)


def _moment(text: str) -> datetime:
    try:
        found = parse_datetime(text[:40])
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise Invalid("unknown_decision", _("There is no decision of that moment to correct."), {})
    return found


@requires("members.edit")
@require_POST
def lift(request: HttpRequest, member_id: str) -> HttpResponse:
    """Allow a channel again."""
    person = member(member_id)
    channel = request.POST.get("channel", "")[:20]
    lift_suppression(actor=actor_of(request), at=now(), member_id=person.id, channel=channel)
    messages.success(request, _("The channel may be used again."))
    return redirect("members:member", member_id)


@requires("members.unmask")
@require_POST
def export(request: HttpRequest, member_id: str) -> HttpResponse:
    """Everything held on the member, as a file for the member."""
    archive = export_person(actor=actor_of(request), at=now(), member_id=member(member_id).id)
    answer = HttpResponse(archive, content_type="application/zip")
    answer["Content-Disposition"] = f'attachment; filename="{member(member_id).id}.zip"'
    answer["Cache-Control"] = "no-store"
    return answer


@requires("privacy.edit")
@require_POST
def erase(request: HttpRequest, member_id: str) -> HttpResponse:
    """Ask that the member be forgotten, tonight or at once."""
    is_urgent = request.POST.get("when") == "now"
    request_erasure(actor=actor_of(request), at=now(), member_id=member_id, is_urgent=is_urgent)
    said = _("The erasure has begun.") if is_urgent else _("The member will be forgotten tonight.")
    messages.success(request, said)
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
