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
from shuke.apps.loyalty.rules.order_earnings import OrderRecord

#: (scope, period) → points or times used.  A period is a local day, a month, or empty for ever.
Used = dict[tuple[str, str], int]
NO_CAPS = Caps()


@dataclass(eq=False)
class Counts:
    """What one member has used; ``changed`` are the keys that must be written.

    ``family`` are the counts of all members that were merged into one person, this one's among them: they share the
    caps, and each keeps what is its own.
    """

    used: Used = field(default_factory=dict)
    changed: set[tuple[str, str]] = field(default_factory=set)
    family: "list[Counts]" = field(default_factory=list, repr=False, compare=False)

    def __post_init__(self) -> None:
        self.family = self.family or [self]

    def of(self, scope: str, period: str) -> int:
        """What is used."""
        return sum(one.own(scope, period) for one in self.family)

    def own(self, scope: str, period: str) -> int:
        """What of it this member used."""
        return self.used.get((scope, period), 0)

    def add(self, scope: str, period: str, number: int) -> None:
        """Use more, or less with a number below zero."""
        self.used[scope, period] = max(self.own(scope, period) + number, 0)
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


def used_by(record: OrderRecord) -> dict[str, int]:
    """What an order uses of the caps of its day and month by scope: what it still gives, and what was forgiven of it.

    Empty where nothing was capped when it earned.  Of each rule the pieces that stay count, rounded line by line;
    what was forgiven counts for the rules whose pieces went back, rounded up.
    """
    found = {}
    for name in record.capped:
        left, forgiven = record.left(name), record.forgiven.get(name, 0)
        found[f"type:{name}"] = left + forgiven
        gross, kept = record.rules.get(name, {}), record.left_by_rule(name)
        weights = {rule: gross[rule] - kept[rule] for rule in gross}
        if not any(weights.values()):
            weights = dict(gross)
        whole = sum(weights.values())
        for rule, points in kept.items():
            found[f"rule:{rule}"] = points + (-(-forgiven * weights[rule] // whole) if whole else 0)
    return found


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
