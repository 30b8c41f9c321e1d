"""The checkout from quote to return: what each call holds, takes and gives, and what it refuses."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from shuke.apps.loyalty.models import CheckoutCall, PointsTransaction, Receipt, Reservation
from shuke.apps.loyalty.operations import settle_wallets
from shuke.apps.loyalty.operations.checkout import end_reservations, forget_checkouts, reserve_basket
from shuke.apps.loyalty.queries.checkout import open_reservations, receipt, receipt_of_order, reservation
from shuke.apps.loyalty.queries.statements import points_wallet
from shuke.apps.loyalty.queries.verification import ledger_findings
from shuke.apps.loyalty.schemas import ReservationRequest
from shuke.platform.errors import Invalid, NotFound, Refused
from shuke.platform.privacy import exporters
from tests.apps.loyalty.checkout_desk import (
    AT,
    DAY,
    asked,
    bought,
    bring_back,
    commit,
    fund,
    key,
    quote_of,
    release,
    reserve,
)


@pytest.fixture
def ann(members):
    """A member with 900 points that are worth 9.00."""
    fund(members[0], 900)
    yield members[0]
    assert ledger_findings() == []


def points_of(member: str, at=AT) -> tuple[int, int]:
    """Available and held."""
    found = points_wallet(member, points_type="gift", at=at).balances
    return found.available, found.held


def refusal(task) -> Refused:
    with pytest.raises(Refused) as caught:
        task()
    return caught.value


def test_a_quote_says_every_deduction_and_why(ann):
    quote = quote_of(asked(points=500, shipping_minor=600), ann)
    assert (quote.list_minor, quote.goods_minor, quote.total_minor) == (14605, 14105, 14705)
    assert [(d.step, d.code, d.minor) for d in quote.deductions] == [("points", "gift", 500)]
    assert (quote.points.points, quote.points.minor, quote.points.available) == (500, 500, 900)
    assert sum(line.points for line in quote.lines) == 500
    for line in quote.lines:
        assert line.list_minor - sum(d.minor for d in line.deductions) == line.paid_minor
    assert quote.not_applied == []


def test_a_quote_writes_nothing(ann):
    with CaptureQueriesContext(connection) as found:
        quote_of(asked(points=500), ann)
    assert found.captured_queries
    writing = [q["sql"] for q in found.captured_queries if not q["sql"].startswith(("SELECT", "WITH"))]
    assert writing == []


@pytest.mark.parametrize(
    ("points", "rate", "code"),
    [
        (901, {}, "points_insufficient"),
        (99, {"minimum_points": 100}, "points_too_few"),
        (900, {"maximum_percent": 1}, "points_over_share"),
    ],
)
def test_a_quote_says_why_fewer_points_count(members, points, rate, code):
    fund(members[0], 900, **rate)
    found = quote_of(asked(points=points), members[0])
    assert [(item.subject, item.code) for item in found.not_applied] == [("points", code)]


def test_points_need_a_member_and_a_rate(members):
    assert quote_of(asked(points=5), None).not_applied[0].code == "member_needed"
    assert quote_of(asked(points=5), members[0]).not_applied[0].code == "points_not_money"


def test_the_hash_is_the_same_in_whatever_order_lines_come_and_language_is_read(ann):
    request = asked(points=500)
    turned = request.model_copy(deep=True)
    turned.basket.lines.reverse()
    assert quote_of(request, ann).quote_hash == quote_of(turned, ann).quote_hash
    assert quote_of(request, ann).quote_hash != quote_of(asked(points=499), ann).quote_hash


def test_impossible_lines_are_named(ann):
    lines = ({"line_no": 4, "list_minor": 100, "offer_minor": 101}, {"line_no": 4, "list_minor": 1})
    with pytest.raises(Invalid) as caught:
        quote_of(asked(lines), ann)
    assert caught.value.code == "invalid_basket"
    assert [(f["line_no"], f["code"]) for f in caught.value.details["lines"]] == [
        (4, "offer_above_price"),
        (4, "line_twice"),
    ]


def test_what_is_reserved_is_held_and_committed_once(ann):
    held = reserve(asked(points=500), ann)
    assert held.outcome == "created"
    assert held.answer["state"] == "open"
    assert points_of(ann) == (400, 500)
    done = commit(held.answer["reservation_id"], order_id="shop:1")
    assert done.answer["quote"] == held.answer["quote"]
    assert points_of(ann) == (400, 0)
    found = receipt_of_order("shop:1")
    assert (found.receipt_id, found.left) == (done.answer["receipt_id"], {1: 1, 2: 1, 3: 1})
    assert reservation(held.answer["reservation_id"], at=AT).receipt_id == found.receipt_id
    again = refusal(lambda: commit(held.answer["reservation_id"]))
    assert (again.code, again.details) == ("reservation_ended", {"state": "committed"})
    assert refusal(lambda: release(held.answer["reservation_id"])).code == "reservation_ended"


def test_a_released_reservation_gives_everything_back(ann):
    held = reserve(asked(points=500), ann).answer["reservation_id"]
    assert release(held).answer["state"] == "released"
    assert points_of(ann) == (900, 0)
    assert refusal(lambda: commit(held)).details == {"state": "released"}


def test_a_dead_till_leaves_nothing_taken(ann):
    held = reserve(asked(points=500), ann, seconds=60).answer["reservation_id"]
    later = AT + timedelta(seconds=60)
    assert open_reservations(at=AT)[1] == 1
    # Nobody has written anything, and it is over all the same.
    assert open_reservations(at=later)[1] == 0
    assert reservation(held, at=later).state == "ended"
    assert points_of(ann, later) == (900, 0)
    assert refusal(lambda: commit(held, call=replace(key(), at=later))).details == {"state": "ended"}
    assert quote_of(asked(points=900), ann, later).points.points == 900
    assert (end_reservations(at=later), end_reservations(at=later)) == (1, 0)
    assert Reservation.objects.get(public_id=held).ended_at == later
    settle_wallets(at=later + DAY)
    assert PointsTransaction.objects.get(kind="release").effective_at == later


def test_a_quote_that_changed_is_shown_again_and_nothing_is_held(ann):
    shown = quote_of(asked(points=500), ann)
    reserve(asked(points=600), ann)
    request = ReservationRequest(**asked(points=500).model_dump(), quote_hash=shown.quote_hash)
    changed = refusal(lambda: reserve_basket(call=key(), request=request, member_id=ann))
    assert changed.code == "quote_changed"
    assert changed.details["quote"]["points"]["points"] == 300
    assert points_of(ann) == (300, 600)
    assert CheckoutCall.objects.count() == 1


def test_a_key_answers_the_same_for_ever_and_nothing_else(ann):
    one = key("the-key-of-a-till")
    first = reserve(asked(points=500), ann, call=one)
    # The quote of the retry is worth something else now; the key has its answer already.
    request = ReservationRequest(
        **asked(points=500).model_dump(), quote_hash=first.answer["quote"]["quote_hash"], seconds=900
    )
    again = reserve_basket(call=replace(one, at=AT + 400 * DAY), request=request, member_id=ann)
    assert (again.outcome, again.answer) == ("replayed", first.answer)
    other = request.model_copy(update={"seconds": 901})
    conflict = refusal(lambda: reserve_basket(call=one, request=other, member_id=ann))
    assert conflict.code == "idempotency_conflict"
    assert refusal(lambda: release(first.answer["reservation_id"], call=one)).code == "idempotency_conflict"
    assert Reservation.objects.count() == 1


def test_a_refused_call_does_not_use_its_key_up(ann):
    one = key("tried-again")
    held = reserve(asked(points=900), ann).answer["reservation_id"]
    shown = quote_of(asked(points=900), ann, AT + DAY)
    request = ReservationRequest(**asked(points=900).model_dump(), quote_hash=shown.quote_hash)
    assert refusal(lambda: reserve_basket(call=one, request=request, member_id=ann)).code == "quote_changed"
    release(held)
    assert reserve_basket(call=one, request=request, member_id=ann).outcome == "created"


def test_one_order_has_one_receipt(ann):
    bought(asked(), ann, order_id="shop:1")
    second = reserve(asked(), ann).answer["reservation_id"]
    assert refusal(lambda: commit(second, order_id="shop:1")).code == "order_taken"
    assert commit(second, order_id="shop:2").answer["order_id"] == "shop:2"
    # Without an order id there may be many.
    bought(asked(), ann)
    bought(asked(), ann)
    assert Receipt.objects.count() == 4


def test_returns_give_back_from_the_stored_allocation(ann):
    lines = ({"line_no": 1, "list_minor": 1000, "quantity": 3},)
    found = bought(asked(lines, points=100, shipping_minor=600), ann)
    assert found["quote"]["goods_minor"] == 900
    assert points_of(ann) == (800, 0)
    given = [bring_back(found["receipt_id"], {1: 1}).answer for _ in range(3)]
    assert [one["refund_minor"] for one in given] == [300, 300, 300]
    assert [one["points_given_back"] for one in given] == [33, 33, 34]
    assert [one["is_whole"] for one in given] == [False, False, True]
    assert points_of(ann) == (900, 0)
    over = refusal(lambda: bring_back(found["receipt_id"], {1: 1}))
    assert (over.code, over.details) == ("more_than_bought", {"line_no": 1, "left": 0, "asked": 1})
    shown = receipt(found["receipt_id"])
    assert (shown.left, [one.number for one in shown.returns]) == ({}, [1, 2, 3])


def test_shipping_is_refunded_once(ann):
    found = bought(asked(shipping_minor=600), ann)["receipt_id"]
    first = bring_back(found, {1: 1}, refunds_shipping=True).answer
    assert (first["refund_minor"], first["shipping_minor"]) == (5590, 600)
    assert refusal(lambda: bring_back(found, {2: 1}, refunds_shipping=True)).code == "shipping_refunded"
    assert bring_back(found, {2: 1}).answer["refund_minor"] == 15


def test_a_return_names_each_line_once_and_what_was_bought(ann):
    found = bought(asked(), ann)["receipt_id"]
    assert refusal(lambda: bring_back(found, {7: 1})).details == {"line_no": 7, "left": 0, "asked": 1}
    with pytest.raises(NotFound):
        bring_back("rct_nowhere", {1: 1})


def test_somebody_unknown_buys_and_returns(members):
    found = bought(asked(), None)
    assert found["member_id"] is None
    assert bring_back(found["receipt_id"], {3: 1}).answer["refund_minor"] == 9600


def test_erasure_cuts_the_name_and_goods_can_still_come_back(ann):
    found = bought(asked(points=500), ann, order_id="shop:1")
    open_one = reserve(asked(points=100), ann).answer["reservation_id"]
    told = exporters()["loyalty"](ann)["checkout"]
    assert [one["receipt_id"] for one in told["receipts"]] == [found["receipt_id"]]
    assert len(told["reservations"]) == 2
    assert (forget_checkouts(member_id=ann, at=AT), forget_checkouts(member_id=ann, at=AT)) == (1, 0)
    shown = receipt(found["receipt_id"])
    assert (shown.member_id, shown.order_id, shown.quote.member_id) == (None, "", None)
    assert not Reservation.objects.filter(public_id=open_one).exists()
    assert not any(ann in str(call.answer) for call in CheckoutCall.objects.all())
    back = bring_back(found["receipt_id"], {3: 1}).answer
    assert (back["points_given_back"], back["refund_minor"]) == (0, found["quote"]["lines"][2]["paid_minor"])
