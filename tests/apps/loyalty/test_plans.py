"""Paid memberships are sold, extended, cancelled, refunded and ended by the terms they were sold with."""

from datetime import UTC, date, datetime, timedelta

import pytest

from shuke.apps.loyalty.events import MembershipEnded, MembershipPurchased
from shuke.apps.loyalty.operations.benefits import return_benefits, use_benefit
from shuke.apps.loyalty.operations.plans import (
    buy_membership,
    cancel_membership,
    end_memberships,
    refund_membership,
    refund_preview,
    renew_membership,
    save_plan,
)
from shuke.apps.loyalty.queries.benefits import benefits_of
from shuke.apps.loyalty.queries.plans import (
    paid_findings,
    paid_history,
    paid_terms,
    plan_figures,
    plan_revenue,
    plans,
)
from shuke.apps.loyalty.schemas import Request
from shuke.platform import events
from shuke.platform.errors import Invalid, NotFound, Refused
from shuke.platform.permissions import SYSTEM
from tests.apps.loyalty.benefit_terms import TERMS, publish

NEW_YEAR = datetime(2026, 1, 1, 4, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def ann(members) -> str:
    publish(TERMS, starts_on=date(2026, 1, 1))
    save_plan(
        actor=SYSTEM,
        at=NEW_YEAR,
        code="card",
        names={"en": "Card", "zh-hans": "年卡"},
        price_minor=19900,
        months=12,
        refund_full_days=14,
        refund_after="pro_rata",
    )
    return members[0]


@pytest.fixture(autouse=True)
def _sound(db):
    yield
    assert paid_findings() == []


@pytest.fixture
def told(monkeypatch) -> list[object]:
    seen: list[object] = []
    for kind in (MembershipPurchased, MembershipEnded):
        monkeypatch.setitem(events._subscribers, kind, [seen.append])
    return seen


def act(operation, member_id, key="k", *, at=NEW_YEAR, **more):
    request = Request(key=key, actor="desk", at=at)
    return operation(request=request, actor=SYSTEM, member_id=member_id, plan="card", **more)


def days(member_id, *, at=NEW_YEAR):
    return [(t.first_day, t.last_day, t.state) for t in paid_terms(member_id, today=at.date())]


def test_a_membership_brings_its_benefits_from_the_day_of_sale_through_its_last(ann, told):
    assert act(buy_membership, ann, reference="till 7").amount_minor == 19900
    assert days(ann) == [(date(2026, 1, 1), date(2026, 12, 31), "active")]
    assert (told[0].plan, told[0].last_day) == ("card", date(2026, 12, 31))
    inside = benefits_of(ann, at=datetime(2026, 12, 31, 15, 59, tzinfo=UTC))
    assert (inside.points_multiplier, inside.free_shipping_from_minor) == (1.5, 0)
    assert inside.columns == ["*", "plan:card"]
    # Midnight of the retailer: nothing has to run for it.
    outside = benefits_of(ann, at=datetime(2026, 12, 31, 16, tzinfo=UTC))
    assert (outside.points_multiplier, outside.columns) == (1, ["*"])


def test_a_counted_benefit_that_is_used_up_makes_room_for_the_next_best(ann):
    act(buy_membership, ann)
    use_benefit(key="u", member_id=ann, code="ship", at=NEW_YEAR, actor="till")
    assert benefits_of(ann, at=NEW_YEAR).free_shipping_from_minor == 9900


def test_renewing_before_the_end_follows_the_last_day(ann):
    act(buy_membership, ann)
    assert act(renew_membership, ann, "r", at=NEW_YEAR + 200 * DAY).kind == "renew"
    assert days(ann)[0][:2] == (date(2027, 1, 1), date(2027, 12, 31))


def test_coming_back_begins_today(ann):
    act(buy_membership, ann)
    later = NEW_YEAR + 400 * DAY
    act(renew_membership, ann, "r", at=later)
    assert days(ann, at=later)[0][:2] == (date(2027, 2, 5), date(2028, 2, 4))


def test_the_same_key_sells_once_and_another_request_under_it_is_refused(ann, members, told):
    first = act(buy_membership, ann)
    again = act(buy_membership, ann)
    assert (first.outcome, again.outcome, again.term.id) == ("created", "replayed", first.term.id)
    assert len(told) == 1
    for operation, who in ((buy_membership, members[1]), (cancel_membership, ann)):
        with pytest.raises(Refused) as refused:
            act(operation, who)
        assert refused.value.code == "idempotency_conflict"


def test_terms_are_those_of_the_sale(ann):
    act(buy_membership, ann)
    save_plan(
        actor=SYSTEM, at=NEW_YEAR, code="card", price_minor=99900, refund_full_days=0, refund_after="none"
    )
    assert refund_preview(ann, plan="card", at=NEW_YEAR) == 19900


def test_cancelling_ends_with_the_last_day_and_renewing_takes_it_back(ann, told):
    act(buy_membership, ann)
    act(cancel_membership, ann, "c")
    assert days(ann)[0][2] == "cancelled"
    assert benefits_of(ann, at=NEW_YEAR + 100 * DAY).points_multiplier == 1.5
    act(renew_membership, ann, "r", at=NEW_YEAR + 100 * DAY)
    assert {state for _f, _l, state in days(ann)} == {"active"}
    with pytest.raises(Refused) as refused:
        act(cancel_membership, ann, "late", at=NEW_YEAR + 900 * DAY)
    assert refused.value.code == "no_membership"


@pytest.mark.parametrize(
    ("day", "use", "back"), [(14, False, 19900), (15, False, 19028), (9, True, 19355), (99, False, 14448)]
)
def test_refunds_by_the_numbers_of_the_specification(ann, told, day, use, back):
    act(buy_membership, ann)
    at = NEW_YEAR + day * DAY
    if use:
        use_benefit(key="u", member_id=ann, code="ship", at=NEW_YEAR + DAY, actor="till")
    assert refund_preview(ann, plan="card", at=at) == back
    assert act(refund_membership, ann, "f", at=at).amount_minor == -back
    assert act(refund_membership, ann, "f", at=at).outcome == "replayed"
    assert benefits_of(ann, at=at).points_multiplier == 1
    assert (told[-1].why, told[-1].on) == ("refunded", at.date())
    assert [(r.month, r.amount_minor) for r in plan_revenue()] in (
        [("2026-01", 19900 - back)],
        [("2026-01", 19900), ("2026-04", -back)],
    )


def test_a_use_that_came_back_and_a_use_of_everybody_still_count_as_they_are(ann):
    act(buy_membership, ann)
    use_benefit(key="t", member_id=ann, code="trial", at=NEW_YEAR, actor="till")
    assert refund_preview(ann, plan="card", at=NEW_YEAR) == 19900  # a trial is everybody's
    use_benefit(key="u", member_id=ann, code="ship", at=NEW_YEAR, actor="till")
    assert refund_preview(ann, plan="card", at=NEW_YEAR) == 19845
    return_benefits(key="u", uses={"ship": 1}, at=NEW_YEAR)
    assert refund_preview(ann, plan="card", at=NEW_YEAR) == 19900


def test_a_term_that_has_not_begun_is_refunded_with_the_running_one(ann):
    act(buy_membership, ann)
    act(renew_membership, ann, "r")
    at = NEW_YEAR + 99 * DAY
    assert act(refund_membership, ann, "f", at=at).amount_minor == -19900
    assert [line.amount_minor for line in paid_history(ann)][:2] == [-19900, -14448]
    assert sum(r.amount_minor for r in plan_revenue()) == 2 * 19900 - 19900 - 14448


def test_nothing_to_pay_back_is_a_refusal(ann):
    act(buy_membership, ann)
    with pytest.raises(Refused) as refused:
        act(refund_membership, ann, "f", at=NEW_YEAR + 364 * DAY)
    assert refused.value.code == "no_refund"
    assert days(ann)[0][2] == "active"


def test_the_nightly_run_tells_each_end_once_and_no_end_of_who_renewed(ann, members, told):
    bob = members[1]
    for who in (ann, bob):
        act(buy_membership, who, f"b{who}")
    act(renew_membership, bob, "r", at=NEW_YEAR + 300 * DAY)
    told.clear()
    after = NEW_YEAR + 366 * DAY
    assert end_memberships(at=after, today=after.date()) == 1
    assert end_memberships(at=after, today=after.date()) == 0
    assert [(event.member_id, event.why, event.on) for event in told] == [(ann, "over", date(2026, 12, 31))]
    assert benefits_of(bob, at=after).points_multiplier == 1.5


def test_what_cannot_be(ann, members):
    with pytest.raises(Refused) as refused:
        act(renew_membership, ann)
    assert refused.value.code == "never_a_member"
    save_plan(actor=SYSTEM, at=NEW_YEAR, code="card", is_on_sale=False)
    with pytest.raises(Refused) as refused:
        act(buy_membership, ann)
    assert refused.value.code == "plan_not_on_sale"
    with pytest.raises(NotFound):
        buy_membership(request=Request("x", "desk", NEW_YEAR), actor=SYSTEM, member_id=ann, plan="none")
    with pytest.raises(Invalid):
        save_plan(actor=SYSTEM, at=NEW_YEAR, code="odd", names={"en": "x"}, price_minor=1, months=0)


def test_plans_with_members_and_revenue(ann, members):
    act(buy_membership, ann)
    act(buy_membership, members[1], "b2")
    act(cancel_membership, members[1], "c2")
    [figures] = plan_figures(today=date(2026, 3, 1))
    assert (figures.members, figures.cancelled, figures.total_minor) == (2, 1, 39800)
    assert [view.code for view in plans()] == ["card"]
