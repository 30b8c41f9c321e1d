"""What is wrong with the set-up of a slot, beyond what each field says of itself."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from shuke.apps.recommendations.rules.strategies import ABOUT_STRATEGIES, SET_BY_PEOPLE, THOMPSON

#: Words that stand where a slot's code does in addresses of pages and of the API.
RESERVED = frozenset(
    {"new", "slots", "bundles", "evaluations", "strategies", "coverage", "products", "online", "batch"}
)
#: Nobody is older; a higher minimum age is a slip of the finger.
OLDEST = 120


class Arm(Protocol):
    """A strategy that competes."""

    name: str
    strategy: str
    weight: int


@dataclass(frozen=True)
class Fault:
    """``code`` for machines; ``field`` of the set-up; ``facts`` for the sentence."""

    code: str
    field: str
    facts: Mapping[str, Any] = dataclasses.field(default_factory=dict)


def faults_of(slot: Any) -> list[Fault]:
    """Every fault of a set-up with the fields of ``schemas.SlotInput``, none where it can go live."""
    return [
        *([Fault("reserved_code", "code", {"code": slot.code})] if slot.code in RESERVED else []),
        *_arm_faults(slot.arms),
        *_strategy_faults(slot),
        *_bandit_faults(slot),
        *_rule_faults(slot.rules, places=slot.places),
    ]


def competing(arms: Sequence[Arm]) -> list[Arm]:
    """The arms that are ever chosen."""
    return [arm for arm in arms if arm.weight > 0]


def _arm_faults(arms: Sequence[Arm]) -> Iterator[Fault]:
    twice = _twice([arm.name for arm in arms])
    if twice:
        yield Fault("equal_arms", "arms", {"arms": twice})
    if not competing(arms):
        yield Fault("no_weight", "arms")


def _strategy_faults(slot: Any) -> Iterator[Fault]:
    known = ABOUT_STRATEGIES[slot.about]
    asked = {
        "arms": ([arm.strategy for arm in slot.arms], (*known, THOMPSON)),
        "bandit": (slot.bandit, known),
        "fallbacks": (slot.fallbacks, known),
    }
    for name, (strategies, allowed) in asked.items():
        odd = [strategy for strategy in strategies if strategy not in allowed]
        if odd:
            facts = {"strategies": odd, "known": list(allowed), "about": slot.about}
            yield Fault("unknown_fallback" if name == "fallbacks" else "unknown_strategy", name, facts)
        twice = _twice(strategies)
        if twice and name != "arms":
            yield Fault("named_twice", name, {"strategies": twice})


def _bandit_faults(slot: Any) -> Iterator[Fault]:
    used = {arm.strategy for arm in slot.arms}
    if THOMPSON in used and len(set(slot.bandit)) < 2:
        yield Fault("bandit_needs_two", "bandit")
    if SET_BY_PEOPLE in used | set(slot.bandit) and not slot.rules.pinned_products:
        yield Fault("nothing_pinned", "pinned_products")


def _rule_faults(rules: Any, *, places: int) -> Iterator[Fault]:
    both = sorted(set(rules.pinned_products) & set(rules.barred_products))
    if both:
        yield Fault("pinned_and_barred", "pinned_products", {"products": both})
    if rules.new_places > places:
        yield Fault("more_new_than_places", "new_places", {"places": places})
    odd = sorted(
        kind for kind, age in rules.minimum_ages.items() if not 0 < age <= OLDEST or not kind.strip()
    )
    if odd:
        yield Fault("odd_age", "minimum_ages", {"kinds": odd})
    twice = _twice([boost.name for boost in rules.boosts])
    if twice:
        yield Fault("equal_boosts", "boosts", {"boosts": twice})
    idle = [boost.name for boost in rules.boosts if not boost.products and not boost.kinds]
    if idle:
        yield Fault("boost_of_nothing", "boosts", {"boosts": idle})


def _twice(names: Sequence[str]) -> list[str]:
    return sorted({name for name in names if names.count(name) > 1})
