"""How good a probability of silence was, when the days have come: ranking, size and use."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata


@dataclass(frozen=True)
class Judgement:
    """``auc``: chance that one who left is ranked above one who stayed; ``brier``: mean squared error.

    ``brier_skill``: 1 - brier / that of saying the base rate to everybody; 0 or less is worth nothing.  ``lift``: how
    many times more of those who left are in the top tenth than among all.
    """

    members: int
    base_rate: float
    auc: float
    brier: float
    brier_skill: float
    lift: float


def judged(probability: NDArray[np.float64], *, is_silent: NDArray[np.bool_]) -> Judgement:
    """Judge probabilities (or, for ``auc`` and ``lift``, any score) by what came.

    Raises ``ValueError`` if everybody left or nobody.  Ties share their rank and their place in the top tenth.

    >>> found = judged(np.array([0.9, 0.8, 0.3, 0.1]), is_silent=np.array([True, False, True, False]))
    >>> found.auc, round(found.brier, 4)
    (0.75, 0.2875)
    """
    silent = np.asarray(is_silent, dtype=bool)
    left, n = int(silent.sum()), len(silent)
    if left in {0, n}:
        raise ValueError("Nothing can be judged where everybody left or nobody.")
    ranks = rankdata(probability)
    auc = (ranks[silent].sum() - left * (left + 1) / 2) / (left * (n - left))
    base = left / n
    brier = float(np.mean((probability - silent) ** 2))
    return Judgement(n, base, float(auc), brier, 1 - brier / (base * (1 - base)), _lift(probability, silent))


def _lift(probability: NDArray[np.float64], silent: NDArray[np.bool_]) -> float:
    size = max(1.0, len(silent) / 10)
    values, places = np.unique(-probability, return_inverse=True)
    counts, hits = np.bincount(places), np.bincount(places, weights=silent)
    before = np.append(0, counts.cumsum()[:-1])
    taken = np.clip(size - before, 0, counts)
    return float((hits * taken / counts).sum() / size / silent.mean()) if len(values) else 0.0


def calibration(
    probability: NDArray[np.float64], *, is_silent: NDArray[np.bool_], bins: int = 10
) -> list[tuple[float, float, int]]:
    """Mean probability, part that left, and how many, in ``bins`` groups of about equal size, rising."""
    order = np.argsort(probability, kind="stable")
    return [
        (float(probability[part].mean()), float(np.asarray(is_silent)[part].mean()), len(part))
        for part in np.array_split(order, min(bins, len(order)))
    ]


def gains(probability: NDArray[np.float64], *, is_silent: NDArray[np.bool_], steps: int = 20) -> list[float]:
    """The part of those who left that is among the first 0, 1/steps … all of the members, the riskiest first.

    Ties are taken in equal parts, so an order by chance gives the diagonal.

    >>> gains(np.array([0.9, 0.8, 0.3, 0.1]), is_silent=np.array([True, False, True, False]), steps=4)
    [0.0, 0.5, 0.5, 1.0, 1.0]
    """
    silent = np.asarray(is_silent, dtype=bool)
    _values, places = np.unique(-probability, return_inverse=True)
    reached = np.append(0, np.bincount(places).cumsum())
    caught = np.append(0.0, np.bincount(places, weights=silent).cumsum())
    wanted = np.linspace(0, len(silent), steps + 1)
    return [float(part) for part in np.interp(wanted, reached, caught) / silent.sum()]
