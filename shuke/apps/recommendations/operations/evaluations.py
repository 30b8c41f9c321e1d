"""Evaluating strategies on what the retailer's own members bought, and keeping what was found."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from shuke.apps.recommendations.events import EvaluationRequested
from shuke.apps.recommendations.models import EvaluationRun
from shuke.apps.recommendations.operations.evaluating import (
    BASELINE,
    EvaluationSettings,
    Tell,
    judge_strategies,
    report_of,
)
from shuke.apps.recommendations.operations.evaluation_details import details_of
from shuke.apps.recommendations.queries.evaluations import evaluation_view
from shuke.apps.recommendations.queries.history import Level, goods_of, purchase_history, taxonomy
from shuke.apps.recommendations.schemas.comparison import EvaluationInput, EvaluationView
from shuke.platform.audit.operations import record_audit
from shuke.platform.clock import business_date
from shuke.platform.errors import Refused
from shuke.platform.events import emit
from shuke.platform.permissions import SYSTEM, Actor
from shuke.platform.retailer.queries import retailer
from shuke.platform.warehouse import lake
from shuke.science.reading import Reading
from shuke.science.recommendations.fusion import Fusion
from shuke.science.recommendations.histories import DAY, History, NotAHistory
from shuke.science.recommendations.named import STRATEGIES, Variants
from shuke.science.recommendations.repeats.ranker import RepeatRanker
from shuke.science.recommendations.repeats.wares import Taxonomy
from shuke.science.recommendations.splits import Cut
from shuke.science.recommendations.up_cf import UpCf

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
)
#: EASE inverts a matrix of members or of items, whichever are fewer: of so many it has 0.8 GB.
EASE_LIMIT = 10_000
MONTH_DAYS = 28
#: Items in fewer known baskets say nothing; where a small range has hardly any such, fewer must do.
LEAST_COUNT, LEAST_COUNT_OF_FEW, FEW_ITEMS = 10, 3, 100
#: Below so many judged members an interval is as wide as the question.
LEAST_MEMBERS = 20
#: More members make intervals narrower than any difference that matters.
MOST_MEMBERS = 20_000


class NotJudged(Exception):
    """The history does not answer the question; ``reading`` says why and what would help."""

    def __init__(self, reading: Reading) -> None:
        super().__init__(str(reading))
        self.reading = reading


def request_evaluation(wanted: EvaluationInput, *, actor: Actor, at: datetime) -> None:
    """Have the retailer's history evaluated in the background.  Refuses a strategy that is not known."""
    _checked(wanted)
    with transaction.atomic():
        record_audit(
            actor=actor,
            at=at,
            verb="evaluation.requested",
            subject=("evaluation", f"{wanted.level} {wanted.protocol}"),
            changes={},
        )
        emit(
            EvaluationRequested(
                level=wanted.level,
                protocol=wanted.protocol,
                strategies=tuple(wanted.strategies),
                is_tuned=wanted.is_tuned,
            )
        )


def run_evaluation(
    wanted: EvaluationInput, *, at: datetime, as_of: date, actor: Actor = SYSTEM, report: Tell | None = None
) -> EvaluationView:
    """Evaluate what members bought up to the end of a business day, and keep the figures beside the earlier ones.

    Where the history does not suffice, the reason is kept.  Refuses a day that is not over in the retailer's time
    zone and a strategy that is not known.
    """
    _checked(wanted)
    if as_of >= business_date(at, retailer().time_zone):
        raise Refused("day_not_over", _("Evaluations are made of whole days; choose yesterday or earlier."))
    began = time.monotonic()
    found: dict[str, Any] = {}
    refusal = None
    try:
        found = _found(wanted, as_of=as_of, report=report)
    except NotJudged as missing:
        refusal = {"sentence": missing.reading.sentence, "values": dict(missing.reading.values)}
    seconds = round(time.monotonic() - began, 3)
    return _record(wanted, at=at, as_of=as_of, actor=actor, seconds=seconds, report=found, refusal=refusal)


def _checked(wanted: EvaluationInput) -> None:
    for name in wanted.strategies:
        if name not in STRATEGIES:
            raise Refused(
                "strategy_unknown",
                _("There is no strategy of that name. Choose among the listed ones."),
                {"strategy": name[:40], "known": list(STRATEGIES)},
            )


def _found(wanted: EvaluationInput, *, as_of: date, report: Tell | None) -> dict[str, Any]:
    history, kinds = _history(wanted, as_of=as_of)
    cut = _cut(wanted, history)
    settings = EvaluationSettings(
        cut=cut,
        strategies=_chosen(wanted, history),
        is_tuned=wanted.is_tuned,
        own=_by_kind(kinds) if kinds else {},
        most_members=MOST_MEMBERS,
    )
    try:
        judged = judge_strategies(history, settings, tell=report)
    except NotAHistory as reason:
        raise NotJudged(
            Reading("The strategies cannot be judged on this history: {reason}", {"reason": str(reason)})
        ) from reason
    if len(judged.split.members) < LEAST_MEMBERS:
        raise NotJudged(_too_few(len(judged.split.members), wanted))
    if report is not None:
        report(2 * len(judged.names), 2 * len(judged.names), str(_("Intervals")))
    told = asdict(report_of(judged, history, settings))
    details = asdict(details_of(judged, settings))
    by_name = details.pop("strategies")
    told["strategies"] = [row | by_name[row["name"]] for row in told["strategies"]]
    told["is_tuned"] = told.pop("tuned")
    days = {
        "first_day": _day(int(history.basket_time.min())).isoformat(),
        "last_day": _day(history.end - 1).isoformat(),
        "minimum_count": cut.minimum_count,
    }
    plain: dict[str, Any] = _plain(told | details | days)
    return plain


def _history(wanted: EvaluationInput, *, as_of: date) -> tuple[History, Taxonomy | None]:
    """What was bought, and of products their kinds.  Raises ``NotJudged`` without purchases."""
    with lake().read() as snapshot:
        level: Level = "product" if wanted.level == "product" else _level_of_kinds(snapshot)
        history = purchase_history(snapshot, as_of=as_of, level=level)
        if not history.baskets:
            raise NotJudged(Reading("Nobody has bought anything yet. Import orders first."))
        if wanted.level != "product":
            return history, None
        return history, taxonomy(goods_of(snapshot, history), item_ids=history.item_ids)


def _level_of_kinds(snapshot: Any) -> Level:
    """The finest level of the range that is filled in."""
    products = snapshot.table("products")
    row = products.aggregate(
        subcategory=products.subcategory.count(), category=products.category.count(), all=products.count()
    )
    counted = row.to_pyarrow().to_pylist()[0]
    levels: tuple[Level, ...] = ("subcategory", "category")
    return next((level for level in levels if counted[level] * 2 > counted["all"]), "department")


def _cut(wanted: EvaluationInput, history: History) -> Cut:
    frequent = int((history.item_baskets >= LEAST_COUNT).sum())
    least = LEAST_COUNT if frequent >= FEW_ITEMS else LEAST_COUNT_OF_FEW
    if wanted.protocol == "last":
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


def _chosen(wanted: EvaluationInput, history: History) -> tuple[str, ...]:
    """The wanted strategies and the baseline; the usual ones without what this machine could not hold."""
    if wanted.strategies:
        return tuple(dict.fromkeys((*wanted.strategies, BASELINE)))
    is_large = min(history.members, history.items) > EASE_LIMIT
    return tuple(name for name in OWN if not (is_large and name == "ease"))


def _by_kind(kinds: Taxonomy) -> Mapping[str, Variants]:
    """The rankers with the range's kinds among their features, as slots serve them."""
    return {
        "repeat-ranker": lambda: (RepeatRanker(taxonomy=kinds),),
        "fusion": lambda: (Fusion(sources=(UpCf(),), taxonomy=kinds),),
    }


def _too_few(members: int, wanted: EvaluationInput) -> Reading:
    if wanted.protocol == "last":
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


@transaction.atomic
def _record(
    wanted: EvaluationInput,
    *,
    at: datetime,
    as_of: date,
    actor: Actor,
    seconds: float,
    report: dict[str, Any],
    refusal: dict[str, Any] | None,
) -> EvaluationView:
    row = EvaluationRun.objects.create(
        as_of=as_of,
        protocol=wanted.protocol,
        level=wanted.level,
        built_at=at,
        seconds=seconds,
        report=report,
        refusal=refusal,
        best=_best(report),
    )
    record_audit(
        actor=actor, at=at, verb="evaluation.made", subject=("evaluation", row.public_id), changes={}
    )
    return evaluation_view(row)


def _best(report: Mapping[str, Any]) -> str:
    """The strategy with the highest nDCG; empty without any."""
    by = report.get("compared_by", "")
    rows = report.get("strategies", [])
    ranked = [row for row in rows if row["figures"][by]["mean"] is not None]
    best = max(ranked, key=lambda row: row["figures"][by]["mean"], default=None)
    return str(best["name"]) if best else ""
