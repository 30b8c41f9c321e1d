"""What an evaluation means, in sentences; strategies stand in the values by their known names."""

from __future__ import annotations

from shuke.apps.recommendations.schemas.comparison import EvaluationFigures, FigureView, StrategyView
from shuke.science.reading import Reading

NDCG, HITS, NEW = "ndcg", "hit_rate", "new_ndcg"


def verdicts(report: EvaluationFigures) -> list[Reading]:
    """Who is best and whether that is chance, who is as good, what is found of new products, and for whom."""
    by = _metric(report, NDCG)
    rows = [row for row in report.strategies if _mean(row, by) is not None]
    if not rows:
        return []
    best = max(rows, key=lambda row: _mean(row, by) or 0.0)
    base = next(row for row in report.strategies if row.name == report.baseline)
    found = [_lead(best, base, by), _reach(best, base, _metric(report, HITS))]
    found += [_equals(rows, best, by), _worse(rows, best, by), _halves(report), _groups(report, by)]
    return [reading for reading in found if reading is not None]


def _metric(report: EvaluationFigures, name: str) -> str:
    """As it is called at the length of list that is told."""
    return next(metric for metric in report.metrics if metric.partition("@")[0] == name)


def _mean(row: StrategyView, metric: str) -> float | None:
    return row.figures[metric].mean


def _lead(best: StrategyView, base: StrategyView, by: str) -> Reading:
    found = best.against_baseline.get(by)
    if found is None:
        return Reading(
            "The simple rule ({base}) is best here: nothing that learns more does better on this history.",
            {"base": base.name},
        )
    if not found.is_clear:
        return Reading(
            "{best} is ahead, but that may be chance: no strategy is clearly better than the simple rule ({base}). "
            "More members or more months would tell.",
            {"best": best.name, "base": base.name},
        )
    return Reading(
        "{best} does best, and not by chance: it beats the simple rule ({base}) for {better} members and loses for "
        "{worse} (p = {p:.3f}).",
        {
            "best": best.name,
            "base": base.name,
            "better": found.better,
            "worse": found.worse,
            "p": found.p_value,
        },
    )


def _reach(best: StrategyView, base: StrategyView, hits: str) -> Reading | None:
    ours, theirs = _mean(best, hits), _mean(base, hits)
    if ours is None or theirs is None:
        return None
    if best is base:
        return Reading(
            "Of 100 members, {ours:.0f} find something on a list of ten that they then bought.",
            {"ours": 100 * ours},
        )
    return Reading(
        "Of 100 members, {ours:.0f} find something on its list of ten that they then bought; with the simple rule "
        "it is {theirs:.0f}.",
        {"ours": 100 * ours, "theirs": 100 * theirs},
    )


def _equals(rows: list[StrategyView], best: StrategyView, by: str) -> Reading | None:
    names = [row.name for row in rows if row is not best and not _is_behind(row.behind_best.get(by))]
    if not names:
        return None
    return Reading(
        "{others}: no worse than it beyond chance. Choose among these by what else matters: how much of the range is "
        "shown, or how quick they are.",
        {"others": names},
    )


def _worse(rows: list[StrategyView], best: StrategyView, by: str) -> Reading | None:
    """Those below the baseline beyond chance."""
    names = [
        row.name
        for row in rows
        if row is not best
        and (found := row.against_baseline.get(by))
        and found.is_clear
        and found.mean is not None
        and found.mean < 0
    ]
    if not names:
        return None
    return Reading(
        "Worse than the simple rule: {others}. They may still be right where something new is to be shown.",
        {"others": names},
    )


def _halves(report: EvaluationFigures) -> Reading | None:
    by = _metric(report, NEW)
    rows = [row for row in report.strategies if _mean(row, by) is not None]
    best = max(rows, key=lambda row: _mean(row, by) or 0.0, default=None)
    if best is None or report.repeat_share is None:
        return None
    return Reading(
        "{share:.0%} of what was bought in the end, the same member had bought before. Of the rest, what was new to "
        "the member, {best} finds most.",
        {"share": report.repeat_share, "best": best.name},
    )


def _groups(report: EvaluationFigures, by: str) -> Reading | None:
    if len(report.groups) < 2:
        return None
    few, many = report.groups[0], report.groups[-1]
    of_few, of_many = (_best_of_group(report, group.name, by) for group in (few, many))
    values = {"most": few.most, "least": many.least, "few": of_few, "many": of_many}
    if of_few == of_many:
        return Reading(
            "{few} is ahead both for members with few purchases (up to {most}) and for those with many (from {least} "
            "on).",
            values,
        )
    return Reading(
        "For members with few purchases (up to {most}), {few} is ahead; for those with many (from {least} on), {many}.",
        values,
    )


def _best_of_group(report: EvaluationFigures, group: str, by: str) -> str:
    return max(report.strategies, key=lambda row: row.by_group[group][by].mean or 0.0).name


def _is_behind(distance: FigureView | None) -> bool:
    """Whether the whole interval lies below zero."""
    return distance is not None and distance.high is not None and distance.high < 0
