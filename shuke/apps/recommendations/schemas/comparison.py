"""Evaluations of the retailer's own history, as pages and the API see them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from ninja import Schema
from pydantic import Field

from shuke.apps.insights.schemas import ReadingView
from shuke.apps.recommendations.schemas.objects import ObjectInput

EvaluationLevel = Literal["product", "kind"]
EvaluationProtocol = Literal["last", "month"]
LEVELS: tuple[EvaluationLevel, ...] = ("product", "kind")
PROTOCOLS: tuple[EvaluationProtocol, ...] = ("last", "month")


class EvaluationInput(ObjectInput):
    """What to evaluate.  ``level``: products, or kinds of product.  ``protocol``: each member's last basket, or
    everything bought in the last four weeks.  ``strategies``: by their known names, the usual ones where empty.
    ``is_tuned``: choose each strategy's parameters first, on the basket or the weeks before (slower)."""

    level: EvaluationLevel = "product"
    protocol: EvaluationProtocol = "last"
    strategies: list[str] = Field(default_factory=list, max_length=30)
    is_tuned: bool = False


class FigureView(Schema):
    """A mean over members and its 95 % interval; null where the metric applies to nobody."""

    mean: float | None
    low: float | None
    high: float | None


class DifferenceView(FigureView):
    """Ours minus theirs, member by member.  ``p_value`` after Holm; ``better``, ``worse``: so many of ``members``."""

    p_value: float
    better: int
    worse: int
    members: int

    @property
    def is_clear(self) -> bool:
        """Whether chance alone hardly makes such a difference."""
        return self.p_value < 0.05


class StrategyView(Schema):
    """One strategy: ``figures`` by metric and length of list; ``whole``: what its lists do to the catalogue."""

    name: str
    parameters: str
    figures: dict[str, FigureView]
    whole: dict[str, float | None]
    against_baseline: dict[str, DifferenceView]
    behind_best: dict[str, FigureView]
    by_group: dict[str, dict[str, FigureView]]
    seconds_to_fit: float
    seconds_to_list: float


class GroupView(Schema):
    """Members by how many baskets are known of them."""

    name: str
    least: int
    most: int
    members: int


class NewProductsView(Schema):
    """How ``members`` would have found products first sold at most ``fresh`` days before the last ``days``, or in them
    (``never_sold``): ``recall`` and ``hit`` of lists of ``k`` by what they are (``new-products``, ``content``) and by
    lot (``by-lot``); ``difference`` of recall from ``content``.  ``unknown``: new ones of which nothing is told."""

    k: int
    days: int
    fresh: int
    members: int
    products: int
    never_sold: int
    unknown: int
    recall: dict[str, FigureView]
    hit: dict[str, FigureView]
    difference: dict[str, FigureView]


class EvaluationFigures(Schema):
    """Everything that is needed to read the numbers, and the numbers."""

    protocol: str
    tie_rule: str
    ndcg: str
    cutoffs: list[int]
    metrics: list[str]
    first_day: date
    last_day: date
    minimum_count: int
    members: int
    baskets: int
    lines: int
    items: int
    vocabulary: int
    asked_members: int
    judged_members: int
    dropped_share: float
    repeat_share: float | None
    baseline: str
    is_tuned: bool
    seed: int
    groups: list[GroupView]
    strategies: list[StrategyView]
    new_products: NewProductsView | None = None


class EvaluationHead(Schema):
    """An evaluation without its figures.  ``best``: highest nDCG, empty where there is none."""

    id: str
    as_of: date
    level: EvaluationLevel
    protocol: EvaluationProtocol
    built_at: datetime
    seconds: float
    is_refused: bool
    best: str


class EvaluationView(EvaluationHead):
    """An evaluation.  ``refusal`` says why there are no figures; ``verdicts``: what they mean, with the known names of
    strategies among the values."""

    refusal: ReadingView | None
    report: EvaluationFigures | None
    verdicts: list[ReadingView]


class EvaluationQueued(Schema):
    """An evaluation that is going to be made."""

    level: EvaluationLevel
    protocol: EvaluationProtocol
