"""Campaigns over the API."""

from datetime import datetime
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from shuke.apps.campaigns import operations, queries
from shuke.apps.campaigns.schemas import (
    CampaignInput,
    CampaignReport,
    CampaignRow,
    CampaignView,
    Checklist,
    ContentInput,
    PreviewView,
    Progress,
)
from shuke.platform.clock import business_date, now
from shuke.platform.retailer.queries import retailer
from shuke.web.api import Page, Paging, paginate, permit
from shuke.web.parsing import Moment

router = Router(tags=["campaigns"])


class CampaignFilter(Schema):
    """Which campaigns to list."""

    state: str = ""
    q: str = ""


class ReviewNote(Schema):
    """Why a campaign goes back to its author."""

    note: str = Field("", max_length=500)


class Schedule(Schema):
    """When to send."""

    starts_at: Moment


class TestInput(Schema):
    """A test message: read as this member would, sent to this address (email) or to the console outbox."""

    member_id: str
    address: str = Field("", max_length=254)
    variant: str = "a"
    language: Literal["en", "zh-hans"] = "en"


class TestAnswer(Schema):
    """The test message."""

    message_id: str


class Wanted(Schema):
    """Whose message to preview."""

    member_id: str = ""
    variant: str = "a"
    language: str = ""


@router.get("/campaigns", response=Page[CampaignRow], summary="List campaigns")
def list_campaigns(
    request: HttpRequest, paging: Annotated[Paging, Query()], wanted: Annotated[CampaignFilter, Query()]
) -> dict[str, Any]:
    """Campaigns, the latest first."""
    permit(request, "campaigns.view")
    rows, total = queries.campaigns_page(
        limit=paging.limit, offset=paging.offset, state=wanted.state, text=wanted.q
    )
    return paginate(rows, total, paging)


@router.post("/campaigns", response={201: CampaignView}, summary="Create a campaign")
def create(request: HttpRequest, plan: CampaignInput) -> tuple[int, CampaignView]:
    """A draft."""
    actor = permit(request, "campaigns.edit")
    return 201, operations.create_campaign(actor=actor, at=now(), plan=plan)


@router.get("/campaigns/{campaign_id}", response=CampaignView, summary="One campaign")
def get_campaign(request: HttpRequest, campaign_id: str) -> CampaignView:
    """With its messages and its run."""
    permit(request, "campaigns.view")
    return queries.campaign(campaign_id)


@router.put("/campaigns/{campaign_id}", response=CampaignView, summary="Change a campaign")
def change(request: HttpRequest, campaign_id: str, plan: CampaignInput) -> CampaignView:
    """Voids an approval."""
    actor = permit(request, "campaigns.edit")
    return operations.change_campaign(actor=actor, at=now(), campaign_id=campaign_id, plan=plan)


@router.put("/campaigns/{campaign_id}/contents", response=CampaignView, summary="Write a message")
def write(request: HttpRequest, campaign_id: str, content: ContentInput) -> CampaignView:
    """In one channel, version and language.  Voids an approval."""
    actor = permit(request, "campaigns.edit")
    return operations.write_content(actor=actor, at=now(), campaign_id=campaign_id, content=content)


@router.get("/campaigns/{campaign_id}/checklist", response=Checklist, summary="What stands in the way")
def get_checklist(request: HttpRequest, campaign_id: str) -> Checklist:
    """Counts and checks as of today."""
    permit(request, "campaigns.view")
    return queries.checklist(campaign_id, as_of=business_date(now(), retailer().time_zone))


@router.get("/campaigns/{campaign_id}/preview", response=PreviewView, summary="Preview a message")
def get_preview(request: HttpRequest, campaign_id: str, wanted: Annotated[Wanted, Query()]) -> PreviewView:
    """As this member would read it, with the name masked."""
    permit(request, "campaigns.view")
    return queries.preview_member(
        campaign_id,
        member_id=wanted.member_id,
        at=now(),
        variant=wanted.variant,
        language=wanted.language,
    )


@router.post("/campaigns/{campaign_id}/test", response=TestAnswer, summary="Send a test message")
def send_test(request: HttpRequest, campaign_id: str, wanted: TestInput) -> TestAnswer:
    """Counts nowhere."""
    actor = permit(request, "campaigns.edit")
    return TestAnswer(
        message_id=operations.send_test(
            actor=actor,
            at=now(),
            campaign_id=campaign_id,
            member_id=wanted.member_id,
            address=wanted.address,
            variant=wanted.variant,
            language=wanted.language,
        )
    )


@router.post("/campaigns/{campaign_id}/submit", response=CampaignView, summary="Ask for approval")
def submit(request: HttpRequest, campaign_id: str) -> CampaignView:
    """Refused while the checklist blocks."""
    actor = permit(request, "campaigns.edit")
    return operations.submit_campaign(actor=actor, at=now(), campaign_id=campaign_id)


@router.post("/campaigns/{campaign_id}/approve", response=CampaignView, summary="Approve a campaign")
def approve(request: HttpRequest, campaign_id: str) -> CampaignView:
    """By a person other than the author."""
    actor = permit(request, "campaigns.approve")
    return operations.approve_campaign(actor=actor, at=now(), campaign_id=campaign_id)


@router.post("/campaigns/{campaign_id}/return", response=CampaignView, summary="Return a campaign")
def send_back(request: HttpRequest, campaign_id: str, review: ReviewNote) -> CampaignView:
    """To its author, with a note."""
    actor = permit(request, "campaigns.approve")
    return operations.return_campaign(actor=actor, at=now(), campaign_id=campaign_id, note=review.note)


@router.post("/campaigns/{campaign_id}/schedule", response=CampaignView, summary="Schedule a campaign")
def schedule(request: HttpRequest, campaign_id: str, when: Schedule) -> CampaignView:
    """A time that has passed sends within seconds."""
    actor = permit(request, "campaigns.send")
    starts_at: datetime = when.starts_at
    return operations.schedule_campaign(actor=actor, at=now(), campaign_id=campaign_id, starts_at=starts_at)


@router.post("/campaigns/{campaign_id}/unschedule", response=CampaignView, summary="Take a schedule back")
def unschedule(request: HttpRequest, campaign_id: str) -> CampaignView:
    """To approved."""
    actor = permit(request, "campaigns.send")
    return operations.unschedule_campaign(actor=actor, at=now(), campaign_id=campaign_id)


@router.post("/campaigns/{campaign_id}/stop", response=CampaignView, summary="Stop a campaign")
def stop(request: HttpRequest, campaign_id: str) -> CampaignView:
    """At once; what is still queued is held back."""
    actor = permit(request, "campaigns.send")
    return operations.stop_campaign(actor=actor, at=now(), campaign_id=campaign_id)


@router.post("/campaigns/{campaign_id}/copy", response={201: CampaignView}, summary="Copy a campaign")
def copy(request: HttpRequest, campaign_id: str) -> tuple[int, CampaignView]:
    """A new draft."""
    actor = permit(request, "campaigns.edit")
    return 201, operations.copy_campaign(actor=actor, at=now(), campaign_id=campaign_id)


@router.get("/campaigns/{campaign_id}/progress", response=Progress, summary="How far the sending is")
def get_progress(request: HttpRequest, campaign_id: str) -> Progress:
    """Messages by state."""
    permit(request, "campaigns.view")
    return queries.progress(campaign_id)


@router.get("/campaigns/{campaign_id}/report", response=CampaignReport, summary="What the campaign did")
def get_report(request: HttpRequest, campaign_id: str, cuped: bool = False) -> CampaignReport:
    """Funnel, arms and lift with 95 % intervals; ``cuped`` adjusts by the time before."""
    permit(request, "campaigns.view")
    return queries.campaign_report(campaign_id, at=now(), cuped=cuped)
