"""One number for how a source behaves, and its parts; docs/algorithms/cleaning.md has a worked example."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

WEIGHTS: Mapping[str, int] = MappingProxyType(
    {"complete": 25, "valid": 30, "unique": 10, "plausible": 15, "consistent": 20}
)


@dataclass(frozen=True)
class Counts:
    """What a source brought.  ``missing`` is the mean share of empty cells, ``None`` where unknown."""

    rows: int = 0
    rejected: int = 0
    duplicates: int = 0
    flagged: int = 0
    missing: float | None = None
    orders: int = 0
    inconsistent: int = 0


@dataclass(frozen=True)
class Score:
    """0 to 100, and the parts that are known, 0 to 1 each."""

    total: float
    parts: Mapping[str, float]


def score_of(counts: Counts) -> Score | None:
    """The weighted mean of the known parts; ``None`` where a source brought nothing.

    >>> brought = Counts(rows=1000, rejected=20, duplicates=5, flagged=10, missing=0.08, orders=400, inconsistent=3)
    >>> round(score_of(brought).total, 2)
    97.05
    """
    parts: dict[str, float] = {}
    if counts.missing is not None:
        parts["complete"] = _share(1 - counts.missing)
    if counts.rows:
        parts["valid"] = _share(1 - counts.rejected / counts.rows)
        parts["unique"] = _share(1 - counts.duplicates / counts.rows)
        parts["plausible"] = _share(1 - counts.flagged / counts.rows)
    if counts.orders:
        parts["consistent"] = _share(1 - counts.inconsistent / counts.orders)
    if not parts:
        return None
    weight = sum(WEIGHTS[name] for name in parts)
    return Score(100 * sum(WEIGHTS[name] * value for name, value in parts.items()) / weight, parts)


def _share(value: float) -> float:
    return min(1.0, max(0.0, value))
