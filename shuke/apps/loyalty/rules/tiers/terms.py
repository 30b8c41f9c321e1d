"""What a tier programme says from a day on: the ladder, what is counted, when one goes up and down."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

CounterKind = Literal["spend", "orders", "points", "events"]
WindowKind = Literal["rolling", "year", "quarter", "anniversary"]
Up = Literal["at_once", "at_end"]
Down = Literal["none", "one_step", "full"]
MAX_TIERS = 12


@dataclass(frozen=True)
class Counter:
    """What is counted: money in minor units, orders, points of a type that were earned, events by name."""

    kind: CounterKind
    points_type: str = ""
    events: tuple[str, ...] = ()


@dataclass(frozen=True)
class Window:
    """The days that are counted; ``days`` belongs to a rolling one."""

    kind: WindowKind
    days: int = 365


@dataclass(frozen=True)
class Tier:
    """A step of the ladder: what reaches it and what keeps it.  ``names`` are by language, ``name`` stands for all."""

    code: str
    name: str
    reach: int
    keep: int
    names: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Terms:
    """The rules of a version.  ``tiers`` stand from the lowest to the highest."""

    tiers: tuple[Tier, ...]
    counter: Counter
    window: Window
    up: Up = "at_once"
    down: Down = "one_step"
    grace_days: int = 0

    def rank(self, code: str) -> int:
        """1 for the lowest tier; 0 for none and for a tier of another ladder."""
        return next((place for place, tier in enumerate(self.tiers, 1) if tier.code == code), 0)

    def tier(self, code: str) -> Tier | None:
        """The tier of that code."""
        return next((tier for tier in self.tiers if tier.code == code), None)

    def reached(self, count: int) -> str:
        """The highest tier that the count reaches; empty if none."""
        return next((tier.code for tier in reversed(self.tiers) if count >= tier.reach), "")

    def is_kept(self, code: str, count: int) -> bool:
        """Whether the count keeps the tier."""
        tier = self.tier(code)
        return tier is not None and count >= tier.keep

    def below(self, code: str) -> str:
        """The tier one step below; empty if there is none."""
        rank = self.rank(code)
        return self.tiers[rank - 2].code if rank > 1 else ""

    def kept_below(self, code: str, count: int) -> str:
        """The highest tier below that the count keeps; empty if none."""
        lower = self.tiers[: max(self.rank(code) - 1, 0)]
        return next((tier.code for tier in reversed(lower) if count >= tier.keep), "")

    def next_above(self, code: str) -> Tier | None:
        """The tier one step above; the lowest for somebody without one."""
        rank = self.rank(code)
        return self.tiers[rank] if rank < len(self.tiers) else None


@dataclass(frozen=True)
class Version:
    """Published terms, valid from ``first`` (a day's ordinal) on until the next version begins."""

    number: int
    first: int
    terms: Terms


def replacement(code: str, *, old: Terms, new: Terms) -> str:
    """Where a holder goes whose tier the new ladder lacks: the lowest remaining above it, or the highest."""
    above = old.tiers[old.rank(code) :] if old.rank(code) else ()
    remaining = next((tier.code for tier in above if new.rank(tier.code)), "")
    return remaining or new.tiers[-1].code


def as_data(terms: Terms) -> dict[str, Any]:
    """Plain data for JSON; ``terms_of`` gives the terms back."""
    return {
        "tiers": [_tier_data(tier) for tier in terms.tiers],
        "counter": {**vars(terms.counter), "events": list(terms.counter.events)},
        "window": vars(terms.window).copy(),
        "up": terms.up,
        "down": terms.down,
        "grace_days": terms.grace_days,
    }


def _tier_data(tier: Tier) -> dict[str, Any]:
    data = {"code": tier.code, "name": tier.name, "reach": tier.reach, "keep": tier.keep}
    return data | ({"names": dict(tier.names)} if tier.names else {})


def terms_of(data: dict[str, Any]) -> Terms:
    """The terms of plain data that ``as_data`` made."""
    counter = data["counter"]
    return Terms(
        tiers=tuple(Tier(**tier) for tier in data["tiers"]),
        counter=Counter(counter["kind"], counter["points_type"], tuple(counter["events"])),
        window=Window(**data["window"]),
        up=data["up"],
        down=data["down"],
        grace_days=data["grace_days"],
    )


def faults(terms: Terms) -> dict[str, list[str]]:
    """What is wrong, as codes by field (``tiers``, ``tiers.<place>.<field>``, ``window`` …); empty if nothing."""
    found: dict[str, list[str]] = {}
    for part, code in (*_rule_faults(terms), *_counter_faults(terms.counter)):
        found.setdefault(part, []).append(code)
    for place, tier in enumerate(terms.tiers):
        for part, code in _tier_faults(tier, terms.tiers[:place]):
            found.setdefault(f"tiers.{place}.{part}", []).append(code)
    return found


def _rule_faults(terms: Terms) -> Iterator[tuple[str, str]]:
    is_rolling = terms.window.kind == "rolling"
    if not 1 <= len(terms.tiers) <= MAX_TIERS:
        yield "tiers", "tiers_number"
    if terms.up == "at_end" and is_rolling:
        yield "up", "rolling_has_no_end"
    if is_rolling and not 1 <= terms.window.days <= 3_660:
        yield "window", "out_of_range"
    if not 0 <= terms.grace_days <= 366:
        yield "grace_days", "out_of_range"


def _counter_faults(counter: Counter) -> Iterator[tuple[str, str]]:
    if counter.kind == "points" and not counter.points_type:
        yield "counter", "points_type_missing"
    if counter.kind == "events" and not counter.events:
        yield "counter", "events_missing"


def _tier_faults(tier: Tier, lower: Sequence[Tier]) -> list[tuple[str, str]]:
    found = []
    if not tier.code or tier.code in {other.code for other in lower}:
        found.append(("code", "code_taken" if tier.code else "value_missing"))
    if not tier.name:
        found.append(("name", "value_missing"))
    if tier.reach < 0 or (lower and tier.reach <= lower[-1].reach):
        found.append(("reach", "not_above_the_lower"))
    if not 0 <= tier.keep <= tier.reach:
        found.append(("keep", "keep_above_reach"))
    return found
