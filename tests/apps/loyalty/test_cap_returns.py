"""Caps over time count what orders still give: returns free them, and merged members share them."""

from datetime import date, timedelta
from itertools import count

import pytest

from shuke.apps.identity.operations import merge_members, unmerge_members
from shuke.apps.loyalty.models import EarningCount, PointsType
from shuke.apps.loyalty.operations import (
    award_event,
    award_purchase,
    return_purchase,
)
from shuke.apps.loyalty.queries.earning import earning_quote
from shuke.apps.loyalty.queries.verification import ledger_findings
from shuke.apps.loyalty.rules.earning_limits import used_by
from shuke.apps.loyalty.rules.order_earnings import LineBack, OrderRecord
from shuke.platform.permissions import SYSTEM
from tests.apps.loyalty.earning_shop import GROUND, START, asked, basket, event_rule, publish
from tests.apps.loyalty.test_awarding import spend
from tests.threads import at_once

NEXT = START + timedelta(days=1)
_returns = count()


def buy(member: str, order: str, *paid: int, at=START, on=date(2026, 1, 5), **more) -> int:
    outcome = award_purchase(
        request=asked(f"buy:{order}", at),
        member_id=member,
        order_id=order,
        purchase=basket(*paid, on=on, **more),
    )
    return outcome.earned.get("points", 0)


def bring_back(order: str, lines: dict[int, int], *, at=START) -> int:
    request = asked(f"back:{next(_returns)}", at)
    return return_purchase(request=request, order_id=order, lines=lines).left["points"]


def used(scope: str = "type:points", period: str = "2026-01-05") -> int:
    return sum(EarningCount.objects.filter(scope=scope, period=period).values_list("used", flat=True))


def at_once_usable(policy: str = "debt") -> None:
    PointsType.objects.filter(code="points").update(activation_days=0, return_policy=policy)


def test_a_return_frees_the_cap_of_the_day_of_the_purchase(members):
    """The table of the document."""
    ann = members[0]
    publish(GROUND, caps={"points": {"day": 100, "month": 1_000}})
    assert (buy(ann, "s:1", 6000, 8000), used(), used(period="2026-01")) == (100, 100, 100)
    assert buy(ann, "s:2", 7000) == 0
    assert (bring_back("s:1", {2: 1}), used(), used(period="2026-01")) == (43, 43, 43)
    assert (buy(ann, "s:3", 7000), used()) == (57, 100)
    # The next day's return frees the day of the purchase, not its own.
    assert buy(ann, "s:4", 9000, at=NEXT, on=date(2026, 1, 6)) == 90
    assert bring_back("s:3", {1: 1}, at=NEXT) == 0
    assert (used(), used(period="2026-01-06"), used(period="2026-01")) == (43, 90, 133)
    assert buy(ann, "s:5", 9000, at=NEXT, on=date(2026, 1, 6)) == 10
    assert ledger_findings() == []


@pytest.mark.parametrize(("policy", "then"), [("clamp", (100, 0)), ("debt", (0, 100))])
def test_what_is_forgiven_frees_nothing_and_what_is_owed_does(members, policy, then):
    ann = members[0]
    publish(GROUND, caps={"points": {"day": 100}})
    at_once_usable(policy)
    buy(ann, "s:1", 10_000)
    spend(ann, 100)
    bring_back("s:1", {1: 1})
    assert (used(), buy(ann, "s:2", 10_000)) == then
    assert ledger_findings() == []


def test_a_rule_with_a_cap_is_freed_by_its_own_goods(members):
    ann = members[0]
    wine = {
        **GROUND,
        "code": "wine",
        "name": "wine",
        "group": "wine",
        "where": {"products": ["p2"]},
        "day_cap": 50,
    }
    publish(GROUND, wine)
    assert (buy(ann, "s:1", 6000, 5000, quantity=2), used("rule:wine")) == (160, 50)
    assert (bring_back("s:1", {1: 2}), used("rule:wine"), used("rule:ground")) == (100, 50, 50)
    assert (bring_back("s:1", {2: 1}), used("rule:wine"), used("rule:ground")) == (50, 25, 25)
    assert (bring_back("s:1", {2: 1}), used("rule:wine"), used()) == (0, 0, 0)
    assert buy(ann, "s:2", 1, 5000) == 100


def test_an_order_that_did_not_say_what_it_used_frees_nothing():
    record = OrderRecord(lines=[1], pieces=[1], points={"points": [50]}, rules={"points": {"ground": 50}})
    assert used_by(record) == {}
    record.capped = ["points"]
    record.back[1] = LineBack(told=1)
    assert used_by(record) == {"type:points": 0, "rule:ground": 0}
    record.forgiven = {"points": 30}
    assert used_by(record) == {"type:points": 30, "rule:ground": 30}
    record.is_cancelled = True
    assert used_by(record) == {"type:points": 30, "rule:ground": 30}


def test_merged_members_share_caps_and_have_their_own_again_afterwards(members):
    ann, bob = members[:2]
    publish(GROUND, event_rule("review", event="Review Written", day_limit=2), caps={"points": {"day": 100}})
    assert (buy(ann, "s:1", 6000), buy(bob, "s:2", 3000)) == (60, 30)
    for number, member in enumerate((ann, bob)):
        award_event(request=asked(f"e{number}"), member_id=member, event="Review Written")
    merged = merge_members(actor=SYSTEM, at=START, survivor_id=ann, absorbed_id=bob)
    assert earning_quote(basket(9000), member_id=ann, at=START).points("points") == 10
    third = award_event(request=asked("e3"), member_id=bob, event="Review Written")
    assert "day_limit" in str(third)
    # The goods of the merged one free the cap of both.
    assert (bring_back("s:2", {1: 1}), buy(ann, "s:3", 9000)) == (0, 40)
    unmerge_members(actor=SYSTEM, at=START, merge_id=str(merged))
    assert earning_quote(basket(9000), member_id=bob, at=START).points("points") == 90
    assert earning_quote(basket(9000), member_id=ann, at=START).points("points") == 0
    assert ledger_findings() == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.slow
def test_at_many_tills_merged_members_earn_one_cap(members):
    ann, bob = members[:2]
    publish(GROUND, caps={"points": {"day": 100}})
    buy(ann, "s:a", 3000)
    buy(bob, "s:b", 3000)
    merge_members(actor=SYSTEM, at=START, survivor_id=ann, absorbed_id=bob)

    def till(number: int) -> str:
        return str(buy((ann, bob)[number % 2], f"s:{number}", 1000))

    assert at_once(till, 12, tills=4) == {"10": 4, "0": 8}
    assert used() == 100
