"""The earning rules that were in force at a time."""

import json
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from functools import lru_cache
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from shuke.apps.loyalty.models import EarningVersion
from shuke.apps.loyalty.rules.earning import GROUND, Caps, Condition, EarningRule, EventRule, Plan
from shuke.apps.loyalty.schemas.earning import (
    EarningRules,
    EarningVersionView,
    EventRuleView,
    PurchaseRule,
    Where,
)
from shuke.platform.calls import read_once
from shuke.platform.errors import NotFound


@dataclass(frozen=True)
class Plans:
    """Published versions in the order of their starts, as the rules see them."""

    starts: Sequence[datetime]
    plans: Sequence[Plan]

    def at(self, moment: datetime) -> Plan | None:
        """The version in force at a moment; ``None`` before the first one."""
        place = bisect_right(self.starts, moment) - 1
        return self.plans[place] if place >= 0 else None

    @property
    def begin(self) -> datetime | None:
        """When the first version starts."""
        return self.starts[0] if self.starts else None


@read_once
def published_plans() -> Plans:
    """Every published version."""
    rows = list(EarningVersion.objects.filter(state="published").order_by("starts_at"))
    plans = [_plan(row.number, json.dumps(row.body, sort_keys=True)) for row in rows]
    return Plans([row.starts_at for row in rows if row.starts_at], plans)


def ground_rules() -> dict[int, frozenset[str]]:
    """The codes of the rules that are a basic rate, by version."""
    rows = EarningVersion.objects.filter(state="published").values_list("number", "body")
    return {
        number: frozenset(
            rule["code"]
            for rule in body.get("rules", ())
            if rule.get("kind") == "purchase" and rule.get("group", GROUND) == GROUND
        )
        for number, body in rows
    }


@lru_cache(maxsize=64)
def _plan(number: int, body: str) -> Plan:
    return plan_from(number, EarningRules.model_validate_json(body))


def plan_from(number: int, body: EarningRules) -> Plan:
    """The rules of a document.  Raises ``ValueError`` for a rule that gives nothing."""
    return Plan(
        number=number,
        purchases=tuple(_purchase_rule(rule) for rule in body.rules if isinstance(rule, PurchaseRule)),
        events=tuple(_event_rule(rule) for rule in body.rules if isinstance(rule, EventRuleView)),
        caps={name: Caps(caps.day, caps.month) for name, caps in body.caps.items()},
        titles={rule.code: (rule.name, rule.name_zh or rule.name) for rule in body.rules},
    )


def _purchase_rule(rule: PurchaseRule) -> EarningRule:
    return EarningRule(
        name=rule.code,
        points=rule.points,
        per_minor=rule.per_minor,
        group=rule.group,
        condition=_condition(rule.where),
        rounding=rule.rounding,
        leaves_out_discounted=rule.leaves_out_discounted,
        leaves_out_vouchers=rule.leaves_out_vouchers,
        cap=rule.cap,
        times=None if rule.times is None else Fraction(rule.times),
        points_type=rule.points_type,
        day_cap=rule.day_cap,
        month_cap=rule.month_cap,
    )


def _condition(where: Where) -> Condition:
    dumped = where.model_dump()
    values: dict[str, Any] = {k: frozenset(v) if isinstance(v, list) else v for k, v in dumped.items()}
    return Condition(**values)


def _event_rule(rule: EventRuleView) -> EventRule:
    return EventRule(
        name=rule.code,
        event=rule.event,
        points=rule.points,
        points_type=rule.points_type,
        day_limit=rule.day_limit,
        month_limit=rule.month_limit,
        ever_limit=rule.ever_limit,
        life_days=rule.life_days,
        tiers=frozenset(rule.tiers),
        first_day=rule.first_day,
        last_day=rule.last_day,
    )


def has_rules() -> bool:
    """Whether any version is published."""
    return EarningVersion.objects.filter(state="published").exists()


def has_event_rules() -> bool:
    """Whether a published version gives points for events."""
    return any(plan.events for plan in published_plans().plans)


def earning_version_row(number: int) -> EarningVersion:
    """The row of a version.  Raises ``NotFound``."""
    row = EarningVersion.objects.filter(number=number).first()
    if row is None:
        raise NotFound(
            "earning_version_not_found", _("There is no such version of the rules."), {"number": number}
        )
    return row


def earning_versions() -> list[EarningVersionView]:
    """All versions, newest first; a draft stands before all."""
    rows = list(EarningVersion.objects.order_by("-number"))
    ends: dict[int, datetime | None] = {}
    following = None
    for row in sorted(
        (r for r in rows if r.starts_at), key=lambda r: r.starts_at or r.changed_at, reverse=True
    ):
        ends[row.pk], following = following, row.starts_at
    return [version_view(row, ends_at=ends.get(row.pk)) for row in rows]


def earning_version(number: int) -> EarningVersionView:
    """One version.  Raises ``NotFound``."""
    return version_view(earning_version_row(number))


def draft_version() -> EarningVersionView | None:
    """The draft, if there is one."""
    row = EarningVersion.objects.filter(state="draft").first()
    return version_view(row) if row else None


def version_in_force(*, at: datetime) -> EarningVersionView | None:
    """The version that holds at a time."""
    row = EarningVersion.objects.filter(state="published", starts_at__lte=at).order_by("-starts_at").first()
    return version_view(row) if row else None


def version_view(row: EarningVersion, *, ends_at: datetime | None = None) -> EarningVersionView:
    """The public view of a row."""
    return EarningVersionView(
        number=row.number,
        state=row.state,
        starts_at=row.starts_at,
        ends_at=ends_at,
        note=row.note,
        changed_at=row.changed_at,
        changed_by=row.changed_by,
        body=EarningRules.model_validate(row.body),
    )


def rule_titles() -> dict[str, str]:
    """What every rule that ever held is called in the reader's language, by code."""
    return {
        code: in_language(names) for plan in published_plans().plans for code, names in plan.titles.items()
    }


def in_language(names: tuple[str, str]) -> str:
    """A rule's name in the reader's language."""
    return names[1] if (get_language() or "").startswith("zh") else names[0]
