"""Purchases, returns and events at the checkout's pace: once each, within caps, and back line by line."""

from datetime import date, timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from shuke.apps.loyalty.models import EarningCount, OrderEarning, PointsTransaction, PointsType
from shuke.apps.loyalty.operations import (
    award_event,
    award_points,
    award_purchase,
    commit_hold,
    hold_points,
    publish_rules,
    return_purchase,
    write_rules,
)
from shuke.apps.loyalty.operations.once import IdempotencyConflict, PointsShort
from shuke.apps.loyalty.queries.earning import earning_quote, order_earning
from shuke.apps.loyalty.queries.statements import points_wallet
from shuke.apps.loyalty.queries.verification import ledger_findings
from shuke.apps.loyalty.schemas.earning import EarningRules
from shuke.platform.errors import Invalid, NotFound, Refused
from shuke.platform.permissions import SYSTEM
from tests.apps.loyalty.earning_shop import GIFT, GROUND, START, asked, basket, event_rule, publish
from tests.apps.loyalty.test_races import at_once

LATER = START + timedelta(days=8)


def balances(member: str, points_type: str = "points", at=LATER) -> tuple[int, int, int]:
    """Pending, available and debt."""
    found = points_wallet(member, points_type=points_type, at=at).balances
    return found.pending, found.available, found.debt


def spend(member: str, points: int) -> None:
    hold = hold_points(
        request=asked("hold"),
        member_id=member,
        points_type="points",
        points=points,
        expires_at=START + timedelta(hours=1),
    )
    commit_hold(request=asked("commit"), hold_id=hold.transaction_id)


def test_a_purchase_earns_every_type_once(members):
    publish(GROUND, GIFT)
    outcome = award_purchase(
        request=asked("a"), member_id=members[0], order_id="s:1", purchase=basket(4990, 15, 9600)
    )
    assert (outcome.outcome, outcome.earned, outcome.left) == (
        "created",
        {"gift": 14, "points": 146},
        {"gift": 14, "points": 146},
    )
    assert balances(members[0], at=START) == (146, 0, 0)
    assert balances(members[0]) == (0, 146, 0)
    again = award_purchase(request=asked("b"), member_id=members[0], order_id="s:1", purchase=basket(1, 1, 1))
    assert (again.outcome, again.earned) == ("replayed", {"gift": 14, "points": 146})
    other = award_purchase(request=asked("c"), member_id=members[1], order_id="s:1", purchase=basket(4990))
    assert (other.outcome, other.member_id) == ("replayed", members[0])
    assert PointsTransaction.objects.filter(kind="earn").count() == 2
    assert ledger_findings() == []


def test_the_quote_says_what_the_purchase_then_earns_and_writes_nothing(members):
    publish(GROUND, GIFT, caps={"points": {"day": 200}})
    quote = earning_quote(basket(9900), member_id=members[0], at=START)
    assert (quote.points("points"), quote.points("gift"), quote.version) == (99, 9, 1)
    assert quote.types[0].activates_at == START + timedelta(days=7)
    assert not OrderEarning.objects.exists()
    award_purchase(request=asked("a"), member_id=members[0], order_id="s:1", purchase=basket(15_000))
    capped = earning_quote(basket(9900), member_id=members[0], at=START).types[0]
    assert (capped.points, capped.rules[0].cut) == (50, 49)
    assert earning_quote(basket(9900), member_id="", at=START).points("points") == 99


def test_before_the_first_version_nothing_is_earned(members):
    assert earning_quote(basket(9900), member_id=members[0], at=START).types == []
    outcome = award_purchase(request=asked("a"), member_id=members[0], order_id="s:1", purchase=basket(9900))
    assert outcome.outcome == "nothing"
    with pytest.raises(NotFound):
        award_purchase(request=asked("a"), member_id="mem_nobody", order_id="s:2", purchase=basket(9900))


def test_caps_of_day_and_month_cut_and_are_not_made_up_for(members):
    publish({**GROUND, "day_cap": 100}, caps={"points": {"month": 150}})
    earned = [
        award_purchase(
            request=asked(f"k{n}", START + timedelta(hours=n)),
            member_id=members[0],
            order_id=f"s:{n}",
            purchase=basket(8000, on=day),
        ).earned.get("points", 0)
        for n, day in enumerate(
            [date(2026, 1, 5), date(2026, 1, 5), date(2026, 1, 6), date(2026, 1, 7), date(2026, 2, 1)]
        )
    ]
    assert earned == [80, 20, 50, 0, 80]
    used = EarningCount.objects.filter(scope="type:points", period="2026-01")
    assert used.values_list("used", flat=True).get() == 150
    assert ledger_findings() == []


def test_a_return_takes_back_line_by_line_what_was_recorded(members):
    """3 per 10.00 over bread, milk and wine earned 15 + 0 + 28; tomorrow's rules do not matter."""
    publish({**GROUND, "points": 3, "per_minor": 1000})
    award_purchase(
        request=asked("a"), member_id=members[0], order_id="s:1", purchase=basket(4990, 15, 9600, quantity=3)
    )
    publish({**GROUND, "points": 100}, at=START + timedelta(hours=1))
    taken = []
    for number in range(3):
        outcome = return_purchase(request=asked(f"r{number}", LATER), order_id="s:1", lines={3: 1})
        taken.append(outcome.left["points"])
    assert taken == [43 - 9, 43 - 18, 43 - 28]
    assert return_purchase(request=asked("r1", LATER), order_id="s:1", lines={3: 1}).outcome == "replayed"
    with pytest.raises(IdempotencyConflict):
        return_purchase(request=asked("r1", LATER), order_id="s:1", lines={1: 1})
    with pytest.raises(Refused, match="More pieces") as refusal:
        return_purchase(request=asked("r9", LATER), order_id="s:1", lines={3: 1})
    assert refusal.value.details["left"] == 0
    with pytest.raises(Invalid):
        return_purchase(request=asked("r9", LATER), order_id="s:1", lines={7: 1})
    with pytest.raises(Invalid):
        return_purchase(request=asked("r9", LATER), order_id="s:1", lines={1: 0})
    assert return_purchase(request=asked("r9", LATER), order_id="s:9", lines={1: 1}).outcome == "nothing"
    assert balances(members[0])[1] == 15
    assert ledger_findings() == []


@pytest.mark.parametrize(("policy", "left"), [("debt", (0, 100)), ("clamp", (0, 0))])
def test_points_that_are_spent_are_owed_or_forgiven(members, policy, left):
    PointsType.objects.filter(code="points").update(return_policy=policy, activation_days=0)
    publish(GROUND)
    award_purchase(request=asked("a"), member_id=members[0], order_id="s:1", purchase=basket(15_000))
    spend(members[0], 100)
    return_purchase(request=asked("r", LATER), order_id="s:1", lines={1: 1})
    _, available, debt = balances(members[0])
    assert (available, debt) == left
    award_points(request=asked("more", LATER), member_id=members[0], points_type="points", points=30)
    assert balances(members[0])[2] == (70 if policy == "debt" else 0)
    assert ledger_findings() == []


def test_a_till_refuses_a_return_whose_points_are_gone_if_the_policy_says_so(members):
    PointsType.objects.filter(code="points").update(return_policy="refuse", activation_days=0)
    publish(GROUND)
    award_purchase(request=asked("a"), member_id=members[0], order_id="s:1", purchase=basket(15_000))
    spend(members[0], 100)
    with pytest.raises(PointsShort):
        return_purchase(request=asked("r", LATER), order_id="s:1", lines={1: 1})
    view = order_earning("s:1")
    assert view is not None
    assert view.left == {"points": 150}


def test_events_earn_within_their_limits(members):
    publish(
        event_rule("checkin", event="Checked In", day_limit=1, month_limit=2),
        event_rule("checkin-gift", event="Checked In", points=1, points_type="gift", ever_limit=1),
        event_rule("party", event="Party", points=50, life_days=30),
    )
    outcomes = [
        award_event(
            request=asked(f"c{hours}", START + timedelta(hours=hours)),
            member_id=members[0],
            event="Checked In",
        )
        for hours in (0, 1, 24, 48)
    ]
    assert [outcome.points for outcome in outcomes] == [{"points": 5, "gift": 1}, {}, {"points": 5}, {}]
    assert [outcome.refusals for outcome in outcomes] == [
        {},
        {"checkin": "day_limit", "checkin-gift": "ever_limit"},
        {"checkin-gift": "ever_limit"},
        {"checkin": "month_limit", "checkin-gift": "ever_limit"},
    ]
    again = award_event(request=asked("c0", LATER), member_id=members[0], event="Checked In")
    assert (again.outcome, again.points) == ("replayed", {"points": 5, "gift": 1})
    assert award_event(request=asked("x"), member_id=members[0], event="Unknown").outcome == "nothing"
    award_event(request=asked("p", LATER), member_id=members[1], event="Party")
    lots = points_wallet(members[1], points_type="points", at=LATER).lots
    assert [lot.expires_at.isoformat() for lot in lots if lot.expires_at] == [
        "2026-02-12T15:59:59.999999+00:00"
    ]
    with pytest.raises(Invalid):
        award_event(request=asked("f"), member_id=members[0], event="Party", occurred_at=LATER)
    assert ledger_findings() == []


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ({**GROUND, "points": 0}, "no_rate"),
        ({**GROUND, "points_type": "stars"}, "unknown_points_type"),
        ({**GROUND, "code": "x", "group": "x", "times": "2"}, "two_rates"),
        ({**GROUND, "points": 0, "per_minor": 0, "times": "2"}, "multiplier_in_ground"),
        ({**GROUND, "group": "x", "points": 0, "per_minor": 0, "times": "1"}, "multiplier_too_small"),
        ({**GROUND, "where": {"first_day": "2026-02-01", "last_day": "2026-01-01"}}, "ends_before_start"),
        (event_rule("e", event="E", life_days=7), "ends_before_start"),
        (GROUND, "repeated_code"),
    ],
)
def test_rules_that_make_no_sense_are_refused_with_their_field(members, rule, code):
    rules = [GROUND, rule] if code == "repeated_code" else [rule]
    with pytest.raises(Invalid) as refusal:
        write_rules(actor=SYSTEM, at=START, body=EarningRules.model_validate({"rules": rules}))
    assert refusal.value.code == code
    assert refusal.value.details["rule"] == rule["code"]


def test_a_document_with_unknown_words_is_refused():
    with pytest.raises(ValidationError):
        EarningRules.model_validate({"rules": [{**GROUND, "bonus": 3}]})
    with pytest.raises(ValidationError):
        EarningRules.model_validate({"rules": [{**GROUND, "times": "1/0"}]})


def test_versions_start_one_after_the_other_and_never_change(members):
    first = publish(GROUND, at=START - timedelta(days=400))
    body = EarningRules.model_validate({"rules": [{**GROUND, "points": 2}]})
    write_rules(actor=SYSTEM, at=START, body=body)
    with pytest.raises(Refused, match="now or later"):
        publish_rules(actor=SYSTEM, at=START, starts_at=START - timedelta(days=1))
    second = publish_rules(actor=SYSTEM, at=START, starts_at=START + timedelta(days=2))
    assert (first.number, second.number) == (1, 2)
    with pytest.raises(Refused, match="no changed rules"):
        publish_rules(actor=SYSTEM, at=START)
    earned = [
        award_purchase(
            request=asked(f"k{days}", START + timedelta(days=days)),
            member_id=members[0],
            order_id=f"s:{days}",
            purchase=basket(1000),
        ).earned["points"]
        for days in (1, 2)
    ]
    assert earned == [10, 20]


@pytest.mark.django_db(transaction=True)
def test_caps_and_limits_hold_under_load(members):
    """Eight tills at once: 100 points a day and one check-in a day, to the point."""
    publish(
        GROUND,
        event_rule("checkin", event="Checked In", points=1, day_limit=1),
        caps={"points": {"day": 100}},
    )

    def till(number: int) -> object:
        award_purchase(
            request=asked(f"k{number}"), member_id=members[0], order_id=f"s:{number}", purchase=basket(1700)
        )
        return award_event(request=asked(f"c{number}"), member_id=members[0], event="Checked In")

    assert at_once(till, 16) == {"created": 1, "nothing": 15}
    assert balances(members[0])[1] == 101
    assert OrderEarning.objects.count() == 16
    assert ledger_findings() == []


@pytest.mark.django_db(transaction=True)
def test_one_order_told_at_many_tills_for_two_members_earns_once(members):
    publish(GROUND)

    def till(number: int) -> object:
        return award_purchase(
            request=asked(f"k{number}"),
            member_id=members[number % 2],
            order_id="s:1",
            purchase=basket(10_000),
        )

    assert at_once(till, 16) == {"created": 1, "replayed": 15}
    assert sum(balances(member)[1] for member in members[:2]) == 100


_runs = count()
lines = st.lists(st.integers(1, 4000), min_size=1, max_size=5)


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(baskets=st.lists(lines, min_size=1, max_size=3))
def test_any_returns_leave_between_nothing_and_what_was_earned(members, baskets):
    """Caps hold whatever is bought, and when all pieces are back every point is taken and the caps are free again."""
    run = next(_runs)
    member = members[0]
    if not earning_quote(basket(100), member_id="", at=START).version:
        publish(GROUND, caps={"points": {"day": 60, "month": 100}})
    used = EarningCount.objects.filter(scope="type:points", period="2026-01").values_list("used", flat=True)
    for number, paid in enumerate(baskets):
        order = f"{run}:{number}"
        outcome = award_purchase(
            request=asked(order), member_id=member, order_id=order, purchase=basket(*paid, quantity=2)
        )
        earned = outcome.earned.get("points", 0)
        assert earned == min(sum(paid) // 100, 60)
        left = earned
        for turn in range(2):
            back = dict.fromkeys(range(1, len(paid) + 1), 1)
            now = return_purchase(request=asked(f"{order}r{turn}", LATER), order_id=order, lines=back)
            assert 0 <= now.left.get("points", 0) <= left
            left = now.left.get("points", 0)
            assert next(iter(used.all()), 0) == left
        assert left == 0
    assert ledger_findings() == []
