"""A bandit over a handful of items for those of whom nothing is known: Thompson sampling (Thompson 1933; Chapelle and
Li 2011) with Beta posteriors of the chance that a shown item is taken.

Each answer draws a chance of every item from what is known and shows the highest, so that an item is shown as often as
it is likely to be the best.  Pure: the generator is an argument, and learning gives a new bandit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

#: Draws by which regret and propensities are estimated.
DRAWS = 4000


@dataclass(frozen=True, eq=False)
class ThompsonBandit:
    """``taken`` and ``left`` float64 of each arm, the prior included; ``memory``: factor by which what was learned
    fades at each ``faded``, 1.0 for never."""

    taken: np.ndarray
    left: np.ndarray
    memory: float = 1.0

    @property
    def arms(self) -> int:
        """How many items compete."""
        return len(self.taken)

    def shown(self, n: int, *, rng: np.random.Generator) -> np.ndarray:
        """int64: ``n`` different arms, best first."""
        return np.argsort(-rng.beta(self.taken, self.left), kind="stable")[:n]

    def learned(self, arm: np.ndarray, taken: np.ndarray) -> ThompsonBandit:
        """With answers added: ``arm`` int and ``taken`` bool of each exposure; an arm may come more than once."""
        good = np.bincount(arm[taken], minlength=self.arms)
        return replace(
            self, taken=self.taken + good, left=self.left + np.bincount(arm, minlength=self.arms) - good
        )

    def faded(self) -> ThompsonBandit:
        """After a day: evidence counts a little less, so that a season's change is noticed; the prior of 1 stays."""
        return replace(
            self, taken=1.0 + (self.taken - 1.0) * self.memory, left=1.0 + (self.left - 1.0) * self.memory
        )

    def propensities(self, *, rng: np.random.Generator, draws: int = DRAWS) -> np.ndarray:
        """Chance of each arm to be shown first now."""
        best = np.argmax(rng.beta(self.taken, self.left, (draws, self.arms)), axis=1)
        return np.bincount(best, minlength=self.arms) / draws

    def regret(self, *, rng: np.random.Generator, draws: int = DRAWS) -> float:
        """What the next exposure is expected to miss: mean of best chance less the chance of the arm that is shown."""
        truth = rng.beta(self.taken, self.left, (draws, self.arms))
        shown = np.argmax(rng.beta(self.taken, self.left, (draws, self.arms)), axis=1)
        return float((truth.max(axis=1) - truth[np.arange(draws), shown]).mean())


def bandit_of(
    popular: np.ndarray, *, exposures: float = 20.0, taken: float = 0.05, memory: float = 1.0
) -> ThompsonBandit:
    """A bandit over items with their ``popular`` counts as prior: worth ``exposures`` exposures of which the part
    ``taken`` was taken, more of popular items and less of others."""
    beside = popular / max(float(popular.mean()), 1e-12) if len(popular) else popular
    chance = np.clip(taken * beside, 0.001, 0.9)
    return ThompsonBandit(1.0 + exposures * chance, 1.0 + exposures * (1 - chance), memory)
