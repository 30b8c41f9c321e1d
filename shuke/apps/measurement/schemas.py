"""What a campaign did."""

from datetime import datetime

from ninja import Schema


class ArmResult(Schema):
    """What the members of one arm did from their eligibility on.  Money in minor units."""

    arm: str
    is_control: bool
    members: int
    orders: int
    revenue_minor: int
    converted: int
    visits: int
    conversion: float | None
    orders_per_member: float | None
    revenue_per_member_minor: float | None
    visits_per_member: float | None
    average_order_minor: float | None


class LiftResult(Schema):
    """One arm against the control in one metric, in the metric's unit; unknown bounds are empty."""

    metric: str
    label: str
    unit: str
    arm: str
    control: str
    arm_value: float | None
    control_value: float | None
    difference: float | None
    lower: float | None
    upper: float | None
    relative: float | None
    relative_lower: float | None
    relative_upper: float | None
    p_value: float | None
    confidence: float
    is_significant: bool


class SampleRatioResult(Schema):
    """Members per arm against what the weights promised."""

    members: dict[str, int]
    expected: dict[str, float]
    p_value: float | None
    p_values: dict[str, float]
    is_mismatch: bool


class FunnelStep(Schema):
    """Messages that reached the step or a later one; scanners do not open or click."""

    step: str
    label: str
    messages: int
    share_of_first: float | None
    share_of_previous: float | None


class MoneyRange(Schema):
    """An estimated amount with the bounds of its interval, minor units."""

    value_minor: int
    lower_minor: int | None
    upper_minor: int | None


class EffectReport(Schema):
    """The whole of it.

    ``no_lift_reason`` is empty where there are lifts, else ``nobody_exposed``, ``not_randomised``
    or ``no_control``.  ``incremental_revenue`` adds up all treated arms; ``roi`` is what of it
    remains after the cost, per unit of cost.
    """

    experiment_id: str
    since: datetime | None
    until: datetime
    currency: str
    is_randomised: bool
    is_adjusted: bool
    no_lift_reason: str
    arms: list[ArmResult]
    lifts: list[LiftResult]
    sample_ratio: SampleRatioResult | None
    funnel: list[FunnelStep]
    cost_minor: int
    incremental_revenue: MoneyRange | None
    roi: float | None
    variance_removed: float | None
