"""Whom little is known of: which strategy answers by how many baskets a member has.

No basket: what is popular; one to four: what the member bought, what is popular, and what goes with what it bought;
five or more: a ranker that has learned.  Each step is a strategy, so that another ladder can be built of others.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from shuke.science.recommendations.frequency import FrequencyModel, PersonalFrequency
from shuke.science.recommendations.histories import History
from shuke.science.recommendations.popularity import Popularity
from shuke.science.recommendations.strategies import Model, Strategy
from shuke.science.recommendations.up_cf import UpCf

#: Baskets from which a member is known well enough for a ranker.
KNOWN = 5
#: Weight of what neighbours buy beside a purchase of today, at no basket; it fades as 1 / (1 + baskets / 5).
NEIGHBOURS = 0.18
#: Purchases of everybody's repeat rate that every item's starts with.
SMOOTH = 5.0


@dataclass(frozen=True)
class FewBaskets:
    """Own purchases with decay and a prior of popularity, plus what goes with them, less as more is known.

    score = own(decay) · (item's repeat rate ÷ everybody's) + prior
            + NEIGHBOURS / (1 + baskets / 5) · (score of new items by members alike, beside the best of them)

    After one basket it is the item, not the member, that says whether it will be bought again.
    """

    frequency: PersonalFrequency = field(default_factory=PersonalFrequency)
    neighbours: Strategy = field(default_factory=UpCf)
    weight: float = NEIGHBOURS

    @property
    def name(self) -> str:
        """See ``Strategy``."""
        return "few-baskets"

    def fit(self, history: History, *, rng: np.random.Generator) -> FewBasketsModel:
        """Fit both."""
        return FewBasketsModel(
            frequency=self.frequency.fit(history, rng=rng),
            neighbours=self.neighbours.fit(history, rng=rng),
            repeats=repeat_rates(history),
            baskets=np.diff(history.member_baskets),
            weight=self.weight,
        )


def repeat_rates(history: History) -> np.ndarray:
    """float64 of each item: part of its lines that were a member's repeat, beside that part of all lines."""
    lines = history.item_baskets.astype(np.float64)
    first = np.bincount(history.counts().indices, minlength=history.items)
    overall = max((lines - first).sum() / max(lines.sum(), 1.0), 1e-6)
    return (lines - first + SMOOTH * overall) / (lines + SMOOTH) / overall


@dataclass(frozen=True, eq=False)
class FewBasketsModel:
    """``repeats``: of each item, see ``repeat_rates``; ``baskets``: how many each member has."""

    frequency: FrequencyModel
    neighbours: Model
    repeats: np.ndarray
    baskets: np.ndarray
    weight: float

    def scores(self, members: np.ndarray, at: np.ndarray) -> np.ndarray:
        """See ``Model``."""
        own = np.maximum(self.frequency.scores(members, at) - self.frequency.prior, 0.0)
        bought = self.frequency.own[members].toarray() > 0
        near = np.where(bought, 0.0, np.maximum(self.neighbours.scores(members, at), 0.0))
        best = np.maximum(near.max(axis=1, initial=0.0), 1e-12)
        weight = self.weight / (1 + self.baskets[members] / 5) / best
        score = np.where(bought, own, 0.0) * self.repeats + self.frequency.prior + near * weight[:, None]
        return score.astype(np.float32)


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
