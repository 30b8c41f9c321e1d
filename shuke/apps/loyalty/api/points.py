"""Wallets, statements, points by hand and the ledger's verifications over the API."""

from datetime import datetime
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Header, Query, Router, Schema
from pydantic import Field

from shuke.apps.loyalty import operations
from shuke.apps.loyalty.queries.adjustments import adjustment, adjustments
from shuke.apps.loyalty.queries.member_points import lot_stories, member_points, statement_lines
from shuke.apps.loyalty.queries.statements import points_wallet
from shuke.apps.loyalty.queries.types import points_type_row
from shuke.apps.loyalty.queries.verification import heads_at
from shuke.apps.loyalty.queries.verifications import trial_balance, verifications
from shuke.apps.loyalty.schemas import WalletView
from shuke.apps.loyalty.schemas.care import AccountSum, AdjustmentView, VerificationView
from shuke.apps.loyalty.schemas.statement import LotStory, PointsSummary, StatementLine
from shuke.apps.members.queries import member
from shuke.platform.clock import now
from shuke.web.api import Page, Paging, paginate, permit
from shuke.web.parsing import Moment

router = Router(tags=["points"])
IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[!-~]{8,120}$",
        description="A key of this request's own, such as a UUID. The same key again gives the same answer again.",
    ),
]


class NewAdjustment(Schema):
    """Points to give (or, below zero, to take) by hand, and why."""

    member_id: str = Field(max_length=40)
    points_type: str = Field(max_length=20)
    points: int = Field(ge=-(10**12), le=10**12)
    reason: str = Field(min_length=1, max_length=60)
    note: str = Field(default="", max_length=1000)


class AdjustmentDecision(Schema):
    """Approve or reject; ``answer`` says why not."""

    decision: Literal["approve", "reject"]
    answer: str = Field(default="", max_length=1000)


@router.get("/members/{member_id}/points", response=list[PointsSummary])
def list_points(request: HttpRequest, member_id: str) -> list[PointsSummary]:
    """What a member has of every points type, and what ends next."""
    permit(request, "loyalty.view")
    return member_points(member(member_id).id, at=now())


@router.get("/members/{member_id}/points/{points_type}", response=WalletView)
def read_wallet(
    request: HttpRequest, member_id: str, points_type: str, at: Moment | None = None
) -> WalletView:
    """Balances and lots of one points type, now or as of a moment."""
    permit(request, "loyalty.view")
    moment: datetime = at or now()
    return points_wallet(member(member_id).id, points_type=points_type_row(points_type).code, at=moment)


@router.get("/members/{member_id}/points/{points_type}/statement", response=Page[StatementLine])
def list_statement(
    request: HttpRequest, member_id: str, points_type: str, paging: Query[Paging]
) -> dict[str, Any]:
    """Every posting, newest first, with what it did to which lot."""
    permit(request, "loyalty.view")
    items, total = statement_lines(
        member(member_id).id,
        points_type=points_type_row(points_type).code,
        limit=paging.limit,
        offset=paging.offset,
    )
    return paginate(items, total, paging)


@router.get("/members/{member_id}/points/{points_type}/lots", response=Page[LotStory])
def list_lots(
    request: HttpRequest, member_id: str, points_type: str, paging: Query[Paging]
) -> dict[str, Any]:
    """Every lot with what became of its points; those to be used next come first."""
    permit(request, "loyalty.view")
    items, total = lot_stories(
        member(member_id).id,
        points_type=points_type_row(points_type).code,
        at=now(),
        limit=paging.limit,
        offset=paging.offset,
    )
    return paginate(items, total, paging)


@router.post("/points/adjustments", response=AdjustmentView)
def adjust_points(request: HttpRequest, key: IdempotencyKey, body: NewAdjustment) -> AdjustmentView:
    """Give or take points by hand; above the limit of the points type it waits for a second person."""
    actor = permit(request, "points.adjust")
    return operations.request_adjustment(
        actor=actor,
        at=now(),
        key=f"api:{key}",
        member_id=body.member_id,
        points_type=body.points_type,
        points=body.points,
        reason=body.reason,
        note=body.note,
    )


@router.get("/points/adjustments", response=Page[AdjustmentView])
def list_adjustments(
    request: HttpRequest, paging: Query[Paging], state: str = "", member_id: str = ""
) -> dict[str, Any]:
    """Points by hand, newest first; ``state`` waiting, posted or rejected."""
    permit(request, "loyalty.view")
    items, total = adjustments(state=state, member_id=member_id, limit=paging.limit, offset=paging.offset)
    return paginate(items, total, paging)


@router.get("/points/adjustments/{adjustment_id}", response=AdjustmentView)
def read_adjustment(request: HttpRequest, adjustment_id: str) -> AdjustmentView:
    """One of them."""
    permit(request, "loyalty.view")
    return adjustment(adjustment_id)


@router.post("/points/adjustments/{adjustment_id}/decision", response=AdjustmentView)
def decide_adjustment(request: HttpRequest, adjustment_id: str, body: AdjustmentDecision) -> AdjustmentView:
    """Approve or reject what waits.  Refuses programs and the one who asked."""
    actor = permit(request, "points.approve")
    if body.decision == "approve":
        return operations.approve_adjustment(actor=actor, at=now(), adjustment_id=adjustment_id)
    return operations.reject_adjustment(
        actor=actor, at=now(), adjustment_id=adjustment_id, answer=body.answer
    )


@router.get("/points/ledger/verifications", response=list[VerificationView])
def list_verifications(request: HttpRequest) -> list[VerificationView]:
    """The newest looks at the whole ledger, with each check."""
    permit(request, "loyalty.view")
    return verifications()


@router.get("/points/ledger/heads", response=dict[str, str])
def read_heads(request: HttpRequest) -> dict[str, str]:
    """The head of every wallet's chain, to be kept elsewhere: ``<wallet>:<number>`` → hash."""
    permit(request, "loyalty.view")
    return heads_at(now())


@router.get("/points/ledger/trial-balance", response=list[AccountSum])
def read_trial_balance(request: HttpRequest) -> list[AccountSum]:
    """The sum of every account by points type."""
    permit(request, "loyalty.view")
    return trial_balance()
