"""Points for vouchers over the API: what web shops and tills call for a member."""

from typing import Annotated

from django.http import HttpRequest, HttpResponse
from ninja import Path, Router, Status

from shuke.apps.loyalty.api.checkout import IdempotencyKey
from shuke.apps.loyalty.operations.checkout import Call
from shuke.apps.loyalty.operations.exchanging import exchange_points, take_back_exchange
from shuke.apps.loyalty.queries.exchanges import member_exchanges, priced_for
from shuke.apps.loyalty.schemas import CallOutcome
from shuke.apps.loyalty.schemas.exchanges import (
    ExchangedVoucher,
    ExchangeRequest,
    ExchangeRow,
    ExchangeView,
    PricedVoucher,
)
from shuke.apps.members.queries import member
from shuke.apps.promotions.queries import voucher
from shuke.platform.clock import now
from shuke.web.api import permit

router = Router(tags=["points"])
Id = Annotated[str, Path(max_length=40)]


def _mark(response: HttpResponse, outcome: CallOutcome) -> None:
    if outcome.outcome == "replayed":
        response.headers["Idempotency-Replayed"] = "true"


@router.get(
    "/members/{member_id}/exchanges/offers", response=list[PricedVoucher], summary="Vouchers for points"
)
def list_priced(request: HttpRequest, member_id: Id) -> list[PricedVoucher]:
    """What the member can exchange points for, what is missing, and why not; what can be had now comes first."""
    permit(request, "checkout.edit")
    return priced_for(member(member_id).id, at=now())


@router.get("/members/{member_id}/exchanges", response=list[ExchangeRow], summary="What a member exchanged")
def list_exchanges(request: HttpRequest, member_id: Id) -> list[ExchangeRow]:
    """The newest first, with what became of each voucher, without codes."""
    permit(request, "loyalty.view")
    return member_exchanges(member(member_id).id, at=now())


@router.post(
    "/members/{member_id}/exchanges",
    response={201: ExchangedVoucher},
    summary="Exchange points for a voucher",
)
def add_exchange(
    request: HttpRequest, response: HttpResponse, member_id: Id, body: ExchangeRequest, key: IdempotencyKey
) -> Status[ExchangedVoucher]:
    """Points and voucher change hands together or not at all; the same key gives the same code again."""
    actor = permit(request, "checkout.edit")
    call = Call(key=key, actor=actor.name, at=now())
    outcome = exchange_points(call=call, member_id=member(member_id).id, request=body)
    _mark(response, outcome)
    code = voucher(outcome.answer["voucher_id"], unmask=True).code
    return Status(201, ExchangedVoucher(**outcome.answer, code=code))


@router.post("/exchanges/{exchange_id}/take-back", response=ExchangeView, summary="Take an exchange back")
def take_back(
    request: HttpRequest, response: HttpResponse, exchange_id: Id, key: IdempotencyKey
) -> ExchangeView:
    """In the member's name, within the days of the voucher's terms: the unused code ends, the points come back."""
    actor = permit(request, "checkout.edit")
    outcome = take_back_exchange(call=Call(key=key, actor=actor.name, at=now()), exchange_id=exchange_id)
    _mark(response, outcome)
    return ExchangeView(**outcome.answer)
