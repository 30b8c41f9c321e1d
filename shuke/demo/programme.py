"""The demonstration's programme: points and growth value, rules, tiers, and a year that is replayed by them."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from shuke.apps.loyalty.operations import define_points_type, publish_rules, write_rules
from shuke.apps.loyalty.operations.replaying import replay_history
from shuke.apps.loyalty.operations.tiers import (
    create_tier_program,
    place_members,
    publish_tier_version,
    try_tier_draft,
)
from shuke.apps.loyalty.queries.earning_plans import has_rules
from shuke.apps.loyalty.queries.tiers import has_tiers
from shuke.apps.loyalty.queries.types import points_types
from shuke.apps.loyalty.rules.expiry import Expiry
from shuke.apps.loyalty.schemas import EarnedOrders
from shuke.apps.loyalty.schemas.earning import EarningRules
from shuke.apps.loyalty.schemas.tiers import TierCounterView, TierTermsView, TierView, TierWindowView
from shuke.demo.benefits import make_benefits
from shuke.platform.permissions import SYSTEM

POINTS, GROWTH = "points", "growth"
#: The first day of the demonstration's year lies at most so far back.
YEAR = timedelta(days=380)
RULES: tuple[dict[str, Any], ...] = (
    {
        "kind": "purchase",
        "code": "ground",
        "name": "1 point per 1.00",
        "name_zh": "每1元积1分",
        "points": 1,
        "per_minor": 100,
    },
    {
        "kind": "purchase",
        "code": "fresh",
        "name": "Double points on produce",
        "name_zh": "生鲜双倍积分",
        "group": "fresh",
        "times": "2",
        "where": {"departments": ["PRODUCE"]},
    },
    {
        "kind": "purchase",
        "code": "large-basket",
        "name": "15 % more from 50.00, at most 30",
        "name_zh": "满50元多积15%，最多30分",
        "group": "basket",
        "times": "23/20",
        "cap": 30,
        "where": {"minimum_minor": 5_000},
    },
    {
        "kind": "purchase",
        "code": "growth",
        "name": "1 growth value per 1.00",
        "name_zh": "每1元1点成长值",
        "points_type": GROWTH,
        "points": 1,
        "per_minor": 100,
    },
    {
        "kind": "event",
        "code": "birthday",
        "name": "Birthday",
        "name_zh": "生日礼",
        "event": "Birthday",
        "points": 50,
        "life_days": 30,
    },
    {
        "kind": "event",
        "code": "checkin",
        "name": "Check-in",
        "name_zh": "签到",
        "event": "Checked In",
        "points": 2,
        "day_limit": 1,
    },
    {
        "kind": "event",
        "code": "review",
        "name": "Review",
        "name_zh": "评价",
        "event": "Product Reviewed",
        "points": 20,
        "day_limit": 1,
        "month_limit": 5,
    },
)
TIERS = (
    ("silver", "Silver", "银卡", 500),
    ("gold", "Gold", "金卡", 2_000),
    ("platinum", "Platinum", "白金卡", 5_000),
)


def make_programme(*, at: datetime, today: date, time_zone: str) -> None:
    """Set up what is not there yet: points types, rules that hold since the year began, tiers by growth value."""
    first = today - YEAR
    known = {kind.code for kind in points_types()}
    if POINTS not in known:
        # Points of a year end with the next one, as most programmes have it.
        define_points_type(
            actor=SYSTEM,
            at=at,
            code=POINTS,
            names={"en": "Points", "zh-hans": "积分"},
            expiry=Expiry("end_of_year", months=12),
        )
    if GROWTH not in known:
        define_points_type(
            actor=SYSTEM,
            at=at,
            code=GROWTH,
            names={"en": "Growth value", "zh-hans": "成长值"},
            is_spendable=False,
        )
    if not has_rules():
        write_rules(actor=SYSTEM, at=at, body=EarningRules.model_validate({"rules": list(RULES)}))
        begins = datetime.combine(first, time.min, ZoneInfo(time_zone)).astimezone(UTC)
        publish_rules(actor=SYSTEM, at=at, starts_at=begins)
    if not has_tiers():
        _make_tiers(at=at, today=today, first=first)
    make_benefits(at=at, today=today, points_type=POINTS, since=first)


def _make_tiers(*, at: datetime, today: date, first: date) -> None:
    terms = TierTermsView(
        tiers=[
            TierView(code=code, name=name, names={"en": name, "zh-hans": chinese}, reach=points, keep=points)
            for code, name, chinese, points in TIERS
        ],
        counter=TierCounterView(kind="points", points_type=GROWTH),
        window=TierWindowView(kind="rolling", days=365),
        up="at_once",
        down="one_step",
        grace_days=30,
    )
    program = create_tier_program(
        actor=SYSTEM,
        at=at,
        today=today,
        names={"en": "Market club", "zh-hans": "会员俱乐部"},
        terms=terms,
        valid_from=first,
    )
    trial = try_tier_draft(actor=SYSTEM, at=at, today=today, program_id=program.id)
    publish_tier_version(
        actor=SYSTEM, at=at, today=today, program_id=program.id, trial_id=trial.id, valid_from=first
    )


def replay_year(*, at: datetime, today: date, tell: Callable[[int, int], None]) -> EarnedOrders:
    """Let the year earn and place everybody; what is recorded already changes nothing."""
    earned = replay_history(at=at, tell=tell)
    place_members(at=at, today=today)
    return earned
