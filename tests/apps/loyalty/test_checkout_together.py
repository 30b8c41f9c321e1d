"""The table of docs/algorithms/checkout.md through the database: benefits, vouchers, points, earnings."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shuke.apps.loyalty.models import OrderEarning
from shuke.apps.loyalty.operations.checkout import end_reservations, reserve_basket
from shuke.apps.loyalty.operations.earning import award_purchase
from shuke.apps.loyalty.queries.benefits import benefits_of
from shuke.apps.loyalty.queries.statements import points_wallet
from shuke.apps.loyalty.queries.verification import ledger_findings
from shuke.apps.loyalty.schemas import Request, ReservationRequest
from shuke.apps.promotions.operations import create_shared_code, issue_voucher
from shuke.apps.promotions.queries import member_vouchers
from shuke.platform.errors import Refused
from shuke.platform.permissions import SYSTEM
from tests.apps.loyalty import benefit_terms, earning_shop
from tests.apps.loyalty.checkout_desk import (
    AT,
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
from tests.apps.loyalty.conftest import START
from tests.apps.promotions.conftest import defined

LATER = AT + timedelta(minutes=20)


def right(code: str, kind: str, **cell: Any) -> dict[str, Any]:
    period = "month" if "count" in cell else ""
    return {"code": code, "kind": kind, "period": period, "names": {"en": code}, "cells": {"*": cell}}


@pytest.fixture
def ann(members):
    """5 % off, free shipping from 100.00 twice a month, a trial; 900 points; 1 point per 1.00."""
    fund(members[0], 900)
    terms = [
        right("gold", "discount", numerator=1, denominator=20),
        right("ship", "shipping", from_minor=10_000, count=2),
        right("trial", "trial", count=1),
    ]
    benefit_terms.publish(terms, at=START)
    earning_shop.publish({**earning_shop.GROUND, "points_type": "points"}, at=START)
    yield members[0]
    assert ledger_findings() == []


def twenty(member: str, **terms: Any) -> str:
    """The code of a voucher of 20.00 from 100.00."""
    conditions = {"minimum_minor": 10_000}
    definition = defined(conditions=conditions, **terms)
    issue_voucher(actor=SYSTEM, at=START, key="v", definition_id=definition, member_id=member)
    return member_vouchers(member, at=AT)[0].code


def voucher_state(member: str, at=AT) -> list[str]:
    return [item.state for item in member_vouchers(member, at=at, with_ended=True)]


def points_of(member: str, points_type: str, at=AT) -> tuple[int, int, int]:
    found = points_wallet(member, points_type=points_type, at=at).balances
    return found.pending, found.available, found.held


def test_the_table_of_the_document_to_the_cent(ann):
    code = twenty(ann)
    request = asked(points=500, codes=[code], shipping_minor=600)
    quote = quote_of(request, ann)
    assert quote.not_applied == []
    by_step = {d.step: d.minor for d in quote.deductions}
    assert by_step == {"tier": 731, "voucher": 2000, "points": 500}
    lines = {line.line_no: line for line in quote.lines}
    assert [lines[n].paid_minor for n in (1, 2, 3)] == [3886, 12, 7476]
    assert [lines[n].points for n in (1, 2, 3)] == [171, 0, 329]
    assert [lines[n].earned.get("points", 0) for n in (1, 2, 3)] == [39, 0, 74]
    # Goods were worth 118.74 before points, so shipping is free; a use of it is counted.
    assert (quote.goods_minor, quote.shipping_minor, quote.total_minor) == (11374, 0, 11374)
    assert (quote.earned, quote.benefits) == ({"points": 113}, {"ship": 1})
    assert code not in str(quote.model_dump())

    found = bought(request, ann, order_id="shop:1")
    assert found["earned"] == {"points": 113}
    assert points_of(ann, "gift") == (0, 400, 0)
    assert points_of(ann, "points") == (113, 0, 0)
    assert voucher_state(ann) == ["redeemed"]
    assert benefits_of(ann, at=AT).entitlement("ship").left == 1

    wine = bring_back(found["receipt_id"], {3: 1}).answer
    assert (wine["refund_minor"], wine["kept_minor"]) == (7476, 0)
    assert (wine["points_given_back"], wine["points_taken_back"]) == (329, {"points": 74})
    assert (points_of(ann, "gift"), points_of(ann, "points")) == ((0, 729, 0), (39, 0, 0))
    rest = bring_back(found["receipt_id"], {1: 1, 2: 1}).answer
    assert (rest["refund_minor"], rest["is_whole"]) == (3898, True)
    assert [one["outcome"] for one in rest["vouchers"]] == ["given_back"]
    assert voucher_state(ann) == ["claimed"]
    assert benefits_of(ann, at=AT).entitlement("ship").left == 2
    assert (points_of(ann, "gift"), points_of(ann, "points")) == ((0, 900, 0), (0, 0, 0))


def test_a_voucher_that_the_rest_no_longer_deserves_is_taken_back(ann):
    found = bought(asked(points=500, codes=[twenty(ann, on_return="recompute")]), ann)
    wine = bring_back(found["receipt_id"], {3: 1}).answer
    assert (wine["refund_minor"], wine["kept_minor"]) == (6791, 685)
    # The bread was paid without the voucher in the end, and comes back so.
    assert bring_back(found["receipt_id"], {1: 1}).answer["refund_minor"] == 3886 + 683


def test_a_shared_code_that_the_rest_still_deserves_is_kept(ann):
    definition = defined(conditions={"minimum_minor": 9_000}, on_return="recompute")
    create_shared_code(actor=SYSTEM, at=START, definition_id=definition, word="WELCOME20")
    found = bought(asked(codes=["welcome20"]), ann)
    bread = bring_back(found["receipt_id"], {1: 1}).answer
    assert (bread["kept_minor"], bread["refund_minor"]) == (0, 4740 - 683)
    wine = bring_back(found["receipt_id"], {3: 1}).answer
    assert wine["kept_minor"] == 2


def test_all_is_held_or_nothing(ann, monkeypatch):
    """Whatever the last step refuses, the first ones have not happened."""
    code = twenty(ann, limits={"uses": 1})
    request = asked(points=500, codes=[code], benefits={"trial": 1}, shipping_minor=600)
    shown = quote_of(request, ann)
    assert shown.benefits == {"ship": 1, "trial": 1}

    def used_up(**_values: Any) -> None:
        raise Refused("benefit_used_up", "no")

    target = "shuke.apps.loyalty.operations.checkout.reserving.reserve_benefits"
    with monkeypatch.context() as patched:
        patched.setattr(target, used_up)
        wanted = ReservationRequest(**request.model_dump(), quote_hash=shown.quote_hash)
        with pytest.raises(Refused):
            reserve_basket(call=key(), request=wanted, member_id=ann)
    assert points_of(ann, "gift") == (0, 900, 0)
    assert voucher_state(ann) == ["claimed"]
    assert benefits_of(ann, at=AT).entitlement("trial").left == 1
    # And with nothing in the way the same can be held.
    held = reserve(request, ann).answer["reservation_id"]
    assert (points_of(ann, "gift"), voucher_state(ann)) == ((0, 400, 500), ["reserved"])
    assert benefits_of(ann, at=AT).entitlement("trial").left == 0
    release(held)
    assert (points_of(ann, "gift"), voucher_state(ann)) == ((0, 900, 0), ["claimed"])
    assert benefits_of(ann, at=AT).entitlement("trial").left == 1


def test_a_dead_till_leaves_vouchers_and_benefits(ann):
    request = asked(points=500, codes=[twenty(ann)], benefits={"trial": 1})
    held = reserve(request, ann, seconds=60).answer["reservation_id"]
    later = AT + timedelta(seconds=61)
    # Nobody has written anything; another till can have all of it.
    again = replace(key(), at=later)
    shown = quote_of(request, ann, later)
    assert (shown.not_applied, shown.points.points, shown.benefits["trial"]) == ([], 500, 1)
    assert reserve(request, ann, call=again).outcome == "created"
    assert end_reservations(at=later) == 1
    with pytest.raises(Refused) as caught:
        commit(held, call=replace(key(), at=later))
    assert caught.value.code == "reservation_ended"


def test_what_does_not_apply_says_why(ann):
    code = twenty(ann)
    cheap = ({"line_no": 2, "product_id": "milk", "list_minor": 15},)
    found = quote_of(asked(cheap, codes=[code, "NOBODYS1"], benefits={"trial": 2, "spa": 1}), ann)
    told = [(item.subject, item.code, item.index) for item in found.not_applied]
    assert told == [
        ("voucher", "minimum_not_reached", 0),
        ("voucher", "unknown_code", 1),
        ("benefit", "benefit_not_held", None),
        ("benefit", "benefit_used_up", None),
    ]


def test_an_order_counts_once_whoever_tells_of_it_first(ann):
    request = asked()
    found = bought(request, ann, order_id="shop:1")
    told = award_purchase(
        request=Request(key="import", actor="import", at=LATER),
        member_id=ann,
        order_id="shop:1",
        purchase=earning_shop.basket(14605),
    )
    assert (told.outcome, told.earned) == ("replayed", found["earned"])
    award_purchase(
        request=Request(key="import:2", actor="import", at=AT),
        member_id=ann,
        order_id="shop:2",
        purchase=earning_shop.basket(5000),
    )
    assert bought(request, ann, order_id="shop:2")["earned"] == {"points": 50}
    assert OrderEarning.objects.count() == 2


def test_a_line_that_points_paid_in_part_is_not_discounted(ann):
    rule = {**earning_shop.GROUND, "leaves_out_discounted": True}
    earning_shop.publish(rule, at=AT - timedelta(hours=1))
    plain = ({"line_no": 1, "list_minor": 10_000, "allows_discount": False},)
    assert quote_of(asked(plain, points=500), ann).earned == {"points": 95}
    cheaper = ({"line_no": 1, "list_minor": 10_000, "offer_minor": 1, "allows_discount": False},)
    assert quote_of(asked(cheaper), ann).earned == {}
