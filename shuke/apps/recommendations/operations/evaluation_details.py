"""What is told of strategies beyond their means: for whom they are good, and whether one is truly better."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from shuke.apps.recommendations.operations.evaluating import EvaluationSettings, Judged, figure
from shuke.apps.recommendations.schemas.evaluation import (
    Difference,
    EvaluationDetails,
    Figure,
    GroupOfMembers,
    StrategyDetails,
)
from shuke.science.recommendations.by_baskets import MemberGroup, by_baskets
from shuke.science.recommendations.comparison import Comparison, compare, holm, interval
from shuke.science.recommendations.evaluation import Evaluation, bought_before

#: What a reader may choose to look at, and what is told of each group of members.
METRICS = ("ndcg", "recall", "hit_rate", "map", "repeat_recall", "new_ndcg")
#: Resamples of a group's interval; groups are many and their intervals are read at a glance.
GROUP_DRAWS = 400


def details_of(judged: Judged, settings: EvaluationSettings) -> EvaluationDetails:
    """Every strategy against the baseline and against the best one by each metric, and group by group of members."""
    k = 10 if 10 in settings.cutoffs else max(settings.cutoffs)
    metrics = tuple(f"{metric}@{k}" for metric in METRICS)
    groups = by_baskets(judged.split)
    against = {metric: _against_baseline(judged, metric, settings) for metric in metrics}
    behind = {metric: _behind_best(judged, metric, settings) for metric in metrics}
    before = bought_before(judged.split)
    return EvaluationDetails(
        metrics=metrics,
        groups=tuple(GroupOfMembers(g.name, g.least, g.most, int(g.chosen.sum())) for g in groups),
        repeat_share=float(before.mean()) if len(before) else float("nan"),
        strategies={
            name: StrategyDetails(
                against_baseline={m: against[m][name] for m in metrics if name in against[m]},
                behind_best={m: behind[m][name] for m in metrics if name in behind[m]},
                by_group=_by_group(found, groups, metrics, seed=settings.seed),
            )
            for name, found in zip(judged.names, judged.evaluations, strict=True)
        },
    )


def _against_baseline(judged: Judged, metric: str, settings: EvaluationSettings) -> dict[str, Difference]:
    base = judged.evaluations[judged.baseline]
    compared = {
        name: _compared(found, base, metric, settings)
        for name, found in zip(judged.names, judged.evaluations, strict=True)
        if found is not base
    }
    adjusted = holm([found.p_value for found in compared.values()])
    return {
        name: Difference(
            mean=found.difference.mean,
            low=found.difference.low,
            high=found.difference.high,
            p_value=p_value,
            better=found.better,
            worse=found.worse,
            members=found.members,
        )
        for (name, found), p_value in zip(compared.items(), adjusted, strict=True)
    }


def _behind_best(judged: Judged, metric: str, settings: EvaluationSettings) -> dict[str, Figure]:
    means = np.array([found.mean(metric) for found in judged.evaluations])
    if np.isnan(means).all():
        return {}
    best = judged.evaluations[int(np.nanargmax(means))]
    return {
        name: figure(
            interval(
                found.each[metric] - best.each[metric],
                rng=np.random.default_rng(settings.seed),
                draws=settings.draws,
            )
        )
        for name, found in zip(judged.names, judged.evaluations, strict=True)
        if found is not best
    }


def _compared(ours: Evaluation, theirs: Evaluation, metric: str, settings: EvaluationSettings) -> Comparison:
    rng = np.random.default_rng(settings.seed)
    return compare(ours.each[metric], theirs.each[metric], rng=rng, draws=settings.draws)


def _by_group(
    found: Evaluation, groups: Sequence[MemberGroup], metrics: Sequence[str], *, seed: int
) -> dict[str, dict[str, Figure]]:
    return {
        group.name: {
            metric: figure(
                interval(found.each[metric][group.chosen], rng=np.random.default_rng(seed), draws=GROUP_DRAWS)
            )
            for metric in metrics
        }
        for group in groups
    }
