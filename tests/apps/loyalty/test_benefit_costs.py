"""What a tier's benefits cost in a year: to the cent what receipts, gifts and uses say."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest

from shuke.apps.loyalty.models import (
    BenefitCostMonth,
    OrderEarning,
    TierMembership,
    TierProgram,
    TierVersion,
)
from shuke.apps.loyalty.operations.benefit_costs import refresh_benefit_costs
from shuke.apps.loyalty.operations.benefits import use_benefit
from shuke.apps.loyalty.operations.birthday_gifts import give_birthday_gifts
from shuke.apps.loyalty.operations.finance import set_points_cost
from shuke.apps.loyalty.operations.tiers import create_tier_program, publish_tier_version, try_tier_draft
from shuke.apps.loyalty.queries.benefit_costs import benefit_costs
from shuke.apps.loyalty.queries.tiers import members_by_tier
from shuke.apps.loyalty.rules.benefit_costs import extra_points, free_shipping_minor
from shuke.apps.loyalty.schemas.tiers import TierTermsView
from shuke.apps.members.models import Member
from shuke.apps.members.operations import create_members
from shuke.apps.members.schemas import MemberProfile
from shuke.platform.permissions import SYSTEM
from tests.apps.loyalty import benefit_terms, earning_shop
from tests.apps.loyalty.checkout_desk import AT, asked, commit, reserve
from tests.apps.loyalty.conftest import START

TIER = {"code": "gold", "name": "Gold", "reach": 1, "keep": 1}
LADDER = {
    "tiers": [TIER], "counter": {"kind": "orders"}, "window": {"kind": "rolling", "days": 90},
    "up": "at_once", "down": "none", "grace_days": 0,
}  # fmt: skip
TERMS = (
    {"code": "off", "kind": "discount", "names": {"en": "A tenth"},
     "cells": {"gold": {"numerator": 1, "denominator": 10}}},
    {"code": "more", "kind": "points", "names": {"en": "More"}, "cells": {"gold": {"numerator": 3, "denominator": 2}}},
    {"code": "ship", "kind": "shipping", "names": {"en": "Free"}, "cells": {"gold": {}}},
    {"code": "taste", "kind": "trial", "period": "year", "names": {"en": "Tasting"}, "cells": {"*": {"count": 5}}},
)  # fmt: skip


def into_gold(member_id: str) -> None:
    TierMembership.objects.create(
        program=TierProgram.objects.get(), version=TierVersion.objects.get(), number=1, tier="gold",
        member=Member.objects.get(public_id=member_id), from_date=START.date(), why="qualified", count=1,
        recorded_at=START,
    )  # fmt: skip


@pytest.fixture
def gold(members) -> list[str]:
    """Two of three members are gold; they have a tenth off, half as many points again, and free shipping."""
    day = START.date()
    terms = TierTermsView.model_validate(LADDER)
    program = create_tier_program(actor=SYSTEM, at=START, today=day, name="Club", terms=terms)
    trial = try_tier_draft(actor=SYSTEM, at=START, today=day, program_id=program.id)
    publish_tier_version(
        actor=SYSTEM, at=START, today=day, program_id=program.id, trial_id=trial.id, valid_from=day
    )
    for member_id in members[:2]:
        into_gold(member_id)
    benefit_terms.publish(TERMS, starts_on=day, at=START)
    earning_shop.publish(earning_shop.GROUND, at=START)
    set_points_cost(
        actor=SYSTEM, at=START, points_type="points", valid_from=day.replace(day=1), points=100, minor=200
    )
    return members


def bought(member: str | None, **values) -> dict:
    held = reserve(asked(**values), member).answer
    commit(held["reservation_id"])
    return held["quote"]


def test_every_part_is_what_was_recorded_and_members_share_it(gold):
    ann, _bob, cy = gold
    quote = bought(ann, shipping_minor=700)
    bought(cy, shipping_minor=700)
    bought(None)
    use_benefit(key="taste-of-cy", member_id=cy, code="taste", at=AT, actor="till")
    costs = benefit_costs(AT.year, at=AT + timedelta(days=1))
    tier, nobody = costs.tiers
    off = sum(deduction["minor"] for deduction in quote["deductions"] if deduction["step"] == "tier")
    earned = quote["earned"]["points"]
    extra = extra_points(earned, Fraction(3, 2))
    assert off > 0
    assert extra > 0
    assert (tier.code, tier.members, tier.purchases) == ("gold", 2, 1)
    assert tier.minor == {"discount": off, "points": 2 * extra, "shipping": 700, "gifts": 0}
    assert tier.extra_points == {"points": extra}
    assert tier.total_minor == off + 2 * extra + 700
    assert tier.member_minor == -(-tier.total_minor // 2)  # a half is rounded up
    assert (nobody.code, nobody.total_minor, nobody.uses) == ("", 0, {"taste": 1})
    assert benefit_costs(AT.year - 1, at=AT).tiers[0].total_minor == 0
    assert benefit_costs(AT.year, at=AT - timedelta(hours=1)).tiers[0].total_minor == 0


@pytest.mark.once
def test_the_rules_with_worked_numbers():
    assert [extra_points(n, Fraction(3, 2)) for n in (150, 151, 1, 0)] == [50, 51, 1, 0]
    assert extra_points(150, Fraction(1)) == 0
    voucher = [{"step": "voucher", "minor": 0, "shipping_minor": 300}]
    assert free_shipping_minor(voucher, list_minor=700, paid_minor=400) == 0
    assert free_shipping_minor(voucher, list_minor=700, paid_minor=0) == 400


def test_members_of_a_tier_are_counted_on_a_day(gold):
    assert members_by_tier(START.date())["gold"] == 2
    assert members_by_tier(START.date() - timedelta(days=1)) == {}


def test_birthday_points_cost_what_a_point_costs_in_their_month(gold):
    gift = {
        "code": "cake", "kind": "birthday", "names": {"en": "Birthday"},
        "cells": {"gold": {"points": 500, "points_type": "points", "window": "month"}},
    }  # fmt: skip
    day = START.date() + timedelta(days=40)
    benefit_terms.publish((*TERMS, gift), starts_on=day, at=START)
    profile = MemberProfile(name="Dee", birthday=date(1990, day.month, day.day))
    [dee] = create_members(at=START, source="test", profiles=[profile])
    into_gold(dee.public_id)
    at = datetime(day.year, day.month, day.day, 4, tzinfo=UTC)
    assert give_birthday_gifts(at=at, today=day) == 1
    assert benefit_costs(day.year, at=at + timedelta(days=1)).tiers[0].minor["gifts"] == 1_000


def imported(member_id: str, number: int, *, points: int, taken_in: datetime, age: timedelta) -> None:
    """A purchase that the lake told of, as earning writes it down."""
    placed = taken_in - age
    OrderEarning.objects.create(
        order_id=f"web:{number}", member=Member.objects.get(public_id=member_id), version=1, teller="lake",
        placed_at=placed, local_date=placed.date(), recorded_at=taken_in,
        body={"rules": {"points": {"ground": points, "extra": 7}}},
    )  # fmt: skip


def test_imported_purchases_count_where_their_tier_is_known(gold):
    ann, _bob, cy = gold
    run, day = AT + timedelta(hours=1), timedelta(days=1)
    imported(ann, 1, points=150, taken_in=run, age=timedelta(hours=5))
    imported(cy, 2, points=150, taken_in=run, age=timedelta(hours=5))  # no tier: nothing extra
    imported(ann, 3, points=150, taken_in=START - day, age=timedelta(0))  # before there was a multiplier
    history = run + timedelta(minutes=1)
    imported(ann, 4, points=150, taken_in=history, age=timedelta(hours=5))
    imported(ann, 5, points=150, taken_in=history, age=40 * day)
    costs = benefit_costs(AT.year, at=AT + day)
    tier = costs.tiers[0]
    assert (tier.extra_points, tier.minor["points"]) == ({"points": 50}, 100)
    assert (tier.imported, tier.purchases, tier.minor["discount"]) == (1, 0, 0)
    assert costs.untold_imports == 1  # the other one lies in the year before
    assert benefit_costs(AT.year - 1, at=AT + day).untold_imports == 1


def test_what_was_worked_out_by_night_is_read_and_says_when(gold, django_assert_max_num_queries):
    bought(gold[0], shipping_minor=700)
    live = benefit_costs(AT.year, at=AT + timedelta(days=1))
    night = AT + timedelta(days=1, hours=2)
    assert (
        refresh_benefit_costs(at=night) == refresh_benefit_costs(at=night) == BenefitCostMonth.objects.count()
    )
    with django_assert_max_num_queries(12):
        stored = benefit_costs(AT.year, at=night + timedelta(hours=1))
    assert stored.tiers == live.tiers
    assert (stored.as_of, live.as_of) == (night, AT + timedelta(days=1))
    bought(gold[0], shipping_minor=700)
    again = benefit_costs(AT.year, at=night + timedelta(hours=1))
    assert again.tiers[0].minor["shipping"] == 700
    refresh_benefit_costs(at=night + timedelta(hours=2))
    assert benefit_costs(AT.year, at=night + timedelta(hours=3)).tiers[0].minor["shipping"] == 1_400
    # As of a moment before the night the night is not known.
    assert benefit_costs(AT.year, at=AT - timedelta(hours=1)).tiers[0].total_minor == 0
