"""What a campaign did, computed from the lake at the moment it is asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import ibis
from django.utils.translation import gettext_lazy as _
from ibis.expr import types as ir

from shuke.apps.measurement import rules
from shuke.apps.measurement.schemas import (
    ArmResult,
    EffectReport,
    FunnelStep,
    LiftResult,
    MoneyRange,
    SampleRatioResult,
)
from shuke.lake.reading import Snapshot
from shuke.platform.retailer.queries import retailer
from shuke.platform.warehouse import lake
from shuke.science.lift import Lift, Metric, Summary, compare, summarise
from shuke.science.outcomes import OutcomeFacts, member_outcomes
from shuke.science.persons import with_member
from shuke.science.sample_ratio import sample_ratio
from shuke.science.variance_reduction import variance_removed

#: Label and unit of every metric.
LABELS: Mapping[str, tuple[Any, str]] = {
    "revenue": (_("Revenue per member"), "money"),
    "orders": (_("Orders per member"), "number"),
    "conversion": (_("Conversion"), "percent"),
    "average_order": (_("Average order value"), "money"),
    "visits": (_("Visits per member"), "number"),
}
STEP_LABELS: Mapping[str, Any] = {
    "queued": _("Queued"),
    "sent": _("Sent"),
    "delivered": _("Delivered"),
    "opened": _("Opened"),
    "clicked": _("Clicked"),
    "ordered": _("Ordered"),
}


@dataclass(frozen=True)
class _Exposed:
    """Who was exposed, in a word."""

    is_randomised: bool
    since: datetime | None
    campaign_ids: tuple[str, ...]


def campaign_effect(
    *,
    experiment_id: str,
    until: datetime,
    cuped: bool = False,
    weights: Mapping[str, int] | None = None,
    control: str = "control",
    pre_days: int = 90,
    confidence: float = 0.95,
) -> EffectReport:
    """What every arm of the experiment did in [``eligible_at``, ``until``), and the lift over control.

    ``cuped`` adjusts by what members did in the ``pre_days`` before.  ``weights`` are those promised
    to the arms; without them the sample ratio is not tested.  An experiment that nobody was exposed
    to gives an empty report.
    """
    currency = retailer().currency
    with lake().read() as snapshot:
        facts = _facts(snapshot, experiment_id)
        exposed = _exposed(facts.exposures)
        outcomes = member_outcomes(facts, until=until, currency=currency, pre_days=pre_days)
        # Read twice below; a table of this connection is gone with it.
        outcomes = snapshot.connection.create_table("member_outcomes", outcomes, temp=True)
        chosen = rules.metrics(cuped=cuped)
        summaries = summarise(outcomes, metrics=chosen) if exposed.since else {}
        funnel = _funnel(snapshot, exposed=exposed, outcomes=outcomes)
        cost = _cost(snapshot, exposed=exposed, currency=currency)
    members = {arm: summary.count() for arm, summary in summaries.items()}
    reason = rules.no_lift_reason(members=members, control=control, is_randomised=exposed.is_randomised)
    lifts = [] if reason else _lifts(summaries, metrics=chosen, control=control, confidence=confidence)
    increment = rules.increment(lifts, members=members)
    return EffectReport(
        experiment_id=experiment_id,
        since=exposed.since,
        until=until,
        currency=currency,
        is_randomised=exposed.is_randomised,
        is_adjusted=cuped,
        no_lift_reason=reason,
        arms=_arm_results(summaries, control=control),
        lifts=[_lift_result(lift) for lift in lifts],
        sample_ratio=_ratio(members, weights=weights, control=control) if not reason else None,
        funnel=funnel,
        cost_minor=cost,
        incremental_revenue=_money_range(increment),
        roi=rules.roi(incremental_minor=increment.value if increment else None, cost_minor=cost),
        variance_removed=_removed(summaries, control=control) if cuped and not reason else None,
    )


def _facts(snapshot: Snapshot, experiment_id: str) -> OutcomeFacts:
    exposures = snapshot.table("exposures")
    return OutcomeFacts(
        exposures=exposures.filter(exposures.experiment_id == experiment_id),
        orders=snapshot.table("orders"),
        refunds=snapshot.table("refunds"),
        events=snapshot.table("events"),
        identity_map=snapshot.table("identity_map"),
    )


def _exposed(exposures: ir.Table) -> _Exposed:
    """Chance must have decided every arm: one exposure that it did not decide spoils the comparison."""
    rows = exposures.group_by("campaign_id", "is_randomised").agg(since=exposures.eligible_at.min())
    found = rows.to_pyarrow().to_pylist()
    return _Exposed(
        is_randomised=bool(found) and all(row["is_randomised"] for row in found),
        since=min((row["since"] for row in found), default=None),
        campaign_ids=tuple(sorted({row["campaign_id"] for row in found if row["campaign_id"]})),
    )


def _funnel(snapshot: Snapshot, *, exposed: _Exposed, outcomes: ir.Table) -> list[FunnelStep]:
    """Messages by the furthest step they reached, and how many of them led to an order."""
    counts = dict.fromkeys((*rules.STEPS, "ordered"), 0)
    if exposed.campaign_ids:
        for row in _message_rows(snapshot, exposed=exposed, outcomes=outcomes):
            furthest = rules.furthest_step(row)
            for step in rules.STEPS[: furthest + 1]:
                counts[step] += row["messages"]
            counts["ordered"] += row["messages"] if row["ordered"] and furthest > 0 else 0
    first, before, steps = counts["queued"], 0, []
    for index, (step, messages) in enumerate(counts.items()):
        steps.append(
            FunnelStep(
                step=step,
                label=str(STEP_LABELS[step]),
                messages=messages,
                share_of_first=messages / first if first else None,
                share_of_previous=messages / before if index and before else None,
            )
        )
        before = messages
    return steps


def _message_rows(snapshot: Snapshot, *, exposed: _Exposed, outcomes: ir.Table) -> list[dict[str, Any]]:
    """``messages`` per combination of steps seen and whether the member ordered."""
    told = snapshot.table("messages")
    told = with_member(
        told.filter(told.campaign_id.isin(exposed.campaign_ids)), snapshot.table("identity_map")
    )
    is_person = ~told.is_machine
    # A scanner that opens or clicks proves that the message arrived, and nothing else.
    seen = {
        "queued": told.event == "queued",
        "sent": told.event == "sent",
        "delivered": (told.event == "delivered") | (told.event.isin(["opened", "clicked"]) & told.is_machine),
        "opened": (told.event == "opened") & is_person,
        "clicked": (told.event == "clicked") & is_person,
    }
    per_message = told.group_by("message_id", "member_id").agg(
        **{step: flag.any() for step, flag in seen.items()}
    )
    bought = outcomes.filter(outcomes.orders > 0).select("member_id", ordered=ibis.literal(value=True))
    joined = per_message.left_join(bought, "member_id").mutate(
        ordered=bought.ordered.fill_null(ibis.literal(value=False))
    )
    rows = joined.group_by(*rules.STEPS, "ordered").agg(messages=joined.count())
    found: list[dict[str, Any]] = rows.to_pyarrow().to_pylist()
    return found


def _cost(snapshot: Snapshot, *, exposed: _Exposed, currency: str) -> int:
    """What the campaigns cost, in the retailer's currency."""
    if not exposed.campaign_ids:
        return 0
    costs = snapshot.table("costs")
    own = costs.filter(costs.campaign_id.isin(exposed.campaign_ids), costs.currency == currency)
    return int(own.amount_minor.sum().to_pyarrow().as_py() or 0)


def _lifts(
    summaries: Mapping[str, Summary], *, metrics: tuple[Metric, ...], control: str, confidence: float
) -> list[Lift]:
    return [
        compare(summaries, metric=metric, arm=arm, control=control, confidence=confidence)
        for metric in metrics
        for arm in sorted(summaries)
        if arm != control
    ]


def _lift_result(lift: Lift) -> LiftResult:
    label, unit = LABELS[lift.metric]
    return LiftResult(
        **{name: getattr(lift, name) for name in Lift.__annotations__},
        label=str(label),
        unit=unit,
        is_significant=lift.is_significant,
    )


def _arm_results(summaries: Mapping[str, Summary], *, control: str) -> list[ArmResult]:
    """Totals and means by arm, the control first."""
    return [
        _arm_result(arm, summaries[arm], is_control=arm == control)
        for arm in sorted(summaries, key=lambda name: (name != control, name))
    ]


def _arm_result(arm: str, summary: Summary, *, is_control: bool) -> ArmResult:
    count = summary.count()
    totals = {
        name: round(summary.mean(name) * count) for name in ("orders", "revenue_minor", "converted", "visits")
    }
    orders = totals["orders"]
    return ArmResult(
        arm=arm,
        is_control=is_control,
        members=count,
        **totals,
        conversion=summary.mean("converted"),
        orders_per_member=summary.mean("orders"),
        revenue_per_member_minor=summary.mean("revenue_minor"),
        visits_per_member=summary.mean("visits"),
        average_order_minor=totals["revenue_minor"] / orders if orders else None,
    )


def _ratio(
    members: Mapping[str, int], *, weights: Mapping[str, int] | None, control: str
) -> SampleRatioResult | None:
    """The check of the counts; ``None`` where no weights were promised, or not to these arms."""
    if not weights or set(members) - {arm for arm, weight in weights.items() if weight > 0}:
        return None
    found = sample_ratio(members, weights=weights, control=control)
    return SampleRatioResult(
        members=dict(found.members),
        expected=dict(found.expected),
        p_value=found.p_value,
        p_values=dict(found.p_values),
        is_mismatch=found.is_mismatch,
    )


def _removed(summaries: Mapping[str, Summary], *, control: str) -> float:
    return variance_removed(summaries[control], outcome="revenue_minor", covariate="pre_revenue_minor")


def _money_range(increment: rules.Increment | None) -> MoneyRange | None:
    if increment is None:
        return None
    return MoneyRange(
        value_minor=round(increment.value),
        lower_minor=None if increment.lower is None else round(increment.lower),
        upper_minor=None if increment.upper is None else round(increment.upper),
    )
