"""What an evaluation says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """A mean over members and its 95 % interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class StrategyReport:
    """``figures``: each metric.  ``whole``: coverage, gini, novelty, diversity, calibration of the longest lists.

    ``difference``: of ``compared_by`` against the baseline, member by member; ``p_value`` is Holm's.
    """

    name: str
    parameters: str
    figures: Mapping[str, Figure]
    whole: Mapping[str, float]
    difference: Figure | None
    p_value: float | None
    seconds_to_fit: float
    seconds_to_list: float


@dataclass(frozen=True)
class EvaluationReport:
    """Everything that is needed to read the numbers, and the numbers."""

    protocol: str
    tie_rule: str
    ndcg: str
    cutoffs: tuple[int, ...]
    members: int
    baskets: int
    lines: int
    items: int
    vocabulary: int
    asked_members: int
    judged_members: int
    dropped_share: float
    baseline: str
    compared_by: str
    tuned: bool
    seed: int
    strategies: tuple[StrategyReport, ...]
