"""Sixteen tills and one use: one has it.  With its guard taken out the test must go red."""

from datetime import timedelta

import pytest
from django.db.models import Q

from shuke.apps.loyalty.models import BenefitCounter, BenefitHold
from shuke.apps.loyalty.operations import benefits
from shuke.apps.loyalty.operations.benefits import commit_benefits, release_benefits, reserve_benefits
from shuke.apps.loyalty.queries.benefits import benefits_of, counter_findings
from tests.apps.loyalty.benefit_terms import NOON, TERMS, publish
from tests.apps.loyalty.test_races import at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
TILLS = 16
LATER = NOON + timedelta(minutes=15)


@pytest.fixture
def ann(members) -> str:
    publish([{**TERMS[0], "cells": {"*": {"count": 3}}}, *TERMS[1:]])
    for key in ("before1", "before2"):
        reserve_benefits(key=key, member_id=members[0], uses={"trial": 1}, until=LATER, at=NOON)
        commit_benefits(key=key, at=NOON)
    return members[0]


def race_for_the_last(member_id: str):
    return at_once(
        lambda n: reserve_benefits(
            key=f"till:{n}", member_id=member_id, uses={"trial": 1, "lounge": 1}, until=LATER, at=NOON
        ),
        TILLS,
        tills=TILLS,
    )


def test_the_last_use_is_had_by_one(ann):
    assert race_for_the_last(ann) == {"created": 1, "benefit_used_up": TILLS - 1}
    assert dict(BenefitCounter.objects.values_list("benefit", "used")) == {"trial": 3, "lounge": 1}
    assert counter_findings() == []


def test_without_its_guard_the_race_is_lost(ann, monkeypatch):
    monkeypatch.setattr(benefits, "within", lambda _count, _limit: Q())
    outcomes = race_for_the_last(ann)
    assert outcomes["created"] > 1
    assert BenefitCounter.objects.get(benefit="trial").used > 3


def test_without_its_guard_a_hold_ends_twice(ann, monkeypatch):
    """The counter then is not the sum of its moves, or falls below zero, which the database refuses."""
    reserve_benefits(key="a", member_id=ann, uses={"trial": 1}, until=LATER, at=NOON)
    hold = BenefitHold.objects.get(key="a")
    assert benefits._end(hold.pk, state="released", kind="release", at=NOON) == 1
    assert benefits._end(hold.pk, state="released", kind="release", at=NOON) == 0
    BenefitHold.objects.filter(pk=hold.pk).update(state="held")
    benefits._end(hold.pk, state="expired", kind="expire", at=NOON)
    assert BenefitCounter.objects.get(benefit="trial").used == 1  # two were used


def test_one_key_is_one_reservation(ann):
    outcomes = at_once(
        lambda n: reserve_benefits(
            key=f"key:{n % 2}", member_id=ann, uses={"lounge": 1}, until=LATER, at=NOON
        ),
        TILLS,
        tills=TILLS,
    )
    assert outcomes == {"created": 2, "replayed": TILLS - 2}
    assert BenefitCounter.objects.get(benefit="lounge").used == 2


def test_a_hold_is_used_or_let_go_and_never_both(ann):
    reserve_benefits(key="a", member_id=ann, uses={"trial": 1}, until=LATER, at=NOON)
    acts = (commit_benefits, release_benefits)
    outcomes = at_once(lambda n: acts[n % 2](key="a", at=NOON), TILLS, tills=TILLS)
    assert outcomes["created"] == 1
    assert outcomes["reservation_ended"] == TILLS // 2
    used = BenefitCounter.objects.get(benefit="trial").used
    assert used == (3 if BenefitHold.objects.get(key="a").state == "used" else 2)
    assert counter_findings() == []


def test_a_hold_that_has_run_out_makes_room_for_one(ann):
    reserve_benefits(key="a", member_id=ann, uses={"trial": 1, "lounge": 1}, until=LATER, at=NOON)
    after = LATER + timedelta(minutes=1)
    outcomes = at_once(
        lambda n: reserve_benefits(
            key=f"till:{n}", member_id=ann, uses={"trial": 1}, until=after + timedelta(minutes=5), at=after
        ),
        TILLS,
        tills=TILLS,
    )
    assert outcomes == {"created": 1, "benefit_used_up": TILLS - 1}
    assert benefits_of(ann, at=after).entitlement("lounge").used == 0
    assert counter_findings() == []
