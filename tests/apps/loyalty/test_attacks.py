"""What an attacker of the ledger found: each of these broke a wallet, a return or a night."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from shuke.apps.identity.operations import merge_members
from shuke.apps.loyalty.models import BenefitHold, PointsType, Wallet
from shuke.apps.loyalty.operations import (
    adjust_points,
    award_event,
    award_points,
    award_purchase,
    claw_back_points,
    define_points_type,
    gather_stranded,
    give_back_points,
    hold_points,
    release_hold,
    reverse_transaction,
    settle_wallets,
    spend_points,
    transfer_points,
)
from shuke.apps.loyalty.operations.benefits import return_benefits
from shuke.apps.loyalty.operations.checkout import end_reservations
from shuke.apps.loyalty.operations.once import PointsShort
from shuke.apps.loyalty.queries.benefits import benefits_of
from shuke.apps.loyalty.queries.earning import order_earning
from shuke.apps.loyalty.queries.statements import points_wallet
from shuke.apps.loyalty.queries.verification import ledger_findings
from shuke.apps.loyalty.rules.expiry import Expiry
from shuke.apps.loyalty.rules.merging import Passage, still_alive
from shuke.apps.loyalty.rules.postings import Lot
from shuke.apps.loyalty.rules.wallet import WalletState
from shuke.apps.loyalty.schemas import Request
from shuke.apps.promotions.models import Voucher, VoucherReservation
from shuke.apps.promotions.operations import issue_voucher
from shuke.apps.promotions.queries import member_vouchers
from shuke.platform.errors import Invalid, Refused
from shuke.platform.permissions import SYSTEM
from tests.apps.loyalty import benefit_terms
from tests.apps.loyalty.checkout_desk import (
    AT,
    asked,
    bought,
    bring_back,
    commit,
    fund,
    key,
    quote_of,
    reserve,
)
from tests.apps.loyalty.conftest import START
from tests.apps.loyalty.earning_shop import GROUND, basket, event_rule, publish
from tests.apps.promotions.conftest import defined

DAY = timedelta(days=1)
_numbers = count()
pytestmark = pytest.mark.once


def tell(at: datetime, name: str = "", **values: str) -> Request:
    return Request(
        key=name or f"attack:{next(_numbers)}", actor="till", at=at, **{"reason": "test", **values}
    )


@pytest.fixture
def ann(members) -> str:
    define_points_type(
        actor=SYSTEM, at=START, code="idle", name="Idle", expiry=Expiry("inactivity", months=1)
    )
    yield members[0]
    assert ledger_findings() == []


def available(member: str, at: datetime, points_type: str = "gift") -> int:
    return points_wallet(member, points_type=points_type, at=at).balances.available


def award(member: str, points: int, at: datetime = START, points_type: str = "gift", **values: Any) -> str:
    request = tell(at, values.pop("name", ""))
    done = award_points(request=request, member_id=member, points_type=points_type, points=points, **values)
    return done.transaction_id


def spend(member: str, points: int, at: datetime, points_type: str = "gift") -> str:
    done = spend_points(request=tell(at), member_id=member, points_type=points_type, points=points)
    return done.transaction_id


def test_a_lot_that_ended_with_inactivity_stays_ended(ann):
    """Points came back into it after another purchase, and its second end had the key of the first."""
    award(ann, 100, points_type="idle")
    spent = spend(ann, 30, START + DAY, "idle")
    held = hold_points(
        request=tell(START + DAY), member_id=ann, points_type="idle", points=20, expires_at=START + 90 * DAY
    )
    settle_wallets(at=START + 60 * DAY)
    award(ann, 5, START + 61 * DAY, "idle")
    give_back_points(request=tell(START + 62 * DAY), commit_id=spent, points=30)
    release_hold(request=tell(START + 62 * DAY), hold_id=held.transaction_id)
    assert available(ann, START + 62 * DAY, "idle") == 5
    settle_wallets(at=START + 150 * DAY)
    assert available(ann, START + 150 * DAY, "idle") == 0


def test_points_taken_by_hand_do_not_come_back_into_a_lot_that_has_ended(ann):
    award(ann, 100)
    taken = adjust_points(request=tell(START + DAY), member_id=ann, points_type="gift", points=-60)
    settle_wallets(at=START + 60 * DAY)
    with pytest.raises(Refused) as caught:
        reverse_transaction(request=tell(START + 61 * DAY), transaction_id=taken.transaction_id)
    assert caught.value.code == "cannot_reverse"
    settle_wallets(at=START + 62 * DAY)


def test_what_was_reversed_is_not_taken_back_again(ann):
    earned = award(ann, 100)
    reverse_transaction(request=tell(START + DAY), transaction_id=earned)
    with pytest.raises(Refused) as caught:
        claw_back_points(request=tell(START + DAY), earn_id=earned, points=1)
    assert caught.value.code == "more_than_recorded"


def test_what_was_taken_back_is_not_reversed(ann):
    """The points had gone from a younger lot, so that of the award was whole again."""
    earned, _other = award(ann, 100), award(ann, 100, START + DAY)
    spent = spend(ann, 100, START + DAY)
    claw_back_points(request=tell(START + DAY), earn_id=earned, points=100)
    give_back_points(request=tell(START + DAY), commit_id=spent, points=100)
    with pytest.raises(Refused) as caught:
        reverse_transaction(request=tell(START + DAY), transaction_id=earned)
    assert caught.value.code == "cannot_reverse"
    assert available(ann, START + DAY) == 100


def test_points_by_hand_at_the_turn_of_the_year_from_a_clock_that_is_behind(ann):
    define_points_type(actor=SYSTEM, at=START, code="year", name="Year", expiry=Expiry("end_of_year"))
    midnight = datetime(2026, 12, 31, 16, tzinfo=UTC)
    award(ann, 1, midnight, "year")
    before = tell(midnight - timedelta(seconds=1))
    adjust_points(request=before, member_id=ann, points_type="year", points=10)
    assert available(ann, midnight + DAY, "year") == 11


def test_days_of_grace_that_are_over_are_refused(ann):
    award(ann, 100)
    spent = spend(ann, 60, START + DAY)
    late = START + 62 * DAY
    with pytest.raises(Invalid) as caught:
        give_back_points(request=tell(late), commit_id=spent, points=60, grace_until=late)
    assert caught.value.code == "grace_too_short"


def test_no_key_of_a_caller_stands_in_the_way_of_a_transfer(ann, members):
    award(ann, 10)
    award(ann, 1, name="gift:in")
    arguments = {"giver_id": ann, "taker_id": members[1], "points_type": "gift", "points": 5}
    assert transfer_points(request=tell(START, "gift"), **arguments).outcome == "created"
    assert transfer_points(request=tell(START, "gift"), **arguments).outcome == "replayed"
    assert available(members[1], START) == 5


def test_an_event_whose_points_wait_longer_than_they_live_earns(ann):
    define_points_type(
        actor=SYSTEM, at=START, code="month", name="M", expiry=Expiry("end_of_month"), activation_days=40
    )
    publish(event_rule("review", event="Review", points_type="month"))
    told = award_event(request=tell(START), member_id=ann, event="Review")
    assert told.points == {"month": 5}


@pytest.mark.parametrize("policy", ["debt", "clamp", "refuse"])
def test_what_a_merged_member_bought_takes_from_where_the_points_are(ann, members, policy):
    """They lie with the survivor: the empty wallet would owe, forgive or refuse."""
    bob = members[1]
    PointsType.objects.filter(code="gift").update(return_policy=policy)
    publish({**GROUND, "points_type": "gift"})
    fund(bob, 1000, at=START)
    award(ann, 50)
    found = bought(asked(), bob, order_id="shop:1")
    assert found["earned"] == {"gift": 146}
    merge_members(actor=SYSTEM, at=AT, survivor_id=ann, absorbed_id=bob)
    back = bring_back(found["receipt_id"], {3: 1}, call=replace(key(), at=AT + DAY)).answer
    assert back["points_taken_back"] == {"gift": 96}
    assert available(ann, AT + DAY) == 1000 + 50 + 146 - 96
    # It was the purchase's own lot that paid, and nothing waits for a sweep.
    lots = {
        lot.points: lot.buckets["available"]
        for lot in points_wallet(ann, points_type="gift", at=AT + DAY).lots
    }
    assert lots == {50: 50, 1000: 1000, 146: 50}
    assert gather_stranded(at=AT + DAY) == 0
    assert Wallet.objects.filter(debt__lt=0).count() == 0


def test_goods_come_back_of_an_order_that_a_file_told_with_other_lines(ann):
    publish(GROUND)
    told = award_purchase(request=tell(AT), member_id=ann, order_id="shop:2", purchase=basket(14605))
    assert told.earned == {"points": 146}
    found = bought(asked(), ann, order_id="shop:2")
    wine = bring_back(found["receipt_id"], {3: 1}).answer
    # 96.00 of 146.05 came back: ⌊146 × 9600 / 14605⌋.
    assert (wine["refund_minor"], wine["points_taken_back"]) == (9600, {"points": 95})
    again = order_earning("shop:2")
    assert again is not None
    assert again.left == {"points": 51}
    rest = bring_back(found["receipt_id"], {1: 1, 2: 1}).answer
    assert (rest["is_whole"], rest["points_taken_back"]) == (True, {"points": 51})


def test_the_order_of_somebody_else_earns_and_costs_the_buyer_nothing(ann, members):
    """A till that names a wrong order must not take the other one's points at the return."""
    publish(GROUND)
    bob = members[1]
    award_purchase(request=tell(AT), member_id=bob, order_id="shop:3", purchase=basket(4990, 15, 9600))
    found = bought(asked(), ann, order_id="shop:3")
    assert found["earned"] == {}
    assert bring_back(found["receipt_id"], {3: 1}).answer["points_taken_back"] == {}
    assert points_wallet(bob, points_type="points", at=AT).balances.pending == 146


def test_a_return_that_is_dear_is_refused_only_where_the_points_are_gone(ann):
    PointsType.objects.filter(code="gift").update(return_policy="refuse")
    publish({**GROUND, "points_type": "gift"})
    fund(ann, 10)
    found = bought(asked(), ann)
    spend(ann, 100, AT)
    with pytest.raises(PointsShort):
        bring_back(found["receipt_id"], {3: 1})
    assert bring_back(found["receipt_id"], {1: 1}).answer["points_taken_back"] == {"gift": 50}


def test_goods_come_back_whole_although_a_benefit_was_given_back_by_hand(ann):
    """The till asked for more uses than were left, and the last piece could never come back."""
    right = {"code": "trial", "kind": "trial", "period": "month", "names": {"en": "T"}}
    right |= {"cells": {"*": {"count": 5}}}
    benefit_terms.publish([right], at=START)
    found = bought(asked(benefits={"trial": 2}), ann)
    return_benefits(key=found["reservation_id"], uses={"trial": 1}, at=AT, return_key="by hand")
    assert bring_back(found["receipt_id"], {1: 1, 2: 1, 3: 1}).answer["is_whole"]
    assert benefits_of(ann, at=AT).entitlement("trial").left == 5


def test_a_basket_in_another_currency_is_refused(ann):
    """2000 yen are not 20.00, which the voucher and the points meant."""
    wanted = asked()
    wanted.basket.currency = "JPY"
    with pytest.raises(Invalid) as caught:
        quote_of(wanted, ann)
    assert (caught.value.code, caught.value.details) == ("wrong_currency", {"currency": ["CNY"]})


def test_a_repeated_request_is_answered_before_anything_is_asked(ann):
    """Nothing is left to spend or to reverse the second time, and the answer is the old one all the same."""
    earned = award(ann, 50)
    arguments = {"member_id": ann, "points_type": "gift", "points": 50}
    first = spend_points(request=tell(START, "spend"), **arguments)
    again = spend_points(request=tell(START, "spend"), **arguments)
    assert (again.outcome, again.transaction_id) == ("replayed", first.transaction_id)
    give_back_points(request=tell(START), commit_id=first.transaction_id, points=50)
    undone = reverse_transaction(request=tell(START, "undo"), transaction_id=earned)
    assert reverse_transaction(request=tell(START, "undo"), transaction_id=earned).outcome == "replayed"
    assert undone.balances.available == 0


def test_a_commit_at_the_very_end_is_too_late(ann):
    """At that moment the job that ends reservations may end it: with nothing held by the ledger both would do it."""
    held = reserve(asked(), ann, seconds=60).answer["reservation_id"]
    with pytest.raises(Refused) as caught:
        commit(held, call=replace(key(), at=AT + timedelta(seconds=60)))
    assert caught.value.code == "reservation_ended"


def test_the_job_that_ends_reservations_lets_go_of_what_they_held(ann):
    """Readers do as if nothing were held, so only the rows tell that nobody had written it down."""
    right = {"code": "trial", "kind": "trial", "period": "month", "names": {"en": "T"}}
    benefit_terms.publish([{**right, "cells": {"*": {"count": 1}}}], at=START)
    issue_voucher(actor=SYSTEM, at=START, key="v", definition_id=defined(), member_id=ann)
    code = member_vouchers(ann, at=AT)[0].code
    reserve(asked(codes=[code], benefits={"trial": 1}), ann, seconds=60)
    end_reservations(at=AT + timedelta(seconds=61))
    assert BenefitHold.objects.get().state == "expired"
    assert VoucherReservation.objects.get().state == "released"
    assert Voucher.objects.get().state == "claimed"


def test_a_lot_that_expired_at_its_owners_takes_nothing_back_when_members_part():
    """It would expire a second time."""
    ended, alive = Lot(1, 5, START, None, {"expired": 2}), Lot(2, 5, START, None)
    owner = WalletState(lots={1: ended, 2: alive})
    passed = [Passage(1, 1, 3, 0), Passage(2, 2, 5, 0)]
    assert still_alive(passed, owner, at=START) == passed[1:]
