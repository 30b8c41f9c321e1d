"""Benefits and paid membership over the API."""

from datetime import date
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from shuke.apps.loyalty.operations.benefit_terms import publish_benefits, save_benefit_draft
from shuke.apps.loyalty.operations.benefits import return_benefits, use_benefit
from shuke.apps.loyalty.operations.plans import (
    buy_membership,
    cancel_membership,
    refund_membership,
    renew_membership,
    save_plan,
)
from shuke.apps.loyalty.queries.benefit_costs import benefit_costs
from shuke.apps.loyalty.queries.benefit_terms import benefit_usage, benefit_versions
from shuke.apps.loyalty.queries.benefits import benefit_uses, benefits_of
from shuke.apps.loyalty.queries.plans import paid_terms, plan_figures, plans
from shuke.apps.loyalty.schemas import (
    BenefitCosts,
    BenefitReservation,
    BenefitTermsView,
    BenefitUsage,
    BenefitUseView,
    MemberBenefits,
    PaidOutcome,
    PaidTermView,
    PlanFigures,
    PlanView,
    Request,
)
from shuke.apps.members.queries import member
from shuke.platform.clock import business_date, now
from shuke.platform.retailer.queries import retailer
from shuke.web.api import permit
from shuke.web.parsing import Day

router = Router(tags=["benefits"])
Key = Field(min_length=8, max_length=120, pattern=r"^[\x21-\x7e]+$")
Text = Field("", max_length=120, pattern=r"^[^\x00-\x1f]*$")


class CellInput(Schema):
    """How much a column has of a benefit; what a kind does not use stays empty."""

    numerator: int = Field(0, ge=0, le=10**6)
    denominator: int = Field(1, ge=1, le=10**6)
    from_minor: int = Field(0, ge=0, le=10**15)
    count: int | None = Field(None, ge=0, le=10**6)
    points: int = Field(0, ge=0, le=10**9)
    points_type: str = Field("", max_length=20, pattern=r"^[^\x00-\x1f]*$")
    voucher: str = Text
    window: Literal["day", "week", "month"] = "day"
    text: str = Text


class BenefitInput(Schema):
    """A row of the terms: ``cells`` by column: ``*``, a tier's code, or ``plan:<code>``."""

    code: str = Field(min_length=1, max_length=40, pattern=r"^[a-z0-9_-]+$")
    kind: Literal["discount", "points", "shipping", "priority", "trial", "adviser", "birthday", "other"]
    period: Literal["", "month", "year", "membership_year"] = ""
    names: dict[Literal["en", "zh-hans"], str] = Field(default_factory=dict)
    texts: dict[Literal["en", "zh-hans"], str] = Field(default_factory=dict)
    cells: dict[str, CellInput] = Field(default_factory=dict)


class TermsInput(Schema):
    """The whole table."""

    benefits: list[BenefitInput] = Field(max_length=100)


class PublishInput(Schema):
    """The first day."""

    starts_on: Day


class UseInput(Schema):
    """A use to record, once by its key."""

    key: str = Key
    code: str = Field(min_length=1, max_length=40, pattern=r"^[^\x00-\x1f]+$")
    quantity: int = Field(1, ge=1, le=1000)
    note: str = Text


class ReturnInput(Schema):
    """Uses of ``key`` to give back, once by ``return_key``."""

    key: str = Key
    return_key: str = Key
    uses: dict[str, Annotated[int, Field(ge=1, le=1_000_000)]] = Field(min_length=1, max_length=20)


class PlanInput(Schema):
    """A paid membership; what changes holds for later sales."""

    names: dict[Literal["en", "zh-hans"], str] = Field(min_length=1)
    price_minor: int = Field(ge=0, le=10**12)
    months: int = Field(12, ge=1, le=120)
    tier: str = Field("", max_length=40, pattern=r"^[^\x00-\x1f]*$")
    refund_full_days: int = Field(0, ge=0, le=365)
    refund_after: Literal["pro_rata", "none"] = "none"
    is_on_sale: bool = True


class SaleInput(Schema):
    """What to do with a member's paid membership, once by its key; ``reference`` names the payment."""

    key: str = Key
    plan: str = Field(min_length=1, max_length=40, pattern=r"^[^\x00-\x1f]+$")
    act: Literal["buy", "renew", "cancel", "refund"]
    reference: str = Text


def _today() -> date:
    return business_date(now(), retailer().time_zone)


@router.get("/benefits", response=list[BenefitTermsView])
def list_benefit_versions(request: HttpRequest) -> list[BenefitTermsView]:
    """All versions of the terms, the newest first; a draft is among them."""
    permit(request, "loyalty.view")
    return benefit_versions()


@router.put("/benefits/draft", response=BenefitTermsView)
def write_benefit_draft(request: HttpRequest, body: TermsInput) -> BenefitTermsView:
    """Replace the draft."""
    actor = permit(request, "loyalty.edit")
    return save_benefit_draft(actor=actor, at=now(), benefits=[row.model_dump() for row in body.benefits])


@router.post("/benefits/draft/publish", response=BenefitTermsView)
def publish_benefit_draft(request: HttpRequest, body: PublishInput) -> BenefitTermsView:
    """Let the draft hold from a day on, today at the earliest."""
    actor = permit(request, "loyalty.edit")
    return publish_benefits(actor=actor, at=now(), starts_on=body.starts_on)


@router.get("/benefits/usage", response=list[BenefitUsage])
def list_benefit_usage(request: HttpRequest) -> list[BenefitUsage]:
    """Uses of each benefit in its running period."""
    permit(request, "loyalty.view")
    return benefit_usage(today=_today())


@router.get("/members/{member_id}/benefits", response=MemberBenefits)
def read_member_benefits(request: HttpRequest, member_id: str) -> MemberBenefits:
    """What the member has now, and what is left."""
    permit(request, "loyalty.view")
    return benefits_of(member_id, at=now())


@router.get("/members/{member_id}/benefits/uses", response=list[BenefitUseView])
def list_member_uses(request: HttpRequest, member_id: str) -> list[BenefitUseView]:
    """The last hundred recorded uses, newest first."""
    permit(request, "loyalty.view")
    return benefit_uses(member(member_id).id, limit=100)


@router.post("/members/{member_id}/benefits/uses", response=BenefitReservation)
def record_benefit_use(request: HttpRequest, member_id: str, body: UseInput) -> BenefitReservation:
    """Record a use at once."""
    actor = permit(request, "loyalty.edit")
    return use_benefit(**body.model_dump(), member_id=member_id, at=now(), actor=actor.id)


@router.post("/benefits/uses/return", response=BenefitReservation)
def return_benefit_uses(request: HttpRequest, body: ReturnInput) -> BenefitReservation:
    """Give recorded uses back to the period they came from."""
    permit(request, "loyalty.edit")
    return return_benefits(**body.model_dump(), at=now())


@router.get("/plans", response=list[PlanView])
def list_plans(request: HttpRequest) -> list[PlanView]:
    """All paid memberships, those on sale first."""
    permit(request, "loyalty.view")
    return plans()


@router.get("/plans/figures", response=list[PlanFigures])
def list_plan_figures(request: HttpRequest) -> list[PlanFigures]:
    """Members and revenue of each."""
    permit(request, "loyalty.view")
    return plan_figures(today=_today())


@router.put("/plans/{plan}", response=PlanView)
def write_plan(request: HttpRequest, plan: str, body: PlanInput) -> PlanView:
    """Put one on sale, or change it for later sales."""
    actor = permit(request, "loyalty.edit")
    return save_plan(actor=actor, at=now(), code=plan, **body.model_dump())


@router.get("/members/{member_id}/memberships", response=list[PaidTermView])
def list_member_terms(request: HttpRequest, member_id: str) -> list[PaidTermView]:
    """The paid periods of a member, the latest first."""
    permit(request, "loyalty.view")
    return paid_terms(member(member_id).id, today=_today())


@router.post("/members/{member_id}/memberships", response=PaidOutcome)
def change_membership(request: HttpRequest, member_id: str, body: SaleInput) -> PaidOutcome:
    """Sell, extend, cancel or refund."""
    actor = permit(request, "members.edit")
    asked: dict[str, Any] = {
        "request": Request(key=body.key, actor=actor.id, at=now()),
        "actor": actor,
        "member_id": member_id,
        "plan": body.plan,
    }
    if body.act == "cancel":
        return cancel_membership(**asked)
    act = {"buy": buy_membership, "renew": renew_membership, "refund": refund_membership}[body.act]
    return act(**asked, reference=body.reference)


class CostsWanted(Schema):
    """A calendar year; the running one by default."""

    year: int | None = Field(None, ge=2000, le=2200)


@router.get("/benefits/costs", response=BenefitCosts, summary="What each tier's benefits cost")
def read_benefit_costs(request: HttpRequest, wanted: Annotated[CostsWanted, Query()]) -> BenefitCosts:
    """In a calendar year, by part and per member of the tier; from receipts, gifts and recorded uses."""
    permit(request, "finance.view")
    at = now()
    year = wanted.year or business_date(at, retailer().time_zone).year
    return benefit_costs(year, at=at)
