"""Whether one strategy is better than another: on the same members, by resampling them.

Intervals are percentiles of the mean over members drawn with replacement (Efron and Tibshirani 1993, chapter 13);
two strategies are compared member by member, so that what makes a member easy or hard falls out.  The p-value is that
of flipping the sign of each member's difference at random (Fisher's randomisation test; Smucker, Allan and
Carterette 2007).  Where many are compared with one, p-values are Holm's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

DRAWS = 1000


@dataclass(frozen=True)
class Interval:
    """A mean over members, between ``low`` and ``high`` in 95 of 100 resamples."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Comparison:
    """``difference``: ours minus theirs.  ``better``, ``worse``: members with more and with less."""

    difference: Interval
    p_value: float
    better: int
    worse: int
    members: int


def interval(values: np.ndarray, *, rng: np.random.Generator, draws: int = DRAWS) -> Interval:
    """Of one metric of members (float64; nan where it does not apply to a member)."""
    known = values[~np.isnan(values)]
    if not len(known):
        return Interval(float("nan"), float("nan"), float("nan"))
    means = np.array([known[rng.integers(0, len(known), len(known))].mean() for _ in range(draws)])
    low, high = np.quantile(means, (0.025, 0.975))
    return Interval(float(known.mean()), float(low), float(high))


def compare(
    ours: np.ndarray, theirs: np.ndarray, *, rng: np.random.Generator, draws: int = DRAWS
) -> Comparison:
    """Two strategies' metric of the same members, in the same order."""
    differences = ours - theirs
    known = differences[~np.isnan(differences)]
    found = interval(known, rng=rng, draws=draws)
    extreme = 0
    for _ in range(draws if len(known) else 0):
        signs = rng.integers(0, 2, len(known), dtype=np.int8) * 2 - 1
        extreme += abs((known * signs).mean()) >= abs(found.mean) - 1e-15
    return Comparison(
        difference=found,
        p_value=(extreme + 1) / (draws + 1),
        better=int((known > 0).sum()),
        worse=int((known < 0).sum()),
        members=len(known),
    )


def holm(p_values: list[float]) -> list[float]:
    """Adjusted for how many are compared (Holm 1979), in the order given."""
    order = sorted(range(len(p_values)), key=lambda place: p_values[place])
    adjusted, floor = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(order):
        floor = max(floor, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = floor
    return adjusted
