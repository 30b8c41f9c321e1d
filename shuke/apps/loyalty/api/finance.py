"""Points in the books over the API."""

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from shuke.apps.loyalty.operations.finance import set_points_cost
from shuke.apps.loyalty.queries import finance
from shuke.apps.loyalty.schemas.finance import (
    FinanceReport,
    JournalLineView,
    PointsCostView,
    RollForwardMonth,
    WhatIf,
)
from shuke.platform.clock import now
from shuke.web.api import permit
from shuke.web.parsing import Day, Moment

router = Router(tags=["points finance"])


class Question(Schema):
    """Another cost (``minor`` per ``points``), another life in months, or both."""

    minor: int | None = Field(None, ge=0, le=10**15)
    points: int = Field(1, ge=1, le=10**9)
    months: int | None = Field(None, ge=1, le=120)
    notice_days: int = Field(0, ge=0, le=730)


class NewCost(Schema):
    """From the month of that day on, so many minor units per so many points."""

    valid_from: Day
    minor: int = Field(ge=0, le=10**15)
    points: int = Field(ge=1, le=10**9)


@router.get("/{points_type}", response=FinanceReport)
def read_finance(request: HttpRequest, points_type: str, at: Moment | None = None) -> FinanceReport:
    """Liability, roll-forward, cohorts and curves as of a moment (now by default)."""
    permit(request, "finance.view")
    return finance.finance_report(points_type=points_type, at=min(at or now(), now()))


@router.get("/{points_type}/months", response=list[RollForwardMonth])
def list_months(request: HttpRequest, points_type: str, at: Moment | None = None) -> list[RollForwardMonth]:
    """The roll-forward as of a moment, oldest month first."""
    permit(request, "finance.view")
    return finance.roll_forward(points_type=points_type, at=min(at or now(), now()))


@router.get("/{points_type}/journal", response=list[JournalLineView])
def list_bookings(
    request: HttpRequest, points_type: str, first: Day | None = None, last: Day | None = None
) -> list[JournalLineView]:
    """The bookings of every month from ``first`` through ``last``."""
    permit(request, "finance.view")
    return finance.journal_lines(points_type=points_type, at=now(), first=first, last=last)


@router.get("/{points_type}/what-if", response=WhatIf)
def ask_what_if(request: HttpRequest, points_type: str, question: Query[Question]) -> WhatIf:
    """What the liability would become; nothing is changed."""
    permit(request, "finance.view")
    return finance.what_if(points_type=points_type, at=now(), **question.dict())


@router.post("/{points_type}/costs", response=PointsCostView)
def set_cost(request: HttpRequest, points_type: str, body: NewCost) -> PointsCostView:
    """Set what a point costs from a month on."""
    actor = permit(request, "loyalty.edit")
    permit(request, "finance.view")
    return set_points_cost(actor=actor, at=now(), points_type=points_type, **body.dict())
