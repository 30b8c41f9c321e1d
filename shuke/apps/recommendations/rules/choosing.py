"""Which strategy answers: the arm of the experiment, and what the arm's bandit draws.

An arm is sticky: the same person always gets the same one while the experiment lasts.  A person nobody can name (no
member, no device) gets an arm by chance at each answer.  The strategy ``thompson`` draws among the slot's ``bandit``
strategies, each as often as it is likely to be the best.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numpy as np

from shuke.apps.recommendations.rules.strategies import THOMPSON
from shuke.science.assignment import Arm, assign_arm
from shuke.science.recommendations.thompson import Posterior, chances_to_be_shown

#: What is believed of a strategy before anything was seen: worth twenty lists, one of them taken.
PRIOR: Posterior = (1.0, 19.0)


class _Arm(Protocol):
    """An arm as a slot has it."""

    @property
    def name(self) -> str: ...
    @property
    def strategy(self) -> str: ...
    @property
    def weight(self) -> int: ...


class CompetingSlot(Protocol):
    """What is read of a slot; ``schemas.SlotView`` is one."""

    @property
    def code(self) -> str: ...
    @property
    def experiment_id(self) -> str: ...
    @property
    def arms(self) -> Sequence[_Arm]: ...
    @property
    def bandit(self) -> Sequence[str]: ...


@dataclass(frozen=True)
class Chosen:
    """The arm, the strategy that it answers with, and the ``chance`` with which the arm chose it: 1 where nothing was
    drawn.  It stands in ``recommendation_lists.strategy_chance``, so that what was shown can be weighed by it."""

    arm: str
    strategy: str
    chance: float = 1.0


def choose(
    slot: CompetingSlot,
    *,
    who: str,
    posteriors: Mapping[str, Posterior],
    rng: np.random.Generator,
    arm: str = "",
) -> Chosen:
    """Arm and strategy for ``who``: the member's id, else the device's; empty for nobody.

    ``posteriors``: of the bandit's strategies, as ``queries.posteriors`` gives them; one that is missing has the prior.
    ``arm`` forces one (previews).  Never fails: a slot without weights answers by its first arm.
    """
    chosen = _arm_of(slot, who=who, rng=rng, arm=arm)
    if chosen.strategy != THOMPSON or not slot.bandit:
        return Chosen(chosen.name, chosen.strategy)
    strategies = tuple(slot.bandit)
    chances = _chances(tuple(posteriors.get(name, PRIOR) for name in strategies))
    drawn = _drawn(chances, rng.random())
    return Chosen(chosen.name, strategies[drawn], chances[drawn])


def _arm_of(slot: CompetingSlot, *, who: str, rng: np.random.Generator, arm: str) -> _Arm:
    arms = slot.arms
    if arm:
        return next((found for found in arms if found.name == arm), arms[0])
    weighted = [found for found in arms if found.weight > 0]
    if len(weighted) < 2:
        return weighted[0] if weighted else arms[0]
    if not who:
        weights = np.array([found.weight for found in weighted], dtype=np.float64)
        return weighted[_drawn(tuple(weights / weights.sum()), rng.random())]
    salt = slot.experiment_id or slot.code
    name = assign_arm(salt=salt, member_id=who, arms=[Arm(found.name, found.weight) for found in weighted])
    return next(found for found in weighted if found.name == name)


def _drawn(chances: tuple[float, ...], number: float) -> int:
    """The place whose share of [0, 1) ``number`` falls in."""
    for place, chance in enumerate(chances[:-1]):
        if number < chance:
            return place
        number -= chance
    return len(chances) - 1


@lru_cache(maxsize=512)
def _chances(posteriors: tuple[Posterior, ...]) -> tuple[float, ...]:
    """Kept until something is learned: an answer only draws by them."""
    return tuple(map(float, chances_to_be_shown(posteriors)))
