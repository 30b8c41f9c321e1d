"""Whom little is known of: which strategy answers by how many baskets a member has.

No basket: what is popular; one to four: what the member bought, what is popular, and what goes with what it bought;
five or more: a ranker that has learned.  Each step is a strategy, so that another ladder can be built of others.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from shuke.science.recommendations.frequency import PersonalFrequency
from shuke.science.recommendations.histories import History
from shuke.science.recommendations.item_knn import ItemKnn
from shuke.science.recommendations.popularity import Popularity
from shuke.science.recommendations.strategies import Model, Strategy

#: Baskets from which a member is known well enough for a ranker.
KNOWN = 5
#: Weight of neighbouring items beside a purchase of today, at one basket; it fades as 1 / (1 + baskets / 5).
NEIGHBOURS = 0.3


@dataclass(frozen=True)
class FewBaskets:
    """Own purchases with decay and a prior of popularity, plus what goes with them, less as more is known.

    score = own(decay + prior) + NEIGHBOURS / (1 + baskets / 5) · (neighbours' score beside the member's best)
    """

    frequency: PersonalFrequency = field(default_factory=PersonalFrequency)
    neighbours: Strategy = field(default_factory=lambda: ItemKnn(neighbours=50))
    weight: float = NEIGHBOURS

    @property
    def name(self) -> str:
        """See ``Strategy``."""
        return "few-baskets"

    def fit(self, history: History, *, rng: np.random.Generator) -> FewBasketsModel:
        """Fit both."""
        frequency, neighbours = (s.fit(history, rng=rng) for s in (self.frequency, self.neighbours))
        return FewBasketsModel(frequency, neighbours, np.diff(history.member_baskets), self.weight)


@dataclass(frozen=True, eq=False)
class FewBasketsModel:
    """``baskets``: how many each member has."""

    frequency: Model
    neighbours: Model
    baskets: np.ndarray
    weight: float

    def scores(self, members: np.ndarray, at: np.ndarray) -> np.ndarray:
        """See ``Model``."""
        near = self.neighbours.scores(members, at)
        best = np.maximum(near.max(axis=1, initial=0.0), 1e-12)
        weight = self.weight / (1 + self.baskets[members] / 5) / best
        return self.frequency.scores(members, at) + np.maximum(near, 0.0) * weight.astype(np.float32)[:, None]


@dataclass(frozen=True)
class ColdStart:
    """The ladder: ``strangers`` without a basket, ``few`` below ``known`` baskets, ``many`` from there."""

    many: Strategy
    few: Strategy = field(default_factory=FewBaskets)
    strangers: Strategy = field(default_factory=Popularity)
    known: int = KNOWN

    @property
    def name(self) -> str:
        """See ``Strategy``."""
        return "cold-start"

    def fit(self, history: History, *, rng: np.random.Generator) -> ColdStartModel:
        """Fit every step on everything: members with many baskets teach what to say to those with few."""
        steps = tuple(step.fit(history, rng=rng) for step in (self.strangers, self.few, self.many))
        return ColdStartModel(steps, (1, self.known), np.diff(history.member_baskets), history.items)


@dataclass(frozen=True, eq=False)
class ColdStartModel:
    """``steps`` by rising number of baskets, the second and following from ``edges`` on."""

    steps: tuple[Model, ...]
    edges: tuple[int, ...]
    baskets: np.ndarray
    items: int

    def scores(self, members: np.ndarray, at: np.ndarray) -> np.ndarray:
        """See ``Model``; scores of different steps do not compare, but a member is answered by one step only."""
        step = np.searchsorted(self.edges, self.baskets[members], side="right")
        scores = np.empty((len(members), self.items), dtype=np.float32)
        for number, model in enumerate(self.steps):
            mine = np.flatnonzero(step == number)
            if len(mine):
                scores[mine] = model.scores(members[mine], at[mine])
        return scores
