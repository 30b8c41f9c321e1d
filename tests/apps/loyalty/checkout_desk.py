"""A till for the tests of the checkout: baskets, and the four calls with keys of their own."""

from datetime import datetime, timedelta
from itertools import count
from typing import Any

from shuke.apps.loyalty.operations import award_points
from shuke.apps.loyalty.operations.checkout import (
    Call,
    commit_reservation,
    release_reservation,
    reserve_basket,
    return_goods,
    set_points_rate,
)
from shuke.apps.loyalty.queries.checkout import evaluate
from shuke.apps.loyalty.schemas import (
    CallOutcome,
    CheckoutRequest,
    CommitRequest,
    Quote,
    Request,
    ReservationRequest,
    ReturnRequest,
)
from shuke.platform.permissions import SYSTEM
from tests.apps.loyalty.conftest import START

DAY, AT = timedelta(days=1), START + timedelta(days=1)
TABLE = (
    {"line_no": 1, "product_id": "bread", "list_minor": 4990},
    {"line_no": 2, "product_id": "milk", "list_minor": 15},
    {"line_no": 3, "product_id": "wine", "list_minor": 9600},
)
_numbers = count()


def key(name: str = "") -> Call:
    """A call with a key of its own, or with that one."""
    return Call(key=name or f"test-key-{next(_numbers)}", actor="till", at=AT)


def basket(lines: Any = TABLE, **values: Any) -> dict[str, Any]:
    return {"lines": [dict(line) for line in lines], "currency": "CNY", **values}


def asked(lines: Any = TABLE, **values: Any) -> CheckoutRequest:
    """A request for the basket; ``points`` is a number of the type ``gift``."""
    points = values.pop("points", None)
    wanted = None if points is None else {"points_type": "gift", "points": points}
    shop = {name: values.pop(name) for name in ("shipping_minor", "store_id") if name in values}
    return CheckoutRequest(basket=basket(lines, **shop), points=wanted, **values)


def quote_of(request: CheckoutRequest, member: str | None, at: datetime = AT) -> Quote:
    return evaluate(request, member_id=member, at=at)


def reserve(
    request: CheckoutRequest, member: str | None, *, call: Call | None = None, seconds: int = 900
) -> CallOutcome:
    """Reserve what was just evaluated."""
    call = call or key()
    shown = quote_of(request, member, call.at)
    wanted = ReservationRequest(**request.model_dump(), quote_hash=shown.quote_hash, seconds=seconds)
    return reserve_basket(call=call, request=wanted, member_id=member)


def commit(reservation_id: str, *, call: Call | None = None, order_id: str = "") -> CallOutcome:
    request = CommitRequest(order_id=order_id)
    return commit_reservation(call=call or key(), reservation_id=reservation_id, request=request)


def release(reservation_id: str, *, call: Call | None = None) -> CallOutcome:
    return release_reservation(call=call or key(), reservation_id=reservation_id)


def bring_back(
    receipt_id: str, lines: dict[int, int], *, call: Call | None = None, **values: Any
) -> CallOutcome:
    request = ReturnRequest(lines=[{"line_no": n, "quantity": q} for n, q in lines.items()], **values)
    return return_goods(call=call or key(), receipt_id=receipt_id, request=request)


def bought(request: CheckoutRequest, member: str | None, *, order_id: str = "") -> dict[str, Any]:
    """The receipt of a purchase from the beginning to the end."""
    held = reserve(request, member).answer
    return commit(held["reservation_id"], order_id=order_id).answer


def fund(
    member: str, points: int, *, at: datetime = START, rate: tuple[int, int] = (100, 100), **values: Any
) -> None:
    """Give a member points and say what they are worth."""
    set_points_rate(
        actor=SYSTEM,
        at=START,
        points_type="gift",
        starts_on=START.date(),
        points=rate[0],
        minor=rate[1],
        **values,
    )
    award_points(
        request=Request(key=f"fund:{member}", actor="test", at=at),
        member_id=member,
        points_type="gift",
        points=points,
    )
