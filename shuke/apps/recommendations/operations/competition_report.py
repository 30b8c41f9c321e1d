"""The report of a slot's competition, from what was counted in the lake."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from shuke.apps.experiments.queries import experiment
from shuke.apps.measurement.queries import campaign_effect
from shuke.apps.recommendations.rules.strategies import THOMPSON
from shuke.apps.recommendations.rules.verdicts import ArmFacts, readings
from shuke.apps.recommendations.schemas.online import (
    OnlineArm,
    OnlineDay,
    OnlineDifference,
    OnlineEstimate,
    OnlinePlace,
    OnlinePolicy,
    OnlineRatio,
    OnlineReport,
    OnlineSentence,
)
from shuke.apps.recommendations.schemas.slots import SlotView
from shuke.science.lift import Summary
from shuke.science.recommendations import online
from shuke.science.recommendations import online_estimates as estimates
from shuke.science.sample_ratio import sample_ratio


@dataclass(frozen=True)
class Counted:
    """What was read from the lake: totals by arm, by day and arm, by place; ``products``: different ones that each arm
    showed; ``summaries``: of ``online.unit_sums`` by arm; ``crossed``: units with lists in more than one arm."""

    totals: Sequence[Mapping[str, Any]]
    days: Sequence[Mapping[str, Any]]
    places: Sequence[Mapping[str, Any]]
    products: Mapping[str, int]
    active_products: int
    summaries: Mapping[str, Summary]
    crossed: int


def report_of(view: SlotView, counted: Counted, *, since: date, at: datetime, currency: str) -> OnlineReport:
    """The whole report with its sentences."""
    arms = _arms(view, counted)
    differences = _differences(arms, counted.summaries)
    ratio = _ratio(arms) if view.experiment_id else None
    effect = _effect(view, at=at) if view.experiment_id and arms else None
    told = readings(
        [ArmFacts(arm.arm, arm.lists, arm.units, arm.converted, arm.viewed + arm.clicked) for arm in arms],
        [difference for difference in differences if difference.metric == estimates.METRICS[0].name],
        days=len({row["local_date"] for row in counted.days}),
        is_mismatch=ratio is not None and ratio.is_mismatch,
        crossed=counted.crossed,
    )
    return OnlineReport(
        slot=view.code,
        experiment_id=view.experiment_id,
        since=since,
        until=at,
        currency=currency,
        click_hours=online.CLICK_HOURS,
        purchase_days=online.PURCHASE_DAYS,
        arms=arms,
        differences=differences,
        sample_ratio=ratio,
        crossed=counted.crossed,
        places=[OnlinePlace(**row) for row in sorted(counted.places, key=lambda r: (r["arm"], r["place"]))],
        days=_days(counted.days),
        policies=_policies(view, counted.summaries),
        effect=effect,
        readings=[OnlineSentence(sentence=one.sentence, values=dict(one.values)) for one in told],
    )


def _arms(view: SlotView, counted: Counted) -> list[OnlineArm]:
    """The slot's arms in their order, then those that it had before."""
    rows = {row["arm"]: row for row in counted.totals}
    known = {arm.name: arm for arm in view.arms}
    named = [name for name in known if known[name].weight > 0 or name in rows]
    return [
        _arm(view, counted, name=name, row=rows.get(name, {}))
        for name in [*named, *sorted(set(rows) - set(known))]
    ]


def _arm(view: SlotView, counted: Counted, *, name: str, row: Mapping[str, Any]) -> OnlineArm:
    known = next((arm for arm in view.arms if arm.name == name), None)
    counts: dict[str, Any] = {
        column: row.get(column, 0) for column in ("lists", "units", "fallbacks", *online.OUTCOMES)
    }
    rates: dict[str, Any] = {
        metric.name: _estimate(estimates.estimate(counted.summaries.get(name), metric))
        for metric in estimates.METRICS
    }
    shown = counted.products.get(name, 0)
    return OnlineArm(
        **counts,
        **rates,
        arm=name,
        strategy=known.strategy if known else "",
        weight=known.weight if known else 0,
        products=shown,
        coverage=shown / counted.active_products if counted.active_products else None,
    )


def _differences(arms: Sequence[OnlineArm], summaries: Mapping[str, Summary]) -> list[OnlineDifference]:
    if len(arms) < 2:
        return []
    found = []
    for metric in estimates.METRICS:
        for arm in arms[1:]:
            told = estimates.difference(summaries, metric=metric, arm=arm.arm, control=arms[0].arm)
            found.append(
                OnlineDifference(
                    metric=metric.name,
                    arm=arm.arm,
                    control=arms[0].arm,
                    difference=told.lift.difference,
                    low=told.lift.lower,
                    high=told.lift.upper,
                    relative=told.lift.relative,
                    relative_low=told.lift.relative_lower,
                    relative_high=told.lift.relative_upper,
                    p_value=told.lift.p_value,
                    always_p=told.always_p,
                    visible=told.visible,
                )
            )
    return found


def _ratio(arms: Sequence[OnlineArm]) -> OnlineRatio | None:
    """Of the arms that have a weight; arms of an earlier set-up were promised nothing."""
    weights = {arm.arm: arm.weight for arm in arms if arm.weight > 0}
    if len(weights) < 2:
        return None
    units = {arm.arm: arm.units for arm in arms if arm.arm in weights}
    found = sample_ratio(units, weights=weights, control=arms[0].arm)
    return OnlineRatio(expected=dict(found.expected), p_value=found.p_value, is_mismatch=found.is_mismatch)


def _policies(view: SlotView, summaries: Mapping[str, Summary]) -> list[OnlinePolicy]:
    return [
        OnlinePolicy(
            arm=arm.name, strategy=value.strategy, ips=_estimate(value.ips), snips=_estimate(value.snips)
        )
        for arm in view.arms
        if arm.strategy == THOMPSON and arm.name in summaries
        for value in estimates.policy_values(summaries[arm.name], view.bandit)
    ]


def _effect(view: SlotView, *, at: datetime) -> dict[str, Any] | None:
    found = experiment(view.experiment_id)
    first = next((arm.name for arm in view.arms if arm.weight > 0), "")
    report = campaign_effect(experiment_id=view.experiment_id, until=at, weights=found.weights, control=first)
    return report.model_dump(mode="json") if report.arms else None


def _days(rows: Sequence[Mapping[str, Any]]) -> list[OnlineDay]:
    columns = ("arm", "lists", "clicked", "converted", "revenue_minor")
    ordered = sorted(rows, key=lambda row: (row["local_date"], row["arm"]))
    return [OnlineDay(day=row["local_date"], **{name: row[name] for name in columns}) for row in ordered]


def _estimate(found: estimates.Estimate) -> OnlineEstimate:
    return OnlineEstimate(value=found.value, low=found.low, high=found.high)
