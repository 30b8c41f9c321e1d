"""Benefits are had by the terms of the day, and used as often as the terms say."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest

from shuke.apps.loyalty.models import BenefitCounter, BenefitHold, BenefitMove
from shuke.apps.loyalty.operations.benefit_terms import (
    discard_benefit_draft,
    publish_benefits,
    save_benefit_draft,
)
from shuke.apps.loyalty.operations.benefits import (
    commit_benefits,
    end_overdue_holds,
    release_benefits,
    reserve_benefits,
    return_benefits,
    use_benefit,
)
from shuke.apps.loyalty.queries.benefit_terms import benefit_draft, benefit_usage, benefit_versions
from shuke.apps.loyalty.queries.benefits import benefit_uses, benefits_of, counter_findings
from shuke.platform.errors import Invalid, NotFound, Refused
from shuke.platform.permissions import SYSTEM
from tests.apps.loyalty.benefit_terms import NOON, TERMS, publish

MINUTE = timedelta(minutes=1)


@pytest.fixture
def ann(members) -> str:
    publish(TERMS)
    return members[0]


@pytest.fixture(autouse=True)
def _counters_are_the_sum_of_their_moves(db):
    yield
    assert counter_findings() == []


def reserve(member_id, key="a", *, at=NOON, until=None, **uses):
    return reserve_benefits(
        key=key, member_id=member_id, uses=uses or {"trial": 1}, until=until or at + 15 * MINUTE, at=at
    )


def left(member_id, code="trial", *, at=NOON):
    return benefits_of(member_id, at=at).entitlement(code).left


def code_of(refused) -> str:
    return refused.value.code


def test_what_a_member_has(ann):
    found = benefits_of(ann, at=NOON)
    assert (found.discount, found.discount_code) == (Fraction(1, 100), "off")
    assert (found.points_multiplier, found.free_shipping_from_minor, found.has_priority) == (1, 9900, False)
    trial = found.entitlement("trial")
    assert (trial.limit, trial.used, trial.left, trial.period_from) == (2, 0, 2, date(2026, 11, 1))
    assert (trial.period_through, trial.source) == (date(2026, 11, 30), "*")
    assert found.entitlement("more") is None


def test_a_reservation_step_by_step(ann):
    """The table of the specification."""
    use_benefit(key="earlier", member_id=ann, code="trial", at=NOON - 60 * MINUTE, actor="till")
    assert reserve(ann, "A").outcome == "created"
    assert left(ann) == 0
    with pytest.raises(Refused) as refused:
        reserve(ann, "B", at=NOON + MINUTE)
    assert (code_of(refused), refused.value.details) == (
        "benefit_used_up",
        {"benefit": "trial", "left": 0, "asked": 1},
    )
    assert reserve(ann, "A", at=NOON + MINUTE).outcome == "replayed"
    assert left(ann, at=NOON + 16 * MINUTE) == 1
    reserve(ann, "C", at=NOON + 17 * MINUTE)
    with pytest.raises(Refused) as refused:
        commit_benefits(key="A", at=NOON + 18 * MINUTE)
    assert code_of(refused) == "reservation_ended"
    assert BenefitHold.objects.get(key="A").ended_at == NOON + 15 * MINUTE
    assert commit_benefits(key="C", at=NOON + 19 * MINUTE).outcome == "created"
    assert commit_benefits(key="C", at=NOON + 99 * MINUTE).outcome == "replayed"
    assert return_benefits(key="C", uses={"trial": 1}, at=NOON + 20 * MINUTE).returned == {"trial": 1}
    assert left(ann, at=NOON + 20 * MINUTE) == 1
    assert left(ann, at=datetime(2026, 12, 1, 1, tzinfo=UTC)) == 2


def test_all_uses_or_none(ann):
    reserve(ann, "a", trial=1, lounge=1)
    with pytest.raises(Refused):
        reserve(ann, "b", lounge=1, trial=2)
    assert (left(ann), left(ann, "lounge")) == (1, 4)
    assert not BenefitHold.objects.filter(key="b").exists()
    assert reserve(ann, "b", lounge=1).outcome == "created"


def test_a_key_is_for_one_request(ann):
    reserve(ann, "a", trial=1)
    with pytest.raises(Refused) as refused:
        reserve(ann, "a", trial=2)
    assert code_of(refused) == "idempotency_conflict"
    assert left(ann) == 1


def test_release_gives_back_once(ann):
    reserve(ann, "a", trial=2)
    assert release_benefits(key="a", at=NOON).outcome == "created"
    assert release_benefits(key="a", at=NOON).outcome == "replayed"
    assert left(ann) == 2
    with pytest.raises(Refused):
        commit_benefits(key="a", at=NOON)


def test_a_release_that_comes_late_is_no_fault(ann):
    reserve(ann, "a")
    assert release_benefits(key="a", at=NOON + 60 * MINUTE).state == "expired"
    assert release_benefits(key="a", at=NOON + 61 * MINUTE).state == "expired"
    assert left(ann) == 2


def test_what_was_used_is_not_released(ann):
    reserve(ann, "a")
    commit_benefits(key="a", at=NOON)
    with pytest.raises(Refused) as refused:
        release_benefits(key="a", at=NOON)
    assert code_of(refused) == "reservation_ended"
    assert left(ann) == 1


def test_a_hold_ends_with_its_last_moment(ann):
    reserve(ann, "a")
    with pytest.raises(Refused):
        commit_benefits(key="a", at=NOON + 15 * MINUTE)
    commit_benefits(key="a", at=NOON + 15 * MINUTE - timedelta(microseconds=1))


def test_returns_in_parts_never_exceed_what_was_used(ann):
    reserve(ann, "a", lounge=3)
    with pytest.raises(Refused):
        return_benefits(key="a", uses={"lounge": 1}, at=NOON)
    commit_benefits(key="a", at=NOON)
    return_benefits(key="a", uses={"lounge": 1}, at=NOON, return_key="r1")
    return_benefits(key="a", uses={"lounge": 1}, at=NOON, return_key="r1")
    return_benefits(key="a", uses={"lounge": 1}, at=NOON, return_key="r2")
    with pytest.raises(Refused) as refused:
        return_benefits(key="a", uses={"lounge": 2}, at=NOON, return_key="r3")
    assert code_of(refused) == "more_than_used"
    with pytest.raises(Refused) as refused:
        return_benefits(key="a", uses={"lounge": 2}, at=NOON, return_key="r1")
    assert code_of(refused) == "idempotency_conflict"
    with pytest.raises(Refused):
        return_benefits(key="a", uses={"trial": 1}, at=NOON, return_key="r4")
    assert left(ann, "lounge") == 4
    assert BenefitMove.objects.filter(kind="return").count() == 2


def test_a_return_goes_back_to_the_period_it_came_from(ann):
    use_benefit(key="a", member_id=ann, code="trial", at=NOON, actor="till")
    december = NOON + timedelta(days=10)
    use_benefit(key="b", member_id=ann, code="trial", at=december, actor="till")
    return_benefits(key="a", uses={"trial": 1}, at=december)
    assert left(ann, at=december) == 1
    assert dict(BenefitCounter.objects.values_list("period_start", "used")) == {
        date(2026, 11, 1): 0,
        date(2026, 12, 1): 1,
    }


def test_where_there_is_no_limit_nothing_is_counted_and_uses_are_recorded(ann):
    for number in range(3):
        use_benefit(key=f"o{number}", member_id=ann, code="off", at=NOON, actor="till")
    assert not BenefitCounter.objects.exists()
    assert left(ann, "off") is None
    assert len(benefit_uses(ann)) == 3


def test_what_the_member_does_not_have_cannot_be_used(ann):
    with pytest.raises(Refused) as refused:
        reserve(ann, "a", more=1)
    assert code_of(refused) == "benefit_not_held"
    with pytest.raises(NotFound):
        reserve("mem_nobody", "a")
    with pytest.raises(NotFound):
        commit_benefits(key="never", at=NOON)
    for uses in ({}, {"trial": 0}):
        with pytest.raises(Invalid):
            reserve_benefits(key="x", member_id=ann, uses=uses, until=NOON + MINUTE, at=NOON)
    with pytest.raises(Invalid):
        reserve(ann, "a", until=NOON)


def test_the_nightly_run_ends_what_has_run_out(ann):
    reserve(ann, "a", trial=1, lounge=1)
    reserve(ann, "b", until=NOON + 90 * MINUTE)
    assert end_overdue_holds(at=NOON + 60 * MINUTE) == 1
    assert end_overdue_holds(at=NOON + 60 * MINUTE) == 0
    assert BenefitCounter.objects.get(benefit="lounge").used == 0
    assert left(ann, at=NOON + 60 * MINUTE) == 1


def test_members_have_counters_of_their_own(ann, members):
    reserve(ann, "a", trial=2)
    assert left(members[1]) == 2


def test_terms_hold_from_their_day_on_and_never_change(ann):
    more = [{**TERMS[0], "cells": {"*": {"count": 9}}}]
    publish(more, starts_on=date(2026, 12, 1), at=NOON)
    use_benefit(key="a", member_id=ann, code="trial", at=NOON, actor="till", quantity=2)
    assert left(ann, at=datetime(2026, 11, 30, 15, 59, tzinfo=UTC)) == 0
    assert left(ann, at=datetime(2026, 11, 30, 16, tzinfo=UTC)) == 9
    with pytest.raises(Refused) as refused:
        publish(more, starts_on=date(2026, 11, 26), at=NOON)
    assert code_of(refused) == "starts_in_the_past"


def test_the_later_version_of_one_day_wins_and_a_lowered_limit_leaves_nothing(ann):
    reserve(ann, "a", trial=2)
    publish([{**TERMS[0], "cells": {"*": {"count": 1}}}], starts_on=date(2026, 11, 27), at=NOON)
    assert left(ann) == 0
    publish([{**TERMS[0], "cells": {"*": {"count": 3}}}], starts_on=date(2026, 11, 27), at=NOON)
    assert left(ann) == 1


def test_one_draft_is_edited_and_can_be_thrown_away(ann):
    save_benefit_draft(actor=SYSTEM, at=NOON, benefits=TERMS[:1])
    save_benefit_draft(actor=SYSTEM, at=NOON, benefits=TERMS[:2])
    assert [version.number for version in benefit_versions()] == [2, 1]
    assert [row["code"] for row in benefit_draft().benefits] == ["trial", "lounge"]
    with pytest.raises(Invalid, match="how many times"):
        save_benefit_draft(actor=SYSTEM, at=NOON, benefits=[{**TERMS[0], "cells": {"*": {}}}])
    discard_benefit_draft(actor=SYSTEM, at=NOON)
    assert benefit_draft() is None
    with pytest.raises(NotFound):
        publish_benefits(actor=SYSTEM, at=NOON, starts_on=date(2026, 12, 1))


def test_what_is_used_this_period(ann, members):
    use_benefit(key="a", member_id=ann, code="trial", at=NOON, actor="till", quantity=2)
    use_benefit(key="b", member_id=members[1], code="trial", at=NOON, actor="till")
    return_benefits(key="a", uses={"trial": 1}, at=NOON)
    use_benefit(key="c", member_id=ann, code="trial", at=NOON - timedelta(days=40), actor="till")
    used = {item.code: item for item in benefit_usage(today=date(2026, 11, 27))}
    assert (used["trial"].uses, used["trial"].members) == (2, 2)
    assert used["lounge"].uses == 0
