"""From expected orders to money: discounted, over a horizon, with the interval of the expectation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, logit
from scipy.stats import norm

from shuke.science.lifetime.fitting import Fit, NotFitted
from shuke.science.lifetime.histories import Floats, Histories

#: What a fit says of each row, or of all, at some parameters.
Measure = Callable[[Floats], Floats]
_STEP = 1e-4
_LEAST = 1e-12


@dataclass(frozen=True)
class Estimates:
    """Numbers, each with the interval of its expectation: what the parameters leave open, not what chance does."""

    expected: Floats
    lower: Floats
    upper: Floats
    level: float


def discounted_orders(
    fitted: Fit,
    histories: Histories,
    *,
    horizon: float,
    discount: float = 0.0,
    periods: int = 4,
    theta: Floats | None = None,
) -> Floats:
    """Expected orders of each row over the horizon, each period's discounted to today from its middle.

    ``discount`` is the rate per unit of time, continuously compounded; without one these are the expected
    orders themselves.  Four periods of a year at 10 % are within one part in a thousand of fifty-two.
    """
    values = fitted.theta if theta is None else theta
    if discount == 0:
        return fitted.model.expected_orders(values, histories, horizon=horizon)
    ends = np.linspace(0, horizon, periods + 1)
    reached = [np.zeros(len(histories.frequency))]
    reached += [fitted.model.expected_orders(values, histories, horizon=float(end)) for end in ends[1:]]
    middles = (ends[1:] + ends[:-1]) / 2
    return np.exp(-discount * middles) @ np.diff(np.array(reached), axis=0)


def estimates(
    fitted: Fit, measure: Measure, *, level: float = 0.95, is_probability: bool = False
) -> Estimates:
    """What a measure is at the fit, and its interval by the delta method.

    The logarithm of the measure (of its odds, for a probability) is taken to be linear in the logarithms of the
    parameters, whose covariance is the inverse of the Hessian of the likelihood.  Raises ``NotFitted`` where that
    is flat.

    ``measure`` gives positive numbers for parameters, as ``lambda theta: model.expected_orders(theta, …)`` does.
    CDNOW, BG/NBD, all 2,357 customers together: 1,653.4 orders in 39 weeks, 95 % from 1,514 to 1,806.
    """
    if fitted.covariance is None:
        raise NotFitted(f"The parameters of {fitted.model.name} are not determined by these histories.")
    there, back = (logit, expit) if is_probability else (np.log, np.exp)
    most = 1 - _LEAST if is_probability else np.inf

    def bent(logs: Floats) -> Floats:
        found: Floats = there(np.clip(measure(np.exp(logs)), _LEAST, most))
        return found

    logs = np.log(fitted.theta)
    steps = np.eye(len(logs)) * _STEP
    slopes = np.array([bent(logs + step) - bent(logs - step) for step in steps]) / (2 * _STEP)
    error = np.sqrt(np.einsum("i...,ij,j...->...", slopes, fitted.covariance, slopes))
    middle, reach = bent(logs), float(norm.ppf((1 + level) / 2)) * error
    return Estimates(measure(fitted.theta), back(middle - reach), back(middle + reach), level)


def lifetime_value(
    fitted: Fit,
    histories: Histories,
    *,
    worth: ArrayLike,
    horizon: float,
    discount: float = 0.0,
    level: float = 0.95,
) -> tuple[Estimates, Estimates]:
    """Discounted value of each row over the horizon, and that of all members together.

    ``worth``: money of one order of the row.  Raises ``NotFitted`` where the parameters are not determined.
    """

    money = np.asarray(worth, dtype=np.float64)

    def each(theta: Floats) -> Floats:
        return money * discounted_orders(fitted, histories, horizon=horizon, discount=discount, theta=theta)

    rows = estimates(fitted, each, level=level)
    return rows, estimates(fitted, lambda theta: np.array([histories.weight @ each(theta)]), level=level)
