"""Which strategy would have done best?"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from pydantic import ValidationError

from shuke.apps.recommendations.operations.evaluations import request_evaluation
from shuke.apps.recommendations.operations.own_history import OWN
from shuke.apps.recommendations.pages.comparison_charts import Option, interval_bars
from shuke.apps.recommendations.pages.comparison_words import (
    CATALOGUE,
    DOES,
    METRICS,
    new_product_rows,
    said,
)
from shuke.apps.recommendations.pages.slot_words import step_word
from shuke.apps.recommendations.queries.evaluations import (
    evaluation,
    evaluation_key,
    evaluations,
    latest_evaluation,
)
from shuke.apps.recommendations.schemas.comparison import (
    LEVELS,
    PROTOCOLS,
    EvaluationFigures,
    EvaluationInput,
    EvaluationView,
    FigureView,
    StrategyView,
)
from shuke.platform.clock import now
from shuke.platform.errors import NotFound, Refused
from shuke.platform.jobs.queries import job_of_key
from shuke.science.recommendations.named import STRATEGIES
from shuke.sources.files.exporting import csv_lines
from shuke.web.access import actor_of, requires
from shuke.web.labels import label_of

#: States of a job that is still going to change the page.
BUSY = frozenset({"ready", "running"})
#: What the picture can show; the halves have pictures of their own.
CHOSEN = ("ndcg", "recall", "hit_rate", "map")
#: Earlier evaluations that the page lists.
LISTED = 24


@require_safe
@requires("recommendations.view")
def strategies_page(request: HttpRequest) -> HttpResponse:
    """The newest evaluation of a level by a protocol, or the one that is named; pictures, tables, what they mean."""
    level, protocol = _chosen(request, "level", LEVELS), _chosen(request, "protocol", PROTOCOLS)
    found = _named(request) or latest_evaluation(level=level, protocol=protocol)
    if found is not None:
        level, protocol = found.level, found.protocol
    may_edit = actor_of(request).may("recommendations.edit")
    context: dict[str, Any] = {
        "level": level,
        "protocol": protocol,
        "levels": [(code, label_of("evaluation_level", code)) for code in LEVELS],
        "protocols": [(code, label_of("evaluation_protocol", code)) for code in PROTOCOLS],
        "found": found,
        **_busy(level, protocol),
        "may_edit": may_edit,
        "history": evaluations(level=level, protocol=protocol, limit=LISTED),
        "choices": [
            (name, label_of("strategy", name), DOES.get(name, ""), name in OWN) for name in STRATEGIES
        ],
    }
    if found is not None and found.report is not None:
        context |= _told(found, found.report, metric=_chosen(request, "metric", CHOSEN))
    return render(request, "recommendations/strategies/page.html", context)


def _chosen(request: HttpRequest, name: str, known: Sequence[str]) -> str:
    wanted = request.GET.get(name, "")
    return wanted if wanted in known else known[0]


def _named(request: HttpRequest) -> EvaluationView | None:
    wanted = request.GET.get("run", "")
    if not wanted:
        return None
    try:
        return evaluation(wanted[:40])
    except NotFound as unknown:
        raise Http404 from unknown


def _busy(level: str, protocol: str) -> dict[str, Any]:
    """The job that compares, and what it does now."""
    job = job_of_key(evaluation_key(level=level, protocol=protocol))
    if job is None or job.state not in BUSY:
        return {"job": None}
    return {"job": job, "step": step_word(job.progress_label, context="evaluation")}


def _told(found: EvaluationView, report: EvaluationFigures, *, metric: str) -> dict[str, Any]:
    by = _full(report, metric)
    again, new = _full(report, "repeat_recall"), _full(report, "new_ndcg")
    rows = sorted(report.strategies, key=lambda row: -(row.figures[by].mean or 0.0))
    return {
        "report": report,
        "verdicts": [said(reading) for reading in found.verdicts],
        "metric": metric,
        "metric_name": METRICS[metric][0],
        "metric_text": METRICS[metric][1],
        "metrics": [(code, METRICS[code][0]) for code in CHOSEN],
        "picture": _picture(rows, by, name=str(METRICS[metric][0]), base=report.baseline),
        "differences": _differences(rows, by),
        "again": _picture(
            _sorted(report, again), again, name=str(METRICS["repeat_recall"][0]), base=report.baseline
        ),
        "again_text": METRICS["repeat_recall"][1],
        "new": _picture(_sorted(report, new), new, name=str(METRICS["new_ndcg"][0]), base=report.baseline),
        "new_text": METRICS["new_ndcg"][1],
        "compared": [_compared(row, by) for row in rows],
        "quality": [_quality(row, report) for row in rows],
        "quality_heads": [METRICS[code] for code in CHOSEN],
        "catalogue_heads": list(CATALOGUE.values()),
        "groups": _groups(rows, report, by),
        "unsold": new_product_rows(report.new_products),
        "lists_of": max(report.cutoffs),
        "ndcg_text": _ideal(report.ndcg),
    }


def _full(report: EvaluationFigures, metric: str) -> str:
    """The metric at the length of list that is told: ``ndcg`` is ``ndcg@10``."""
    return next(name for name in report.metrics if name.partition("@")[0] == metric)


def _sorted(report: EvaluationFigures, by: str) -> list[StrategyView]:
    return sorted(report.strategies, key=lambda row: -(row.figures[by].mean or 0.0))


def _picture(rows: Sequence[StrategyView], by: str, *, name: str, base: str) -> Option:
    """The best one green, the simple rule grey."""
    best = max((row.figures[by].mean or 0.0 for row in rows), default=0.0)

    def color(row: StrategyView) -> str:
        return "grey" if row.name == base else "primary" if row.figures[by].mean == best else "blue"

    return interval_bars(
        [(label_of("strategy", row.name), row.figures[by], color(row)) for row in rows], name=name
    )


def _differences(rows: Sequence[StrategyView], by: str) -> Option:
    bars: list[tuple[str, FigureView, str]] = []
    for row in rows:
        found = row.against_baseline.get(by)
        if found is not None and found.mean is not None:
            tone = "grey" if not found.is_clear else "green" if found.mean > 0 else "rose"
            bars.append((label_of("strategy", row.name), found, tone))
    return interval_bars(bars, name=_("Difference to the simple rule"))


def _compared(row: StrategyView, by: str) -> dict[str, Any]:
    """A row of the table of differences, with its verdict."""
    found = row.against_baseline.get(by)
    if found is None or found.mean is None:
        return {"name": row.name, "found": None, "verdict": _("The simple rule"), "tone": "grey"}
    if not found.is_clear:
        verdict, tone = _("No clear difference"), "grey"
    elif found.mean > 0:
        verdict, tone = _("Better"), "green"
    else:
        verdict, tone = _("Worse"), "red"
    return {"name": row.name, "found": found, "verdict": verdict, "tone": tone}


def _quality(row: StrategyView, report: EvaluationFigures) -> dict[str, Any]:
    each = 1000 * row.seconds_to_list / max(report.judged_members, 1)
    return {
        "name": row.name,
        "does": DOES.get(row.name, ""),
        "parameters": row.parameters,
        "figures": [row.figures[_full(report, code)].mean for code in CHOSEN],
        "whole": [row.whole.get(code) for code in CATALOGUE],
        "fit": row.seconds_to_fit,
        "each": each,
    }


def _groups(rows: Sequence[StrategyView], report: EvaluationFigures, by: str) -> dict[str, Any] | None:
    """Each strategy for members with few, some and many purchases; nothing where all have as many."""
    if len(report.groups) < 2:
        return None
    best = {
        group.name: max((row.by_group[group.name][by].mean or 0.0 for row in rows), default=0.0)
        for group in report.groups
    }
    return {
        "heads": report.groups,
        "rows": [
            (
                row.name,
                [
                    (row.by_group[group.name][by], row.by_group[group.name][by].mean == best[group.name])
                    for group in report.groups
                ],
            )
            for row in rows
        ],
    }


def _ideal(ndcg: str) -> str:
    return {
        "standard": _(
            "The best possible list is one that begins with as many of the bought products as fit on it."
        ),
        "all": _("The best possible list would hold everything that was bought, even beyond its length."),
        "k": _("The best possible list would be full of bought products, even where fewer were bought."),
    }[ndcg]


@require_POST
@requires("recommendations.edit")
def evaluate_now(request: HttpRequest) -> HttpResponse:
    """Have the history evaluated in the background, and show the page with the progress."""
    known = [name for name in request.POST.getlist("strategies") if name in STRATEGIES]
    is_usual = set(known) == set(OWN)
    try:
        wanted = EvaluationInput.model_validate(
            {
                "level": request.POST.get("level", ""),
                "protocol": request.POST.get("protocol", ""),
                "strategies": [] if is_usual else known,
                "is_tuned": request.POST.get("tuned") == "on",
            }
        )
        request_evaluation(wanted, actor=actor_of(request), at=now())
    except (ValidationError, Refused):
        messages.error(request, _("Choose a level and a question of the list, then compare again."))
        return redirect("recommendations:strategies")
    place = reverse("recommendations:strategies")
    return redirect(f"{place}?level={wanted.level}&protocol={wanted.protocol}")


@require_safe
@requires("recommendations.view")
def evaluation_progress(request: HttpRequest, level: str, protocol: str) -> HttpResponse:
    """How far it is; reloads the page when it is there."""
    if level not in LEVELS or protocol not in PROTOCOLS:
        raise Http404
    busy = _busy(level, protocol)
    if busy["job"] is None:
        answer = HttpResponse(status=204)
        answer["HX-Refresh"] = "true"
        return answer
    context = {**busy, "level": level, "protocol": protocol}
    return render(request, "recommendations/strategies/progress.html", context)


@require_safe
@requires("recommendations.view")
def download_evaluation(_request: HttpRequest, evaluation_id: str, kind: str) -> HttpResponse:
    """Every figure of an evaluation as CSV, or all of it as JSON; no member is named in it."""
    try:
        found = evaluation(evaluation_id)
    except NotFound as unknown:
        raise Http404 from unknown
    if found.report is None or kind not in {"csv", "json"}:
        raise Http404
    if kind == "json":
        body = json.dumps(found.model_dump(mode="json"), ensure_ascii=False).encode()
        answer = HttpResponse(body, content_type="application/json")
    else:
        header = ["strategy", "metric", "members", "what", "mean", "low", "high", "p_value"]
        body = b"".join(csv_lines(header, _lines(found.report)))
        answer = HttpResponse(body, content_type="text/csv; charset=utf-8")
    answer["Cache-Control"] = "no-store"
    answer["Content-Disposition"] = f'attachment; filename="strategies-{found.level}-{found.protocol}.{kind}"'
    return answer


def _lines(report: EvaluationFigures) -> Iterator[tuple[object, ...]]:
    for row in report.strategies:
        for metric, figure in row.figures.items():
            yield (row.name, metric, "all", "figure", *_numbers(figure), "")
        for metric, difference in row.against_baseline.items():
            what = f"difference to {report.baseline}"
            yield (row.name, metric, "all", what, *_numbers(difference), difference.p_value)
        for group, figures in row.by_group.items():
            for metric, figure in figures.items():
                yield (row.name, metric, group, "figure", *_numbers(figure), "")
        for metric, value in row.whole.items():
            yield (row.name, metric, "all", f"lists of {max(report.cutoffs)}", value, "", "", "")


def _numbers(figure: FigureView) -> tuple[float | None, float | None, float | None]:
    return figure.mean, figure.low, figure.high
