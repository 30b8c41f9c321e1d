"""Which strategy does better, from the sums by unit: rates with intervals, differences, off-policy values, verdicts.

Every metric is a ratio of two sums over lists, and lists of one member are alike: the variance is that of the ratio by
the delta method over units (Deng, Knoblich and Lu 2018), as ``science.lift`` has it.  Rates near zero get Wilson's
interval with the number of lists that would have that variance if they were independent (Korn and Graubard 1998).

A page is looked at every day, so what it says is decided by a p-value that holds however often one looks: the mixture
sequential probability ratio test (Robbins 1970; Johari, Koomen, Pekelis and Walsh 2022).

Where a bandit drew the strategy, the value of always using one of them is estimated from what was drawn, by inverse
propensity: Σ w·r / n (IPS) and Σ w·r / Σ w (SNIPS, Swaminathan and Joachims 2015), w = 1 / chance.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import scipy

from shuke.science.lift import ROUNDING, Lift, Metric, Summary, compare, value_of

#: What is compared, of the columns of ``online.unit_sums``; the first decides the verdict.
METRICS: tuple[Metric, ...] = (
    Metric("revenue", "revenue_minor", "lists"),
    Metric("conversion", "converted", "lists"),
    Metric("click_rate", "clicked", "lists"),
    Metric("add_rate", "added", "lists"),
)
#: Metrics that are parts of lists.
RATES = frozenset({"conversion", "click_rate", "add_rate"})
#: The effect that the sequential test is most ready to see, as a part of the control's value.
EXPECTED_EFFECT = 0.1
CONFIDENCE = 0.95
#: Standard errors of a difference that the sequential test has found in four of five cases: a planned test finds 2.8,
#: this one needs 1.7 times the data for it (simulated, effects from half to twice the expected).
VISIBLE = 3.7


@dataclass(frozen=True)
class Estimate:
    """A value with the bounds of its interval; ``None`` for what cannot be known."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Difference:
    """An arm against the control: ``lift`` as ``science.lift`` has it, ``always_p`` the p-value that stays valid under
    daily looks (``None`` without an interval), ``visible``: the difference that this test, at its present size, has
    found in four of five cases, in the metric's unit."""

    lift: Lift
    always_p: float | None
    visible: float | None


@dataclass(frozen=True)
class PolicyValue:
    """What each list would bring if ``strategy`` always answered, by IPS and by SNIPS."""

    strategy: str
    ips: Estimate
    snips: Estimate


def estimate(summary: Summary | None, metric: Metric, *, confidence: float = CONFIDENCE) -> Estimate:
    """The metric of one arm with its interval over units."""
    value = value_of(summary, metric)
    if summary is None or value is None:
        return Estimate(None, None, None)
    units = summary.count()
    if units < 2:
        return Estimate(value, None, None)
    variance = summary.ratio_var(metric.numerator, metric.denominator) / units
    if (metric.name in RATES or metric.name.startswith("snips")) and 0.0 <= value <= 1.0:
        lists = summary.mean(metric.denominator) * units
        worth = min(value * (1 - value) / variance, lists) if variance > ROUNDING else float(units)
        return Estimate(value, *_wilson(value, worth=worth, confidence=confidence))
    if variance <= ROUNDING * value**2:
        return Estimate(value, None, None)
    reach = float(scipy.stats.t.ppf((1 + confidence) / 2, units - 1)) * math.sqrt(variance)
    return Estimate(value, value - reach, value + reach)


def _wilson(value: float, *, worth: float, confidence: float) -> tuple[float, float]:
    z = float(scipy.stats.norm.ppf((1 + confidence) / 2))
    centre = (value + z * z / (2 * worth)) / (1 + z * z / worth)
    reach = z / (1 + z * z / worth) * math.sqrt(value * (1 - value) / worth + (z / (2 * worth)) ** 2)
    return max(0.0, centre - reach), min(1.0, centre + reach)


def difference(summaries: Mapping[str, Summary], *, metric: Metric, arm: str, control: str) -> Difference:
    """``arm`` less ``control``."""
    lift = compare(summaries, metric=metric, arm=arm, control=control, confidence=CONFIDENCE)
    if lift.lower is None or lift.upper is None or lift.difference is None:
        return Difference(lift, None, None)
    error = (lift.upper - lift.lower) / 2 / float(scipy.stats.norm.ppf((1 + CONFIDENCE) / 2))
    expected = abs(lift.control_value or 0.0) * EXPECTED_EFFECT
    found = always_valid_p(lift.difference, standard_error=error, expected=expected)
    return Difference(lift, found, VISIBLE * error)


def always_valid_p(found: float, *, standard_error: float, expected: float) -> float | None:
    """P-value of a difference that may be looked at after every list: 1 / Λ of the mixture test, at most 1.

    Λ = √(V / (V + τ²)) · exp(d² τ² / (2 V (V + τ²))), V the squared standard error and τ the ``expected`` effect.
    Under no difference the chance that it ever falls below α is at most α (Ville's inequality).  ``None`` where
    nothing varies or nothing is expected.
    """
    if standard_error <= 0 or expected <= 0:
        return None
    v, t = standard_error**2, expected**2
    log_ratio = 0.5 * math.log(v / (v + t)) + found * found * t / (2 * v * (v + t))
    return min(1.0, math.exp(-log_ratio)) if log_ratio > -700 else 1.0


def policy_metrics(drawn: Sequence[str]) -> dict[str, tuple[Metric, Metric]]:
    """IPS and SNIPS of the clicks of each strategy of ``drawn``, as metrics of ``online.unit_sums``."""
    return {
        strategy: (
            Metric(f"ips_{number}", f"clicked_{number}", "lists"),
            Metric(f"snips_{number}", f"clicked_{number}", f"weight_{number}"),
        )
        for number, strategy in enumerate(drawn)
    }


def policy_values(summary: Summary | None, drawn: Sequence[str]) -> list[PolicyValue]:
    """What always using each strategy would give, from an arm whose bandit drew among ``drawn``."""
    return [
        PolicyValue(strategy, estimate(summary, ips), estimate(summary, snips))
        for strategy, (ips, snips) in policy_metrics(drawn).items()
    ]
