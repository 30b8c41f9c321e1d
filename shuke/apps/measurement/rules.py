"""What is compared, and what follows from the comparison."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shuke.science.lift import Lift, Metric
from shuke.science.variance_reduction import adjusted

ORDERS = Metric("orders", "orders")
REVENUE = Metric("revenue", "revenue_minor")
CONVERSION = Metric("conversion", "converted")
VISITS = Metric("visits", "visits")
AVERAGE_ORDER = Metric("average_order", "revenue_minor", "orders")
METRICS: tuple[Metric, ...] = (REVENUE, ORDERS, CONVERSION, AVERAGE_ORDER, VISITS)

#: What each metric is adjusted by: what the member did before it was eligible.
COVARIATES: Mapping[str, str] = {
    "orders": "pre_orders",
    "revenue": "pre_revenue_minor",
    "conversion": "pre_orders",
    "visits": "pre_orders",
}

#: Steps of a message in the order of its life; reaching one implies the earlier ones.
STEPS: tuple[str, ...] = ("queued", "sent", "delivered", "opened", "clicked")


@dataclass(frozen=True)
class Increment:
    """Money that the treatment added, with bounds, in minor units (fractions kept)."""

    value: float
    lower: float | None
    upper: float | None


def metrics(*, cuped: bool) -> tuple[Metric, ...]:
    """All metrics; with ``cuped`` the means among them adjusted by the time before."""
    if not cuped:
        return METRICS
    return tuple(
        adjusted(metric, covariate=COVARIATES[metric.name]) if metric.name in COVARIATES else metric
        for metric in METRICS
    )


def furthest_step(events: Mapping[str, bool]) -> int:
    """Index in :data:`STEPS` of the furthest step among ``event → seen``; -1 for none."""
    return max((index for index, step in enumerate(STEPS) if events.get(step)), default=-1)


def no_lift_reason(*, members: Mapping[str, int], control: str, is_randomised: bool) -> str:
    """Why there can be no lift; empty if there can."""
    if not members:
        return "nobody_exposed"
    if not is_randomised:
        return "not_randomised"
    if not members.get(control) or len(members) < 2:
        return "no_control"
    return ""


def increment(lifts: Sequence[Lift], *, members: Mapping[str, int]) -> Increment | None:
    """Revenue that the treated arms brought more than the control would have.

    Each arm's difference per member times its members; the bounds are those of the arms added up,
    which is cautious where there are several.  ``None`` without any difference.
    """
    known = [lift for lift in lifts if lift.metric == "revenue" and lift.difference is not None]
    if not known:
        return None
    lower = [lift.lower * members[lift.arm] for lift in known if lift.lower is not None]
    upper = [lift.upper * members[lift.arm] for lift in known if lift.upper is not None]
    is_bounded = len(lower) == len(known) == len(upper)
    return Increment(
        value=sum((lift.difference or 0.0) * members[lift.arm] for lift in known),
        lower=sum(lower) if is_bounded else None,
        upper=sum(upper) if is_bounded else None,
    )


def roi(*, incremental_minor: float | None, cost_minor: int) -> float | None:
    """(incremental revenue - cost) / cost; ``None`` without a cost or an increment."""
    if incremental_minor is None or cost_minor <= 0:
        return None
    return (incremental_minor - cost_minor) / cost_minor
