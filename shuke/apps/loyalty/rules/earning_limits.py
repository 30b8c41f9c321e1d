"""Limits over time: what a member has used of them by day, by month and ever, and what that leaves."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from shuke.apps.loyalty.rules.earning import (
    ONE,
    Caps,
    Earned,
    EarningRule,
    EventRule,
    Plan,
    Purchase,
    earned_points,
)

#: (scope, period) → points or times used.  A period is a local day, a month, or empty for ever.
Used = dict[tuple[str, str], int]
NO_CAPS = Caps()


@dataclass
class Counts:
    """What one member has used; ``changed`` are the keys that must be written."""

    used: Used = field(default_factory=dict)
    changed: set[tuple[str, str]] = field(default_factory=set)

    def of(self, scope: str, period: str) -> int:
        """What is used."""
        return self.used.get((scope, period), 0)

    def add(self, scope: str, period: str, number: int) -> None:
        """Use more, or less with a number below zero."""
        self.used[scope, period] = max(self.of(scope, period) + number, 0)
        self.changed.add((scope, period))


def day_of(on: date) -> str:
    """The period of a local day."""
    return on.isoformat()


def month_of(on: date) -> str:
    """The period of its month."""
    return f"{on:%Y-%m}"


def _room(scope: str, day_cap: int | None, month_cap: int | None, *, on: date, counts: Counts) -> int | None:
    rooms = [
        max(cap - counts.of(scope, period), 0)
        for cap, period in ((day_cap, day_of(on)), (month_cap, month_of(on)))
        if cap is not None
    ]
    return min(rooms, default=None)


def rooms_of(plan: Plan, points_type: str, *, on: date, counts: Counts) -> tuple[int | None, dict[str, int]]:
    """What caps still allow on a day: of the type in all (``None``: no cap), and by rule."""
    caps = plan.caps.get(points_type, NO_CAPS)
    room = _room(f"type:{points_type}", caps.day, caps.month, on=on, counts=counts)
    rooms = {
        rule.name: left
        for rule in plan.purchases
        if rule.points_type == points_type
        and (left := _room(f"rule:{rule.name}", rule.day_cap, rule.month_cap, on=on, counts=counts))
        is not None
    }
    return room, rooms


def fits(given: Mapping[str, int], *, room: int | None, rooms: Mapping[str, int]) -> bool:
    """Whether points by rule stay within the rooms."""
    return (room is None or sum(given.values()) <= room) and all(
        points <= rooms.get(rule, points) for rule, points in given.items()
    )


def earned_within(
    plan: Plan, purchase: Purchase, *, counts: Counts, multipliers: Mapping[str, Fraction]
) -> dict[str, list[Earned]]:
    """What a purchase earns by points type, within every cap; ``multipliers`` are those of the member by type."""
    found = {}
    for points_type in plan.points_types:
        room, rooms = rooms_of(plan, points_type, on=purchase.on, counts=counts)
        found[points_type] = earned_points(
            rules_of(plan, points_type),
            purchase,
            room=room,
            rooms=rooms,
            multiplier=multipliers.get(points_type, ONE),
        )
    return {name: items for name, items in found.items() if items}


def rules_of(plan: Plan, points_type: str) -> tuple[EarningRule, ...]:
    """The rules for purchases of one points type."""
    return tuple(rule for rule in plan.purchases if rule.points_type == points_type)


def use(
    plan: Plan, points_type: str, given: Mapping[str, int], *, on: date, counts: Counts, sign: int = 1
) -> None:
    """Count points by rule against the caps; ``sign`` -1 takes them out again."""
    if points_type not in plan.capped_types:
        return
    total = sum(given.values())
    for period in (day_of(on), month_of(on)):
        counts.add(f"type:{points_type}", period, sign * total)
        for rule, points in given.items():
            counts.add(f"rule:{rule}", period, sign * points)


def _limits(rule: EventRule, on: date) -> Iterable[tuple[str, int | None, str]]:
    return (
        ("day_limit", rule.day_limit, day_of(on)),
        ("month_limit", rule.month_limit, month_of(on)),
        ("ever_limit", rule.ever_limit, ""),
    )


def event_refusal(rule: EventRule, *, on: date, counts: Counts) -> str:
    """The limit that keeps an event from earning once more; empty if none does."""
    for name, limit, period in _limits(rule, on):
        if limit is not None and counts.of(f"event:{rule.name}", period) >= limit:
            return name
    return ""


def use_event(rule: EventRule, *, on: date, counts: Counts) -> None:
    """Count an event that earned, for the limits that the rule has."""
    for _name, limit, period in _limits(rule, on):
        if limit is not None:
            counts.add(f"event:{rule.name}", period, 1)
