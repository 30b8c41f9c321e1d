"""kill -9 within a call of the checkout: all of it has happened, or none of it, and the key tells which."""

import signal
from collections.abc import Callable
from typing import Any

import pytest

from shuke.apps.loyalty.models import (
    BenefitCounter,
    BenefitHold,
    CheckoutCall,
    CheckoutReturn,
    OrderEarning,
    PointsHold,
    PointsTransaction,
    Receipt,
    Reservation,
)
from shuke.apps.loyalty.operations.checkout import reserve_basket
from shuke.apps.loyalty.queries.benefits import counter_findings
from shuke.apps.loyalty.queries.verification import ledger_findings
from shuke.apps.loyalty.schemas import ReservationRequest
from shuke.apps.promotions.operations import issue_voucher
from shuke.apps.promotions.queries import member_vouchers
from shuke.platform.outbox.models import OutboxRow
from shuke.platform.permissions import SYSTEM
from tests.apps.loyalty import benefit_terms, earning_shop
from tests.apps.loyalty.checkout_desk import AT, asked, bring_back, commit, fund, key, quote_of
from tests.apps.loyalty.conftest import START
from tests.apps.loyalty.dying import Place, death_after
from tests.apps.promotions.conftest import defined

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
ROWS = (
    BenefitCounter,
    BenefitHold,
    CheckoutCall,
    CheckoutReturn,
    OrderEarning,
    OutboxRow,
    PointsHold,
    PointsTransaction,
    Receipt,
    Reservation,
)
#: Statements between two deaths; coprime to nothing in particular, so that every part of a call is hit.
STRIDE = 7


@pytest.fixture
def place(members, tmp_path) -> Place:
    """A member with points, a trial, a voucher, and rules that earn."""
    fund(members[0], 900)
    trial = {"code": "trial", "kind": "trial", "period": "month", "names": {"en": "T"}}
    benefit_terms.publish([{**trial, "cells": {"*": {"count": 1}}}], at=START)
    earning_shop.publish({**earning_shop.GROUND, "points_type": "points"}, at=START)
    issue_voucher(
        actor=SYSTEM, at=START, key="v", definition_id=defined(limits={"uses": 1}), member_id=members[0]
    )
    return Place.of_test(tmp_path)


def test_a_till_or_server_that_dies_within_any_call_leaves_all_or_nothing(members, place):
    ann = members[0]
    code = place.ask(lambda: member_vouchers(ann, at=AT)[0].code)
    request = asked(points=500, codes=[code], benefits={"trial": 1})
    shown = place.ask(lambda: quote_of(request, ann).quote_hash)
    wanted = ReservationRequest(**request.model_dump(), quote_hash=shown)
    held = _through_deaths(
        place, lambda: reserve_basket(call=key("held-by-till"), request=wanted, member_id=ann)
    )
    paid = _through_deaths(
        place, lambda: commit(held["reservation_id"], order_id="shop:1", call=key("paid-at-till"))
    )
    assert paid["earned"] == {"points": 121}
    back = _through_deaths(place, lambda: bring_back(paid["receipt_id"], {1: 1}, call=key("back-at-till")))
    assert back["is_whole"] is False


def _through_deaths(place: Place, act: Callable[[], Any]) -> dict[str, Any]:
    """Kill the call after ever more statements until it lives; then its key replays."""

    def dying(tell: Callable[[Any], None], step: int) -> None:
        with death_after(step):
            act()
        tell("alive")

    def look() -> list[int]:
        return [model.objects.count() for model in ROWS]

    before, deaths = place.ask(look), 0
    for step in range(2, 1000, STRIDE):
        child = place.start(lambda tell, step=step: dying(tell, step))
        if list(child.said()):
            assert child.end() == 0
            break
        assert child.end() == -signal.SIGKILL
        assert place.ask(look) == before
        deaths += 1
    assert deaths >= 3
    again = place.ask(lambda: act().model_dump())
    assert again["outcome"] == "replayed"
    assert place.ask(lambda: (ledger_findings(), counter_findings())) == ([], [])
    return dict(again["answer"])
