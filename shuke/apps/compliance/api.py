"""Consents by API."""

from django.http import HttpRequest
from ninja import Router

from shuke.apps.compliance.operations import record_consents
from shuke.apps.compliance.queries import consents_of
from shuke.apps.compliance.schemas import ConsentView, Decision, NewDecision
from shuke.apps.members.queries import member
from shuke.platform.clock import now
from shuke.web.api import permit

router = Router(tags=["members"])


@router.get("/members/{member_id}/consents", response=list[ConsentView])
def consents(request: HttpRequest, member_id: str) -> list[ConsentView]:
    """The newest decision per channel and purpose."""
    permit(request, "members.view")
    return consents_of(member(member_id).id)


@router.post("/members/{member_id}/consents", response=list[ConsentView])
def decide(request: HttpRequest, member_id: str, decision: NewDecision) -> list[ConsentView]:
    """Write down a decision of the member; answers with what holds now."""
    actor, at = permit(request, "members.edit"), now()
    person = member(member_id)
    told = Decision(
        member_id=person.id,
        channel=decision.channel,
        purpose=decision.purpose,
        state=decision.state,
        decided_at=at,
        source="api",
        evidence={"recorded_by": actor.id, "evidence": decision.evidence},
    )
    record_consents(actor=actor, at=at, decisions=[told])
    return consents_of(person.id)
