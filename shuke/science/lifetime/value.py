"""From expected orders to money: discounted, over a horizon, with an interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from shuke.science.lifetime.fitting import Fit, drawn
from shuke.science.lifetime.histories import Floats, Histories


@dataclass(frozen=True)
class Estimates:
    """One number for each row, its interval, and the same of the sum over all members.

    The interval is that of the expectation: the parameters' uncertainty, not what chance makes of one member.
    """

    expected: Floats
    lower: Floats
    upper: Floats
    total: float
    total_lower: float
    total_upper: float
    level: float


def discounted_orders(
    fitted: Fit,
    histories: Histories,
    *,
    horizon: float,
    discount: float = 0.0,
    periods: int = 12,
    theta: Floats | None = None,
) -> Floats:
    """Expected orders of each row over the horizon, each period's discounted to today from its middle.

    ``discount`` is the rate per unit of time, continuously compounded; without one these are the expected
    orders themselves.
    """
    values = fitted.theta if theta is None else theta
    if discount == 0:
        return fitted.model.expected_orders(values, histories, horizon=horizon)
    ends = np.linspace(0, horizon, periods + 1)
    reached = [np.zeros(len(histories.frequency))]
    reached += [fitted.model.expected_orders(values, histories, horizon=float(end)) for end in ends[1:]]
    middles = (ends[1:] + ends[:-1]) / 2
    return np.exp(-discount * middles) @ np.diff(np.array(reached), axis=0)


def lifetime_value(
    fitted: Fit,
    histories: Histories,
    *,
    worth: ArrayLike,
    horizon: float,
    rng: np.random.Generator,
    discount: float = 0.0,
    draws: int = 200,
    level: float = 0.95,
) -> Estimates:
    """Discounted value of each row over the horizon, ``worth`` being the margin of one order of the row.

    Interval by a parametric bootstrap of the fit (``draws`` parameters from its normal approximation; see
    Efron and Tibshirani 1993, chapter 6).  Raises ``NotFitted`` where the parameters are not determined.
    """
    each = np.broadcast_to(np.asarray(worth, dtype=np.float64), histories.recency.shape)
    expected = discounted_orders(fitted, histories, horizon=horizon, discount=discount) * each
    seen = np.array(
        [
            discounted_orders(fitted, histories, horizon=horizon, discount=discount, theta=theta) * each
            for theta in drawn(fitted, rng=rng, draws=draws)
        ]
    )
    tail = (1 - level) / 2
    lower, upper = np.quantile(seen, [tail, 1 - tail], axis=0)
    totals = np.quantile(seen @ histories.weight, [tail, 1 - tail])
    return Estimates(
        expected=expected,
        lower=lower,
        upper=upper,
        total=float(histories.weight @ expected),
        total_lower=float(totals[0]),
        total_upper=float(totals[1]),
        level=level,
    )
