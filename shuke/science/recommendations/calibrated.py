"""Calibration: a strategy's scores as chances to be in the next basket, so that scores of different strategies compare.

Isotonic regression (Zadrozny and Elkan 2002) on baskets that the strategy had not seen: the chance as a function of the
score that never falls, linear between the steps, so that the order of a list stays what it was.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shuke.science.recommendations.histories import History
from shuke.science.recommendations.out_of_period import out_of_period
from shuke.science.recommendations.strategies import Model, Strategy

#: Keeps the order where the curve is flat: so large a part of a chance is left to the place within the range of scores.
TILT = 0.02
#: The smallest chance that is told.
LEAST = 1e-6


@dataclass(frozen=True)
class Calibrated:
    """A strategy whose scores are chances; ``depth``: how far down its lists it learns."""

    source: Strategy
    depth: int = 50

    @property
    def name(self) -> str:
        """See ``Strategy``."""
        return f"calibrated-{self.source.name}"

    def fit(self, history: History, *, rng: np.random.Generator) -> CalibratedModel:
        """Learn the curve out of period, then fit the strategy on everything."""
        rows = out_of_period((self.source,), history, rng=rng, most=self.depth)
        curve = rising_chances(rows.score[:, 0], rows.bought)
        return CalibratedModel(self.source.fit(history, rng=rng), *curve)


@dataclass(frozen=True, eq=False)
class CalibratedModel:
    """``knots`` rising scores, ``chances`` at them."""

    source: Model
    knots: np.ndarray
    chances: np.ndarray

    def scores(self, members: np.ndarray, at: np.ndarray) -> np.ndarray:
        """See ``Model``."""
        raw = self.source.scores(members, at)
        found = chance_of(raw, self.knots, self.chances)
        found[np.isneginf(raw)] = -np.inf
        return found


def rising_chances(score: np.ndarray, bought: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Knots (rising) and chances (never falling, within 0 and 1) of scores whose outcome is known."""
    from sklearn.isotonic import IsotonicRegression

    if not len(score):
        return np.array([0.0]), np.array([0.0])
    fitted = IsotonicRegression(y_min=0.0, y_max=1.0).fit(score.astype(np.float64), bought.astype(np.float64))
    return np.asarray(fitted.X_thresholds_), np.asarray(fitted.y_thresholds_)


def chance_of(score: np.ndarray, knots: np.ndarray, chances: np.ndarray) -> np.ndarray:
    """Float32 chance of each score; order is kept where the curve is flat and beyond its ends."""
    reach = max(float(knots[-1] - knots[0]), 1e-9)
    held = np.where(np.isneginf(score), knots[0], score)
    within = np.arctan((held - knots[0]) / reach) / np.pi + 0.5
    chance = np.maximum(np.interp(held, knots, chances), LEAST)
    return (chance * (1 - TILT + TILT * within)).astype(np.float32)
