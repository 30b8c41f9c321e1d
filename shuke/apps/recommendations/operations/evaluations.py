"""Evaluating strategies on what the retailer's own members bought, and keeping what was found."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from shuke.apps.recommendations.events import EvaluationRequested
from shuke.apps.recommendations.models import EvaluationRun
from shuke.apps.recommendations.operations.apart import Tell
from shuke.apps.recommendations.operations.evaluation_process import judged_apart
from shuke.apps.recommendations.operations.own_history import NotJudged, Question
from shuke.apps.recommendations.queries.bundles import bundle_settings
from shuke.apps.recommendations.queries.evaluations import evaluation_view
from shuke.apps.recommendations.schemas.comparison import EvaluationInput, EvaluationView
from shuke.platform.audit.operations import record_audit
from shuke.platform.clock import business_date
from shuke.platform.errors import Refused
from shuke.platform.events import emit
from shuke.platform.permissions import SYSTEM, Actor
from shuke.platform.retailer.queries import retailer
from shuke.science.recommendations.named import STRATEGIES

Judge = Callable[..., dict[str, Any]]


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
    wanted: EvaluationInput,
    *,
    at: datetime,
    as_of: date,
    actor: Actor = SYSTEM,
    report: Tell | None = None,
    judge: Judge = judged_apart,
) -> EvaluationView:
    """Evaluate what members bought up to the end of a business day, and keep the figures beside the earlier ones.

    Where the history does not suffice, the reason is kept.  ``judge``: in a process of its own, or in this one
    (``judged_history``).  Refuses a day that is not over in the retailer's time zone and a strategy that is not known.
    """
    _checked(wanted)
    shop = retailer()
    if as_of >= business_date(at, shop.time_zone):
        raise Refused("day_not_over", _("Evaluations are made of whole days; choose yesterday or earlier."))
    began = time.monotonic()
    found: dict[str, Any] = {}
    refusal = None
    question = Question(
        level=wanted.level,
        protocol=wanted.protocol,
        strategies=tuple(wanted.strategies),
        is_tuned=wanted.is_tuned,
        as_of=as_of,
        lake_root=str(settings.LAKE_ROOT),
        time_zone=shop.time_zone,
        left_out=tuple(bundle_settings().left_out_departments),
    )
    try:
        found = judge(question, tell=report or (lambda *_told: None))
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
