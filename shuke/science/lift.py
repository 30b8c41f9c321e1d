"""What a treatment adds, against a control group that chance chose: difference, interval, ratio.

The engine sums up each arm once (count, means, variances, covariances); estimates are made from
those summaries alone, so it does not matter how many members an arm has.  Means per member get the
interval of Welch, ratios of two sums (money per order) the same with the delta method, both
optionally adjusted by what was known before (CUPED).  The arithmetic is tea-tasting's; here are the
guards for what has no answer, which is ``None`` and never a made-up number.  See
docs/algorithms/lift.md.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from ibis.expr import types as ir

# tea-tasting takes a second to load: only who compares waits for it, not every command.
if TYPE_CHECKING:
    import tea_tasting.aggr

    #: Estimated from summaries: count, means, variances and covariances of the columns of one arm.
    Summary: TypeAlias = tea_tasting.aggr.Aggregates
else:
    Summary = Any


#: A variance below this part of the squared value is a rest of rounding.
ROUNDING = 1e-12


@dataclass(frozen=True)
class Metric:
    """What is compared: the mean of ``numerator`` per member, or ``numerator / denominator``.

    The names are numeric columns of a table with one row per member.  ``covariate`` (and
    ``denominator_covariate`` for ratios) names the same thing measured before the experiment.
    """

    name: str
    numerator: str
    denominator: str | None = None
    covariate: str | None = None
    denominator_covariate: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it reads."""
        names = (self.numerator, self.denominator, self.covariate, self.denominator_covariate)
        return tuple(name for name in names if name is not None)


@dataclass(frozen=True)
class Lift:
    """One arm against the control in one metric, in the metric's own unit.

    ``difference`` is arm less control; ``lower`` and ``upper`` bound it with the confidence asked
    for.  ``relative`` is the difference as a share of the control's value, with its own bounds.
    What cannot be known (an empty arm, a control of zero) is ``None``.
    """

    metric: str
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

    @property
    def is_significant(self) -> bool:
        """Whether the interval leaves zero out."""
        if self.lower is None or self.upper is None:
            return False
        return self.lower > 0 or self.upper < 0


def summarise(members: ir.Table, *, metrics: Sequence[Metric], arm: str = "arm") -> dict[str, Summary]:
    """Sums up each arm in the engine, in one query, for all the ``metrics`` together.

    ``members``: one row per member with a column ``arm`` and the metrics' columns, none missing
    (a member without orders has 0).  Returns a summary by arm name.
    """
    import tea_tasting.aggr

    columns = sorted({column for metric in metrics for column in metric.columns})
    pairs = [(a, b) for i, a in enumerate(columns) for b in columns[i + 1 :]]
    found: dict[str, Summary] = tea_tasting.aggr.read_aggregates(
        members, arm, has_count=True, mean_cols=columns, var_cols=columns, cov_cols=pairs
    )
    return found


def compare(
    summaries: Mapping[str, Summary],
    *,
    metric: Metric,
    arm: str,
    control: str = "control",
    confidence: float = 0.95,
) -> Lift:
    """The lift of ``arm`` over ``control`` in ``metric``; every arm of a test against the control.

    Intervals are per comparison; with several arms some will miss by chance.  Raises ``ValueError``
    for a confidence that is not between 0 and 1.
    """
    import tea_tasting.metrics

    if not 0 < confidence < 1:
        raise ValueError("The confidence must lie between 0 and 1.")
    treated, base = summaries.get(arm), summaries.get(control)
    values = (value_of(treated, metric), value_of(base, metric))
    if treated is None or base is None or None in values or not _has_spread(treated, base, metric):
        return _unknown(metric, arm=arm, control=control, values=values, confidence=confidence)
    estimator = tea_tasting.metrics.RatioOfMeans(
        metric.numerator,
        metric.denominator,
        metric.covariate,
        metric.denominator_covariate,
        confidence_level=confidence,
        alternative="two-sided",
        equal_var=False,
        use_t=True,
    )
    found = estimator.analyze_aggregates(base, treated)
    has_relative = found.control > 0 and found.treatment > 0
    return Lift(
        metric=metric.name,
        arm=arm,
        control=control,
        arm_value=_known(found.treatment),
        control_value=_known(found.control),
        difference=_known(found.effect_size),
        lower=_known(found.effect_size_ci_lower),
        upper=_known(found.effect_size_ci_upper),
        relative=_known(found.rel_effect_size) if found.control > 0 else None,
        relative_lower=_known(found.rel_effect_size_ci_lower) if has_relative else None,
        relative_upper=_known(found.rel_effect_size_ci_upper) if has_relative else None,
        p_value=_known(found.pvalue),
        confidence=confidence,
    )


def value_of(summary: Summary | None, metric: Metric) -> float | None:
    """The metric of one arm without adjustment; ``None`` for an empty arm or a ratio over zero."""
    if summary is None or summary.count() == 0:
        return None
    denominator = summary.mean(metric.denominator)
    return summary.mean(metric.numerator) / denominator if denominator else None


def _has_spread(treated: Summary, base: Summary, metric: Metric) -> bool:
    """Whether both arms have two members and any outcome varies at all: else there is no interval."""
    if min(treated.count(), base.count()) < 2:
        return False
    if metric.covariate is not None and metric.denominator_covariate is not None:
        names = (metric.denominator_covariate,)
        if not all(arm.mean(name) for arm in (treated, base) for name in names):
            return False
    # What is left by rounding, which may be negative, is no spread: every order cost the same.
    spread = sum(arm.ratio_var(metric.numerator, metric.denominator) / arm.count() for arm in (treated, base))
    largest = max(abs(value_of(arm, metric) or 0.0) for arm in (treated, base))
    return bool(spread > ROUNDING * largest**2)


def _known(value: float) -> float | None:
    """A finite number, or ``None``."""
    return float(value) if math.isfinite(value) else None


def _unknown(
    metric: Metric, *, arm: str, control: str, values: tuple[float | None, float | None], confidence: float
) -> Lift:
    """A lift that says what each arm did and nothing about chance."""
    arm_value, control_value = values
    difference = None if arm_value is None or control_value is None else arm_value - control_value
    return Lift(
        metric=metric.name,
        arm=arm,
        control=control,
        arm_value=arm_value,
        control_value=control_value,
        difference=difference,
        lower=None,
        upper=None,
        relative=difference / control_value if difference is not None and control_value else None,
        relative_lower=None,
        relative_upper=None,
        p_value=None,
        confidence=confidence,
    )
