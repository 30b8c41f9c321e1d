"""Weighted hybrid: a sum of what several strategies say, each by the reciprocal of the place it gives an item.

    score = sum over the sources of weight / (60 + place)

Places compare where scores do not (reciprocal rank fusion, Cormack, Clarke and Büttcher 2009); the weights, none below
zero, are found by coordinate ascent on nDCG@10 of baskets that the sources had not seen.  A weight of zero says that a
source adds nothing, so the weights can be read.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shuke.science.recommendations.histories import History
from shuke.science.recommendations.metrics import ideal_gain
from shuke.science.recommendations.out_of_period import (
    OutOfPeriod,
    lists_of,
    out_of_period,
    reciprocal,
    spread,
)
from shuke.science.recommendations.strategies import Model, Strategy

#: Weights that are tried for one source while the others stay.
GRID = (0.0, 0.05, 0.1, 0.2, 0.4, 0.7, 1.0, 1.5, 2.5)
ROUNDS = 3
CUTOFF = 10


@dataclass(frozen=True)
class Weighted:
    """``weights``: one for each source, None to choose them on each member's latest basket."""

    sources: tuple[Strategy, ...]
    weights: tuple[float, ...] | None = None
    depth: int = 100

    @property
    def name(self) -> str:
        """See ``Strategy``."""
        return "weighted"

    def fit(self, history: History, *, rng: np.random.Generator) -> WeightedModel:
        """Choose the weights out of period, then fit the sources on everything."""
        weights = self.weights
        if weights is None:
            weights = ascended(out_of_period(self.sources, history, rng=rng))
        models = tuple(source.fit(history, rng=rng) for source in self.sources)
        return WeightedModel(models, weights, history, self.depth)


@dataclass(frozen=True, eq=False)
class WeightedModel:
    """Fitted sources and their weights."""

    sources: tuple[Model, ...]
    weights: tuple[float, ...]
    history: History
    depth: int

    def scores(self, members: np.ndarray, at: np.ndarray) -> np.ndarray:
        """See ``Model``; items that no source lists are not offered."""
        rows = lists_of(self.sources, self.history, members, at, most=self.depth)
        values = reciprocal(rows.place) @ np.array(self.weights)
        return spread(rows, values, members=len(members), items=self.history.items)


def ascended(rows: OutOfPeriod) -> tuple[float, ...]:
    """Weights by coordinate ascent from the best source alone; the smallest of weights that are equally good."""
    values = reciprocal(rows.place)
    count = values.shape[1]
    alone = [gained(rows, values[:, source]) for source in range(count)]
    weights = np.zeros(count)
    weights[int(np.argmax(alone))] = 1.0
    best = max(alone)
    for _ in range(ROUNDS):
        before = best
        for source in range(count):
            for weight in GRID:
                tried = weights.copy()
                tried[source] = weight
                value = gained(rows, values @ tried) if tried.any() else -1.0
                if value > best + 1e-9:
                    best, weights = value, tried
        if best <= before + 1e-9:
            break
    return tuple(float(weight) for weight in weights)


def gained(rows: OutOfPeriod, scores: np.ndarray) -> float:
    """Mean nDCG@10 (standard) of the order by ``scores``, equal ones by item."""
    order = np.lexsort((rows.item, -scores, rows.member))
    member = rows.member[order]
    begin = np.searchsorted(member, np.arange(len(rows.wanted)))
    rank = np.arange(len(order)) - begin[member]
    counted = rows.bought[order] & (rank < CUTOFF)
    gain = np.bincount(member[counted], weights=1 / np.log2(rank[counted] + 2), minlength=len(rows.wanted))
    return float((gain / ideal_gain(rows.wanted, k=CUTOFF, ideal="standard")).mean()) if len(gain) else 0.0
