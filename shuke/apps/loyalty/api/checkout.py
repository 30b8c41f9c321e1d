"""The checkout over the API: what tills and web shops call."""

from collections.abc import Iterable
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from ninja import Header, Path, Query, Router, Schema, Status
from pydantic import Field

from shuke.apps.loyalty.operations.checkout import (
    Call,
    commit_reservation,
    release_reservation,
    reserve_basket,
    return_goods,
)
from shuke.apps.loyalty.queries.checkout import (
    evaluate,
    member_wanted,
    points_rates,
    receipt,
    receipt_of_order,
    reservation,
)
from shuke.apps.loyalty.schemas import (
    CallOutcome,
    CheckoutRequest,
    CommitRequest,
    PointsRateView,
    Quote,
    ReceiptView,
    ReservationRequest,
    ReservationView,
    ReturnRequest,
    ReturnView,
)
from shuke.apps.promotions.operations import count_wrong_codes
from shuke.apps.promotions.schemas import VoucherRefusal
from shuke.platform.clock import now
from shuke.platform.errors import Refused
from shuke.platform.permissions import Actor
from shuke.web.api import permit

router = Router(tags=["checkout"])
IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[!-~]{8,120}$",
        description="A key of this call's own, such as a UUID. The same key again gives the same answer again.",
    ),
]
Id = Annotated[str, Path(max_length=40)]


class OrderWanted(Schema):
    """Which receipt: by the order id that was given at the commit."""

    order_id: str = Field(min_length=1, max_length=200)


def _call(actor: Actor, key: str) -> Call:
    return Call(key=key, actor=actor.name, at=now())


def _typist(actor: Actor) -> str:
    """Who types voucher codes, for the limit on wrong ones."""
    return f"{actor.kind}:{actor.id}"


def _count_wrong_codes(actor: Actor, not_applied: Iterable[dict[str, Any]]) -> None:
    refusals = [
        VoucherRefusal(code=item["code"], message=item["message"], hint=item["index"] or 0)
        for item in not_applied
        if item["subject"] == "voucher"
    ]
    if refusals:
        count_wrong_codes(who=_typist(actor), refusals=refusals, at=now())


def _told(response: HttpResponse, outcome: CallOutcome, *, status: int) -> Status[Any]:
    if outcome.outcome == "replayed":
        response.headers["Idempotency-Replayed"] = "true"
    return Status(status, outcome.answer)


@router.post("/evaluate", response=Quote, summary="What a basket costs")
def evaluate_basket(request: HttpRequest, body: CheckoutRequest) -> Quote:
    """Every deduction of every line and why, what does not apply and why, and what would be earned.

    Holds nothing.  The answer's ``quote_hash`` goes with the reservation.
    """
    actor = permit(request, "checkout.edit")
    quote = evaluate(body, member_id=member_wanted(body.member), at=now(), who=_typist(actor))
    _count_wrong_codes(actor, (item.model_dump() for item in quote.not_applied))
    return quote


@router.post("/reservations", response={201: ReservationView}, summary="Hold what a basket needs")
def add_reservation(
    request: HttpRequest, response: HttpResponse, body: ReservationRequest, key: IdempotencyKey
) -> Status[Any]:
    """Points, vouchers and benefit uses together or not at all, until the reservation's end."""
    actor = permit(request, "checkout.edit")
    member_id = member_wanted(body.member)
    try:
        outcome = reserve_basket(
            call=_call(actor, key), request=body, member_id=member_id, who=_typist(actor)
        )
    except Refused as refusal:
        if refusal.code == "quote_changed":
            _count_wrong_codes(actor, refusal.details["quote"]["not_applied"])
        raise
    return _told(response, outcome, status=201)


@router.get("/reservations/{reservation_id}", response=ReservationView, summary="One reservation")
def read_reservation(request: HttpRequest, reservation_id: Id) -> ReservationView:
    """As of now."""
    permit(request, "checkout.edit")
    return reservation(reservation_id, at=now())


@router.post(
    "/reservations/{reservation_id}/commit", response={201: ReceiptView}, summary="The basket is paid"
)
def commit(
    request: HttpRequest,
    response: HttpResponse,
    reservation_id: Id,
    body: CommitRequest,
    key: IdempotencyKey,
) -> Status[Any]:
    """What was held is used, points are earned; the answer is the receipt."""
    actor = permit(request, "checkout.edit")
    outcome = commit_reservation(call=_call(actor, key), reservation_id=reservation_id, request=body)
    return _told(response, outcome, status=201)


@router.post(
    "/reservations/{reservation_id}/release", response=ReservationView, summary="Let a reservation go"
)
def release(
    request: HttpRequest, response: HttpResponse, reservation_id: Id, key: IdempotencyKey
) -> Status[Any]:
    """What was held is free again at once."""
    actor = permit(request, "checkout.edit")
    outcome = release_reservation(call=_call(actor, key), reservation_id=reservation_id)
    return _told(response, outcome, status=200)


@router.get("/receipts", response=ReceiptView, summary="The receipt of an order")
def read_receipt_of_order(request: HttpRequest, wanted: Annotated[OrderWanted, Query()]) -> ReceiptView:
    """For a till that lost the answer to its commit, and its key."""
    permit(request, "checkout.edit")
    return receipt_of_order(wanted.order_id)


@router.get("/receipts/{receipt_id}", response=ReceiptView, summary="One receipt")
def read_receipt(request: HttpRequest, receipt_id: Id) -> ReceiptView:
    """With its stored allocation and its returns."""
    permit(request, "checkout.edit")
    return receipt(receipt_id)


@router.post("/receipts/{receipt_id}/returns", response={201: ReturnView}, summary="Take goods back")
def add_return(
    request: HttpRequest, response: HttpResponse, receipt_id: Id, body: ReturnRequest, key: IdempotencyKey
) -> Status[Any]:
    """By lines and quantities; the answer says what to refund."""
    actor = permit(request, "checkout.edit")
    outcome = return_goods(call=_call(actor, key), receipt_id=receipt_id, request=body)
    return _told(response, outcome, status=201)


@router.get("/rates", response=list[PointsRateView], summary="What points are worth")
def list_rates(request: HttpRequest) -> list[PointsRateView]:
    """Every rate, the newest first."""
    permit(request, "checkout.edit")
    return points_rates()
