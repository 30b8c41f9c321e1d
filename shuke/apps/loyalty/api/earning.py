"""Earning rules, quotes and events over the API."""

from typing import Annotated

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from ninja import Header, Path, Router, Schema
from pydantic import Field

from shuke.apps.loyalty import operations
from shuke.apps.loyalty.queries import earning as queries
from shuke.apps.loyalty.queries.earning_plans import earning_version, earning_versions
from shuke.apps.loyalty.rules.earning import Line, Purchase
from shuke.apps.loyalty.schemas import Request
from shuke.apps.loyalty.schemas.earning import (
    EarningQuote,
    EarningRules,
    EarningVersionView,
    EventEarningView,
    OrderEarningView,
)
from shuke.apps.members.queries import member
from shuke.platform.clock import business_date, now
from shuke.platform.errors import NotFound
from shuke.platform.retailer.queries import retailer
from shuke.web.api import permit
from shuke.web.parsing import Day, Moment

router = Router(tags=["earning"])
IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[!-~]{8,120}$",
        description="A key of this event's own, such as a UUID. The same key again earns nothing again.",
    ),
]
Amount = Annotated[int, Field(ge=0, le=10**12)]
Word = Annotated[str, Field(max_length=200)]


class QuotedLine(Schema):
    """A line of a basket; amounts in the smallest coin, for the whole quantity."""

    line_no: int = Field(ge=1, le=10**6)
    product_id: Word = ""
    paid_minor: Amount
    list_minor: Amount | None = None
    voucher_minor: Amount = 0
    department: Word = ""
    category: Word = ""
    brand: Word = ""
    quantity: int = Field(default=1, ge=1, le=10**6)


class QuotedPurchase(Schema):
    """A basket, and whose it is (empty: somebody without a tier)."""

    member_id: str = Field(default="", max_length=40)
    lines: list[QuotedLine] = Field(min_length=1, max_length=500)
    sales_channel: str = Field(default="store", max_length=40)
    store_id: str = Field(default="", max_length=120)
    on: Day | None = None


class DraftRules(Schema):
    """All rules of the draft; they take the place of those that were there."""

    body: EarningRules
    note: str = Field(default="", max_length=200)


class Publication(Schema):
    """From when on the draft holds; at once if it is left out."""

    starts_at: Moment | None = None
    note: str = Field(default="", max_length=200)


class NewEvent(Schema):
    """Something a member did, by the name that the rules use, such as ``Checked In``."""

    member_id: str = Field(max_length=40)
    event: str = Field(min_length=1, max_length=100)
    occurred_at: Moment | None = None


@router.get("/earning/versions", response=list[EarningVersionView])
def list_versions(request: HttpRequest) -> list[EarningVersionView]:
    """All versions of the rules, the draft first, then the newest."""
    permit(request, "loyalty.view")
    return earning_versions()


@router.get("/earning/versions/{number}", response=EarningVersionView)
def read_version(
    request: HttpRequest, number: Annotated[int, Path(ge=1, le=2**31 - 1)]
) -> EarningVersionView:
    """One version of the rules."""
    permit(request, "loyalty.view")
    return earning_version(number)


@router.put("/earning/draft", response=EarningVersionView)
def write_draft(request: HttpRequest, draft: DraftRules) -> EarningVersionView:
    """Put rules into the draft; nothing is earned by them before they are published."""
    actor = permit(request, "loyalty.edit")
    return operations.write_rules(actor=actor, at=now(), body=draft.body, note=draft.note)


@router.delete("/earning/draft", response={204: None})
def discard_draft(request: HttpRequest) -> tuple[int, None]:
    """Throw the draft away."""
    actor = permit(request, "loyalty.edit")
    operations.discard_draft(actor=actor)
    return 204, None


@router.post("/earning/draft/publish", response=EarningVersionView)
def publish_draft(request: HttpRequest, publication: Publication) -> EarningVersionView:
    """Let the draft hold from a moment on; a published version never changes."""
    actor = permit(request, "loyalty.edit")
    return operations.publish_rules(
        actor=actor, at=now(), starts_at=publication.starts_at, note=publication.note
    )


@router.post("/earning/quote", response=EarningQuote)
def quote_purchase(request: HttpRequest, basket: QuotedPurchase) -> EarningQuote:
    """What a basket would earn now, by rule and line; writes nothing."""
    permit(request, "loyalty.view")
    at = now()
    lines = [
        Line(**line.model_dump(exclude={"list_minor"}), list_minor=line.paid_minor + line.voucher_minor)
        if line.list_minor is None
        else Line(**line.model_dump())
        for line in basket.lines
    ]
    purchase = Purchase(
        lines=lines,
        on=basket.on or business_date(at, retailer().time_zone),
        sales_channel=basket.sales_channel,
        store_id=basket.store_id,
    )
    member_id = member(basket.member_id).id if basket.member_id else ""
    return queries.earning_quote(purchase, member_id=member_id, at=at)


@router.post("/earning/events", response=EventEarningView)
def tell_event(request: HttpRequest, event: NewEvent, key: IdempotencyKey) -> EventEarningView:
    """Give what an event earns, within the limits of its rules."""
    actor = permit(request, "checkout.edit")
    return operations.award_event(
        request=Request(key=f"api:{key}", actor=actor.name, at=now()),
        member_id=member(event.member_id).id,
        event=event.event,
        occurred_at=event.occurred_at,
    )


@router.get("/earning/orders/{order_id}", response=OrderEarningView)
def read_order(request: HttpRequest, order_id: str) -> OrderEarningView:
    """What an order has earned, and what is left of it after returns."""
    permit(request, "loyalty.view")
    found = queries.order_earning(order_id)
    if found is None:
        raise NotFound("order_earned_nothing", _("No points are recorded for this order."))
    return found
