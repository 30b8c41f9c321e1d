"""Model fusion (stacking): a logistic regression over what several strategies say (Wolpert 1992).

    P(in the next basket) = logistic(b + sum over sources of a · listed + c / (60 + place) + d · score beside best)

It is learned on baskets that no source had seen, so its scores are probabilities that mean the same in every list:
they compare across members and slots, and a price can be put on them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shuke.science.recommendations.histories import History
from shuke.science.recommendations.out_of_period import (
    OutOfPeriod,
    lists_of,
    out_of_period,
    reciprocal,
    spread,
)
from shuke.science.recommendations.strategies import Model, Strategy


@dataclass(frozen=True)
class Stacking:
    """``depth``: how far down each source's list an item may stand; ``members``: that it learns from, at most."""

    sources: tuple[Strategy, ...]
    depth: int = 50
    members: int = 2000

    @property
    def name(self) -> str:
        """See ``Strategy``."""
        return "stacking"

    def fit(self, history: History, *, rng: np.random.Generator) -> StackingModel:
        """Learn out of period, then fit the sources on everything."""
        rows = out_of_period(self.sources, history, rng=rng, most=self.depth, members=self.members)
        coefficients, intercept = _regressed(features(rows), rows.bought)
        models = tuple(source.fit(history, rng=rng) for source in self.sources)
        return StackingModel(models, coefficients, intercept, history, self.depth)


@dataclass(frozen=True, eq=False)
class StackingModel:
    """Fitted sources, and the regression over what they say."""

    sources: tuple[Model, ...]
    coefficients: np.ndarray
    intercept: float
    history: History
    depth: int

    def scores(self, members: np.ndarray, at: np.ndarray) -> np.ndarray:
        """See ``Model``: probabilities; items that no source lists are not offered."""
        rows = lists_of(self.sources, self.history, members, at, most=self.depth)
        logit = features(rows) @ self.coefficients + self.intercept
        return spread(rows, 1 / (1 + np.exp(-logit)), members=len(members), items=self.history.items)


def features(rows: OutOfPeriod) -> np.ndarray:
    """float64 rows × 3 for each source: listed, 60 / (60 + place), score beside the best of the member's list."""
    columns = []
    for source in range(rows.place.shape[1]):
        place, score = rows.place[:, source], rows.score[:, source]
        listed = ~np.isnan(place)
        best = np.full(int(rows.member.max(initial=0)) + 1, 0.0)
        np.maximum.at(best, rows.member[listed], np.abs(score[listed]))
        beside = np.nan_to_num(score / np.maximum(best[rows.member], 1e-12))
        columns += [listed * 1.0, 60 * reciprocal(place), beside]
    return np.column_stack(columns)


def _regressed(values: np.ndarray, bought: np.ndarray) -> tuple[np.ndarray, float]:
    """Coefficients and intercept; the mere frequency where all or nothing was bought."""
    from sklearn.linear_model import LogisticRegression

    if bought.all() or not bought.any():
        return np.zeros(values.shape[1]), float(np.log((bought.sum() + 0.5) / ((~bought).sum() + 0.5)))
    fitted = LogisticRegression(max_iter=500).fit(values, bought)
    return fitted.coef_[0], float(fitted.intercept_[0])
