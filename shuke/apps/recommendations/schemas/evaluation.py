"""What an evaluation says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


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
    ``answered_by``: the single strategy that answered for a hybrid that was worse on validation, else empty.
    """

    name: str
    parameters: str
    figures: Mapping[str, Figure]
    whole: Mapping[str, float]
    difference: Figure | None
    p_value: float | None
    seconds_to_fit: float
    seconds_to_list: float
    answered_by: str = ""


@dataclass(frozen=True)
class NewProductsReport:
    """How new products are found: ``recall`` and ``hit`` of a list of ``k``, by the scorer of new products, by likeness
    and by lot; ``difference`` of recall against likeness, member by member.  ``products`` were new and described,
    ``never_sold`` of them before the ``days`` that are judged, others at most ``fresh`` days before; ``unknown``: new
    ones that are not described."""

    k: int
    days: int
    fresh: int
    members: int
    products: int
    never_sold: int
    unknown: int
    recall: Mapping[str, Figure]
    hit: Mapping[str, Figure]
    difference: Mapping[str, Figure]


@dataclass(frozen=True)
class EvaluationReport:
    """Everything that is needed to read the numbers, and the numbers.

    ``validation``: nDCG@10 of each strategy one step before the test; ``chosen``: what it would choose by that alone,
    empty where it cannot.  ``repeat_share``: part of the known lines whose member had bought the item before;
    ``only_new``: lists are without what their member had bought.  ``ranker_lines``: rankers learned from members drawn
    until there were so many lines; 0 where they learned from all.  ``adaptations``: what else was drawn or left out
    because the history is large.
    """

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
    validation: Mapping[str, float] = field(default_factory=dict)
    chosen: str = ""
    new_products: NewProductsReport | None = None
    repeat_share: float = 0.0
    only_new: bool = False
    ranker_lines: int = 0
    adaptations: tuple[str, ...] = ()


@dataclass(frozen=True)
class Difference:
    """Ours minus theirs, member by member; ``p_value`` is Holm's.  ``better``, ``worse``: members with more and with
    less, of ``members``."""

    mean: float
    low: float
    high: float
    p_value: float
    better: int
    worse: int
    members: int


@dataclass(frozen=True)
class StrategyDetails:
    """By metric: ``against_baseline`` (none of the baseline itself) and ``behind_best``, the distance to the strategy
    with the highest mean (none of that one itself); by group of members and metric: ``by_group``."""

    against_baseline: Mapping[str, Difference]
    behind_best: Mapping[str, Figure]
    by_group: Mapping[str, Mapping[str, Figure]]


@dataclass(frozen=True)
class GroupOfMembers:
    """Members with ``least`` to ``most`` known baskets, and how many of them were judged."""

    name: str
    least: int
    most: int
    members: int


@dataclass(frozen=True)
class EvaluationDetails:
    """What is kept beside the report of the retailer's own history.  ``repeat_share``: part of what was bought in the
    end that the same member had bought before."""

    metrics: tuple[str, ...]
    groups: tuple[GroupOfMembers, ...]
    repeat_share: float
    strategies: Mapping[str, StrategyDetails]
