"""Judging strategies on what the retailer's own members bought: everything that needs the lake and no database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from shuke.apps.recommendations.operations.apart import Tell
from shuke.apps.recommendations.operations.evaluating import (
    BASELINE,
    EvaluationSettings,
    NothingToJudge,
    judge_strategies,
    report_of,
)
from shuke.apps.recommendations.operations.evaluation_details import details_of
from shuke.apps.recommendations.operations.new_product_report import new_products_report
from shuke.apps.recommendations.queries.history import Level, goods_of, purchase_history, taxonomy
from shuke.lake import Lake
from shuke.science.reading import Reading
from shuke.science.recommendations.discovery import Discovery
from shuke.science.recommendations.factorisation import Als
from shuke.science.recommendations.fusion import Fusion
from shuke.science.recommendations.histories import DAY, History
from shuke.science.recommendations.named import Variants
from shuke.science.recommendations.repeats.ranker import RepeatRanker
from shuke.science.recommendations.repeats.wares import Taxonomy
from shuke.science.recommendations.splits import Cut
from shuke.science.recommendations.up_cf import UpCf

if TYPE_CHECKING:
    from shuke.lake import Snapshot

#: What is judged where nobody chooses: what slots can serve, and what it is held against.
OWN = (
    "popularity",
    BASELINE,
    "personal-frequency",
    "replenishment-due",
    "up-cf",
    "item-knn-tf-idf",
    "ease",
    "als",
    "repeat-ranker",
    "fusion",
    "discovery",
)
#: The last step.
INTERVALS = "intervals"
#: EASE inverts a matrix of members or of items, whichever are fewer: of so many it has 0.8 GB.
EASE_LIMIT = 10_000
MONTH_DAYS = 28
#: Items in fewer known baskets say nothing; where a small range has hardly any such, fewer must do.
LEAST_COUNT, LEAST_COUNT_OF_FEW, FEW_ITEMS = 10, 3, 100
#: Below so many judged members an interval is as wide as the question.
LEAST_MEMBERS = 20
#: Resamples of an interval.
DRAWS = 1000
#: More members make intervals narrower than any difference that matters.
MOST_MEMBERS = 20_000


@dataclass(frozen=True)
class Question:
    """What is to be judged, and where it lies; ``left_out``: departments that are not recommended."""

    level: str
    protocol: str
    strategies: tuple[str, ...]
    is_tuned: bool
    as_of: date
    lake_root: str
    time_zone: str
    left_out: tuple[str, ...] = ()


class NotJudged(Exception):
    """The history does not answer the question; ``reading`` says why and what would help."""

    def __init__(self, reading: Reading) -> None:
        super().__init__(str(reading))
        self.reading = reading


def judged_history(question: Question, *, tell: Tell) -> dict[str, Any]:
    """Figures and details as plain data, as ``schemas.comparison.EvaluationFigures`` reads them.

    Raises ``NotJudged``.
    """
    history, kinds, catalogue = _history(question)
    cut = _cut(question, history)
    settings = EvaluationSettings(
        cut=cut,
        strategies=_chosen(question, history),
        is_tuned=question.is_tuned,
        own=_by_kind(kinds) if kinds else {},
        most_members=MOST_MEMBERS,
        draws=DRAWS,
    )
    try:
        judged = judge_strategies(history, settings, tell=tell)
    except NothingToJudge as reason:
        raise NotJudged(reason.reading) from reason
    if len(judged.split.members) < LEAST_MEMBERS:
        raise NotJudged(_too_few(len(judged.split.members), question))
    tell(2 * len(judged.names), 2 * len(judged.names), INTERVALS)
    told = asdict(report_of(judged, settings, history=history))
    details = asdict(details_of(judged, settings))
    by_name = details.pop("strategies")
    told["strategies"] = [row | by_name[row["name"]] for row in told["strategies"]]
    told["is_tuned"] = told.pop("tuned")
    if catalogue is not None:
        told["new_products"] = asdict(new_products_report(history, catalogue, settings=settings))
    days = {
        "first_day": _day(int(history.basket_time.min())).isoformat(),
        "last_day": _day(history.end - 1).isoformat(),
        "minimum_count": cut.minimum_count,
    }
    plain: dict[str, Any] = _plain(told | details | days)
    return plain


def _history(question: Question) -> tuple[History, Taxonomy | None, pl.DataFrame | None]:
    """What was bought, and of products their kinds and what they are.  Raises ``NotJudged`` without purchases."""
    with Lake(question.lake_root).read() as snapshot:
        level: Level = "product" if question.level == "product" else _level_of_kinds(snapshot)
        history = purchase_history(
            snapshot,
            as_of=question.as_of,
            level=level,
            left_out=question.left_out,
            time_zone=question.time_zone,
        )
        if not history.baskets:
            raise NotJudged(_nothing_bought(question))
        if question.level != "product":
            return history, None, None
        kinds = taxonomy(goods_of(snapshot, history), item_ids=history.item_ids)
        return history, kinds, _catalogue(snapshot)


def _catalogue(snapshot: Snapshot) -> pl.DataFrame:
    """What is told of products, without columns that say nothing."""
    columns = ("department", "category", "subcategory", "brand", "name")
    table = snapshot.table("products").select("product_id", *columns).to_polars()
    said = [name for name in columns if table[name].drop_nulls().len()]
    return table.select(pl.col("product_id").alias("item"), *said)


def _nothing_bought(question: Question) -> Reading:
    if question.level == "product":
        return Reading("Nobody has bought anything yet. Import orders first.")
    return Reading(
        "Nothing that was bought has a kind. Import products with their categories, or compare by product."
    )


def _level_of_kinds(snapshot: Snapshot) -> Level:
    """The finest level of the range that is filled in."""
    products = snapshot.table("products")
    row = products.aggregate(
        subcategory=products.subcategory.count(), category=products.category.count(), all=products.count()
    )
    counted = row.to_pyarrow().to_pylist()[0]
    levels: tuple[Level, ...] = ("subcategory", "category")
    return next((level for level in levels if counted[level] * 2 > counted["all"]), "department")


def _cut(question: Question, history: History) -> Cut:
    frequent = int((history.item_baskets >= LEAST_COUNT).sum())
    least = LEAST_COUNT if frequent >= FEW_ITEMS else LEAST_COUNT_OF_FEW
    if question.protocol == "last":
        return Cut("last", minimum_count=least)
    known = (history.end - int(history.basket_time.min())) // DAY
    if known < 2 * MONTH_DAYS:
        raise NotJudged(
            Reading(
                "Purchases of only {days} days are known; the last four weeks can be judged from {least} days on.",
                {"days": int(known), "least": 2 * MONTH_DAYS},
            )
        )
    return Cut("window", minimum_count=least, minimum_baskets=1, days=MONTH_DAYS)


def _chosen(question: Question, history: History) -> tuple[str, ...]:
    """The wanted strategies and the baseline; the usual ones without what this machine could not hold."""
    if question.strategies:
        return tuple(dict.fromkeys((*question.strategies, BASELINE)))
    is_large = min(history.members, history.items) > EASE_LIMIT
    return tuple(name for name in OWN if not (is_large and name == "ease"))


def _by_kind(kinds: Taxonomy) -> Mapping[str, Variants]:
    """The rankers with the range's kinds among their features, as slots serve them."""
    return {
        "repeat-ranker": lambda: (RepeatRanker(taxonomy=kinds),),
        "fusion": lambda: (Fusion(sources=(UpCf(),), taxonomy=kinds),),
        "discovery": lambda: (Discovery(sources=(UpCf(), Als()), taxonomy=kinds),),
    }


def _too_few(members: int, question: Question) -> Reading:
    if question.protocol == "last":
        return Reading(
            "Only {members} members have four purchases or more; from {least} members on, differences mean something.",
            {"members": members, "least": LEAST_MEMBERS},
        )
    return Reading(
        "Only {members} members bought in the last four weeks and before; from {least} members on, differences mean "
        "something.",
        {"members": members, "least": LEAST_MEMBERS},
    )


def _day(micros: int) -> date:
    return date(1970, 1, 1) + timedelta(days=micros // DAY)


def _plain(value: Any) -> Any:
    """What a database keeps: no number where a metric applies to nobody."""
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not np.isfinite(value) else value
