"""Data quality over the API."""

from typing import Any, Literal

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from shuke.apps.quality import queries
from shuke.apps.quality.operations import correct, decide, revert
from shuke.apps.quality.schemas import CorrectionView, IssueView, SourceQuality
from shuke.platform.clock import business_date, now
from shuke.platform.retailer.queries import retailer
from shuke.web.api import Page, Paging, paginate, permit

router = Router(tags=["quality"])


class Decision(Schema):
    """accepted: it is right so; ignored: not worth it; open: take the decision back."""

    decision: Literal["accepted", "ignored", "open"]


class NewValue(Schema):
    """The value to set; money in the smallest coin."""

    value: str = Field(max_length=500)


@router.get("/quality/sources", response=list[SourceQuality])
def list_sources(request: HttpRequest) -> list[SourceQuality]:
    """Scores of all accounts over time, the worst first."""
    permit(request, "imports.view")
    return queries.sources(today=business_date(now(), retailer().time_zone))


@router.get("/quality/issues", response=Page[IssueView])
def list_issues(
    request: HttpRequest, paging: Query[Paging], state: str = "open", rule: str = "", account: str = ""
) -> dict[str, Any]:
    """Issues, the heaviest of each rule first."""
    permit(request, "imports.view")
    items, total = queries.issues_page(
        state=state, rule=rule, account_id=account, limit=paging.limit, offset=paging.offset
    )
    return paginate(items, total, paging)


@router.get("/quality/issues/{issue_id}", response=IssueView)
def read_issue(request: HttpRequest, issue_id: str) -> IssueView:
    """One issue."""
    permit(request, "imports.view")
    return queries.issue(issue_id)


@router.post("/quality/issues/{issue_id}/decide", response=IssueView)
def decide_issue(request: HttpRequest, issue_id: str, body: Decision) -> IssueView:
    """Accept, ignore or open an issue."""
    actor = permit(request, "imports.edit")
    return decide(actor=actor, at=now(), issue_id=issue_id, decision=body.decision)


@router.post("/quality/issues/{issue_id}/correct", response=CorrectionView)
def correct_issue(request: HttpRequest, issue_id: str, body: NewValue) -> CorrectionView:
    """Set the value that an issue is about."""
    actor = permit(request, "imports.edit")
    return correct(actor=actor, at=now(), issue_id=issue_id, value=body.value)


@router.get("/quality/corrections", response=Page[CorrectionView])
def list_corrections(request: HttpRequest, paging: Query[Paging], issue: str = "") -> dict[str, Any]:
    """Corrections newest first, of one issue where given."""
    permit(request, "imports.view")
    items, total = queries.corrections_page(issue_id=issue, limit=paging.limit, offset=paging.offset)
    return paginate(items, total, paging)


@router.post("/quality/corrections/{correction_id}/revert", response=CorrectionView)
def revert_correction(request: HttpRequest, correction_id: str) -> CorrectionView:
    """Put back what was there before a correction."""
    actor = permit(request, "imports.edit")
    return revert(actor=actor, at=now(), correction_id=correction_id)
