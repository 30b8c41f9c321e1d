"""Running sums by key and day, so that "how often in the 28 days before" is a difference of two places."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class RunningSums:
    """``ordered`` int64: key × days + day, rising.  ``totals``: running sums over it, one longer, by name."""

    first_day: int
    days: int
    ordered: np.ndarray
    totals: Mapping[str, np.ndarray]

    def place(self, key: np.ndarray, day: np.ndarray) -> np.ndarray:
        """int64: how many entries lie before that key's ``day`` (days since 1970, itself left out)."""
        within = np.clip(day - self.first_day, 0, self.days - 1)
        return np.searchsorted(self.ordered, key.astype(np.int64) * self.days + within)

    def between(self, name: str, start: np.ndarray, end: np.ndarray) -> np.ndarray:
        """float64 sum between two places."""
        totals = self.totals[name]
        return totals[end] - totals[start]

    def days_since(self, key: np.ndarray, day: np.ndarray, place: np.ndarray) -> np.ndarray:
        """float64 days from the key's last entry before ``place`` to ``day``; NaN where none is."""
        if not len(self.ordered):
            return np.full(len(key), np.nan)
        last = self.ordered[np.maximum(place - 1, 0)]
        mine = (place > 0) & (last // self.days == key)
        return np.where(mine, day - self.first_day - last % self.days, np.nan)


def running_sums(key: np.ndarray, day: np.ndarray, values: Mapping[str, np.ndarray]) -> RunningSums:
    """``key`` and ``day`` (int, days since 1970) of each entry; ``values`` to sum by name."""
    first = int(day.min(initial=0)) if not len(day) else int(day.min())
    days = (int(day.max()) - first if len(day) else 0) + 2
    ordered = key.astype(np.int64) * days + (day - first)
    order = np.argsort(ordered, kind="stable")
    totals = {
        name: np.concatenate(([0.0], np.cumsum(v[order], dtype=np.float64))) for name, v in values.items()
    }
    return RunningSums(first, days, ordered[order], totals)
