"""How places on lists are spread over the items of a range, beside how purchases are."""

from __future__ import annotations

import numpy as np

#: Points of a curve of concentration.
POINTS = 50


def shown_counts(items: np.ndarray, count: int) -> np.ndarray:
    """int64 of each item: on how many lists (int32, lists × places, -1 for an empty place) it stands."""
    return np.bincount(items[items >= 0], minlength=count)


def lorenz(counts: np.ndarray, *, points: int = POINTS) -> np.ndarray:
    """Share of all counts that the least counted 0, 1/points, … 1 of the items have: float64, ``points`` + 1.

    All nan where nothing was counted.
    """
    rising = np.concatenate(([0.0], np.cumsum(np.sort(counts.astype(np.float64)))))
    if not rising[-1]:
        return np.full(points + 1, np.nan)
    places = np.linspace(0, len(counts), points + 1)
    return np.interp(places, np.arange(len(rising)), rising) / rising[-1]


def thirds(bought: np.ndarray) -> np.ndarray:
    """0, 1 or 2 of each item: the most bought that make the first third of all purchases, the second, and the last."""
    order = np.argsort(-bought, kind="stable")
    before = np.cumsum(bought[order]) - bought[order]
    result = np.empty(len(bought), dtype=np.int64)
    result[order] = np.minimum(3 * before // max(int(bought.sum()), 1), 2)
    return result


def sums_of(codes: np.ndarray, values: np.ndarray, *, count: int) -> np.ndarray:
    """Sum of the values (float64) of each code 0 … ``count`` - 1, and at last of those without one (-1)."""
    return np.bincount(np.where(codes < 0, count, codes), weights=values, minlength=count + 1)
