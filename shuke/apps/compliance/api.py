"""Consents, suppressed addresses, erasures and retention by API."""

from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from ninja import Query, Router, Schema
from pydantic import Field

from shuke.apps.compliance import operations
from shuke.apps.compliance.queries import (
    consents_as_of,
    consents_of,
    decisions_of,
    preference_link,
    suppressions_page,
)
from shuke.apps.compliance.queries.erasures import erasures_page
from shuke.apps.compliance.queries.retention import retention_views
from shuke.apps.compliance.schemas import (
    ConsentView,
    Correction,
    Decision,
    DecisionView,
    ErasureView,
    NewAddress,
    NewDecision,
    NewErasure,
    NewRetention,
    RetentionView,
    SuppressionView,
)
from shuke.apps.members.queries import member
from shuke.platform.clock import now
from shuke.platform.errors import Invalid, NotFound
from shuke.web.api import Page, Paging, paginate, permit
from shuke.web.parsing import Moment

router = Router(tags=["members"])
privacy = Router(tags=["privacy"])


class AsOf(Schema):
    """The two times of a consent."""

    at: Moment | None = Field(None, description="What held at this moment; now if left out.")
    known: Moment | None = Field(None, description="As far as it was known at this moment.")


class Link(Schema):
    """An address."""

    url: str


@router.get("/members/{member_id}/consents", response=list[ConsentView])
def consents(request: HttpRequest, member_id: str, wanted: Query[AsOf]) -> list[ConsentView]:
    """What holds per brand, channel and purpose; with ``at`` and ``known`` what held and was known then."""
    permit(request, "members.view")
    person = member(member_id)
    if wanted.at is None and wanted.known is None:
        return consents_of(person.id)
    return consents_as_of(person.id, at=wanted.at, known=wanted.known)


@router.get("/members/{member_id}/consents/history", response=list[DecisionView])
def history(request: HttpRequest, member_id: str) -> list[DecisionView]:
    """Every decision and correction, newest first, with the text that was shown."""
    permit(request, "members.view")
    return decisions_of(member(member_id).id)


@router.post("/members/{member_id}/consents", response=list[ConsentView])
def decide(request: HttpRequest, member_id: str, decision: NewDecision) -> list[ConsentView]:
    """Write down a decision of the member; answers with what holds now."""
    actor, at = permit(request, "members.edit"), now()
    person = member(member_id)
    if decision.decided_at is not None and decision.decided_at > at:
        message = _("A decision cannot lie in the future.")
        raise Invalid("in_future", message, {"decided_at": [str(message)]})
    told = Decision(
        member_id=person.id,
        channel=decision.channel,
        purpose=decision.purpose,
        state=decision.state,
        decided_at=decision.decided_at or at,
        source="api",
        evidence={"recorded_by": actor.id, "evidence": decision.evidence},
        brand=decision.brand,
        place=decision.place,
        wording=decision.wording,
        language=decision.language,
    )
    operations.record_consents(actor=actor, at=at, decisions=[told])
    return consents_of(person.id)


@router.post("/members/{member_id}/consents/correct", response=list[DecisionView])
def correct(request: HttpRequest, member_id: str, correction: Correction) -> list[DecisionView]:
    """Say what a decision really was, or that there was none; the wrong row stays in the history."""
    actor = permit(request, "members.edit")
    person = member(member_id)
    told = Decision(
        member_id=person.id,
        channel=correction.channel,
        purpose=correction.purpose,
        state=correction.state,
        decided_at=correction.decided_at,
        source="api",
        evidence={"recorded_by": actor.id},
        brand=correction.brand,
    )
    operations.correct_decision(actor=actor, at=now(), decision=told, reason=correction.reason)
    return decisions_of(person.id)


@router.get("/members/{member_id}/preference-link", response=Link)
def link(request: HttpRequest, member_id: str) -> Link:
    """The address of the member's own page; whoever has it can decide for the member."""
    permit(request, "members.edit")
    return Link(url=preference_link(member(member_id).id))


@router.get("/members/{member_id}/export", include_in_schema=False)
def export(request: HttpRequest, member_id: str) -> HttpResponse:
    """Everything held on the member as a ZIP file; the audit notes who took it."""
    actor = permit(request, "members.unmask")
    archive = operations.export_person(actor=actor, at=now(), member_id=member(member_id).id)
    return HttpResponse(archive, content_type="application/zip")


@router.post("/members/{member_id}/erasure", response=ErasureView)
def forget(request: HttpRequest, member_id: str, wanted: NewErasure) -> ErasureView:
    """Ask that the member be forgotten, in the night or now."""
    actor = permit(request, "privacy.edit")
    return operations.request_erasure(
        actor=actor, at=now(), member_id=member(member_id).id, source="api", is_urgent=wanted.is_urgent
    )


@privacy.get("/erasures", response=Page[ErasureView])
def erasures(request: HttpRequest, paging: Annotated[Paging, Query()]) -> dict[str, Any]:
    """Erasures, newest first, with how far each is."""
    permit(request, "privacy.view")
    rows, total = erasures_page(limit=paging.limit, offset=paging.offset)
    return paginate(rows, total, paging)


@privacy.post("/erasures/{erasure_id}/cancel", response=ErasureView)
def take_back(request: HttpRequest, erasure_id: str) -> ErasureView:
    """Take a request back that has not begun."""
    actor = permit(request, "privacy.edit")
    return operations.cancel_erasure(actor=actor, at=now(), erasure_id=erasure_id)


@privacy.get("/suppressed-addresses", response=Page[SuppressionView])
def addresses(request: HttpRequest, paging: Annotated[Paging, Query()]) -> dict[str, Any]:
    """Addresses that get nothing, newest first, as far as they may be shown."""
    permit(request, "privacy.view")
    rows, total = suppressions_page(limit=paging.limit, offset=paging.offset)
    return paginate(rows, total, paging)


@privacy.post("/suppressed-addresses", response={200: None})
def add_address(request: HttpRequest, wanted: NewAddress) -> None:
    """Put an address on the list; twice is once."""
    actor = permit(request, "privacy.edit")
    operations.list_address(
        actor=actor,
        at=now(),
        address=wanted.address,
        channel=wanted.channel,
        reason=wanted.reason,
        source="api",
    )


@privacy.delete("/suppressed-addresses/{entry}", response={200: None})
def remove_address(request: HttpRequest, entry: int) -> None:
    """Take an address off the list."""
    actor = permit(request, "privacy.edit")
    if not operations.remove_address(actor=actor, at=now(), entry=entry):
        raise NotFound("address_not_found", _("There is no such entry."))


@privacy.get("/retention", response=list[RetentionView])
def retention(request: HttpRequest, counted: bool = False) -> list[RetentionView]:
    """Every place with its rule; ``counted`` says how much the next run would delete."""
    permit(request, "privacy.view")
    return retention_views(at=now(), counted=counted)


@privacy.put("/retention", response=list[RetentionView])
def change_retention(request: HttpRequest, wanted: NewRetention) -> list[RetentionView]:
    """Say for how many days a place keeps what it holds."""
    actor = permit(request, "privacy.edit")
    operations.change_retention(actor=actor, at=now(), place=wanted.place, keep_days=wanted.keep_days)
    return retention_views(at=now())


router.add_router("", privacy)
