"""What a competition says in words, and when it is too early to say anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from shuke.science.reading import Reading

#: Below these nothing is said: whole weeks, as weekdays differ, and sales enough for an interval to mean something.
LEAST_DAYS, LEAST_UNITS, LEAST_CONVERSIONS = 7, 100, 20
#: What the chance of an error at any look may be, shared among the arms that are compared.
ALPHA = 0.05
#: Units in two arms that make the comparison doubtful, as a part of all.
MUCH_CROSSED = 0.02


@dataclass(frozen=True)
class ArmFacts:
    """An arm in counts; ``seen``: lists of which an event came back (viewed or clicked)."""

    arm: str
    lists: int
    units: int
    converted: int
    seen: int


class Compared(Protocol):
    """A difference in revenue for each list; ``schemas.OnlineDifference`` is one."""

    @property
    def arm(self) -> str: ...
    @property
    def control(self) -> str: ...
    @property
    def difference(self) -> float | None: ...
    @property
    def relative(self) -> float | None: ...
    @property
    def always_p(self) -> float | None: ...
    @property
    def visible(self) -> float | None: ...


def readings(
    arms: Sequence[ArmFacts], differences: Sequence[Compared], *, days: int, is_mismatch: bool, crossed: int
) -> list[Reading]:
    """Sentences, the most important first.  ``differences``: of the deciding metric, money in minor units."""
    lists = sum(arm.lists for arm in arms)
    if not lists:
        return []
    found = list(_doubts(arms, is_mismatch=is_mismatch, crossed=crossed))
    if len(arms) < 2:
        return [
            *found,
            Reading("One strategy answers alone: give the slot a second arm to learn which earns more."),
        ]
    if is_mismatch:
        return found
    early = _too_early(arms, days=days)
    if early is not None:
        return [early, *found]
    return [*(_verdict(one, among=len(differences)) for one in differences), *found]


def _doubts(arms: Sequence[ArmFacts], *, is_mismatch: bool, crossed: int) -> list[Reading]:
    found = []
    if is_mismatch:
        found.append(
            Reading(
                "The arms do not have the sizes they were promised: members were lost or added after the draw. "
                "Do not trust the comparison."
            )
        )
    if not sum(arm.seen for arm in arms):
        found.append(Reading("No event has come back with a list's list_id, so clicks cannot be counted."))
    units = sum(arm.units for arm in arms)
    if crossed > MUCH_CROSSED * units:
        found.append(
            Reading(
                "{crossed} members or devices saw lists of more than one arm; the difference is smaller than it "
                "would be without them.",
                {"crossed": crossed},
            )
        )
    return found


def _too_early(arms: Sequence[ArmFacts], *, days: int) -> Reading | None:
    fewest = min(arm.units for arm in arms)
    least = min(arm.converted for arm in arms)
    if days < LEAST_DAYS:
        return Reading(
            "Too early: {days} of at least {least} days have lists. Weekdays differ, so wait for a whole week.",
            {"days": days, "least": LEAST_DAYS},
        )
    if fewest < LEAST_UNITS:
        return Reading(
            "Too early: the smallest arm has {units} members, and an interval needs at least {least}.",
            {"units": fewest, "least": LEAST_UNITS},
        )
    if least < LEAST_CONVERSIONS:
        return Reading(
            "Too early: an arm has {converted} lists that led to a purchase, and a verdict needs at least {least}.",
            {"converted": least, "least": LEAST_CONVERSIONS},
        )
    return None


def _verdict(one: Compared, *, among: int) -> Reading:
    if one.difference is None or one.always_p is None:
        return Reading(
            "{arm} and {control} cannot be compared yet.", {"arm": one.arm, "control": one.control}
        )
    names = {"arm": one.arm, "control": one.control}
    if one.always_p >= ALPHA / among:
        values = {**names, "visible_minor": round(one.visible or 0)}
        return Reading(
            "{arm} against {control}: not decided. A difference of {visible_minor} for each list would probably show "
            "by now; a smaller one needs more time.",
            values,
        )
    values = {
        **names,
        "difference_minor": round(abs(one.difference)),
        "relative_percent": None if one.relative is None else abs(one.relative),
    }
    if one.difference > 0:
        return Reading("{arm} earns {difference_minor} more for each list than {control}.", values)
    return Reading("{arm} earns {difference_minor} less for each list than {control}.", values)
