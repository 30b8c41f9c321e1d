"""Gamma-Gamma: what a purchase of a member is worth (Fader and Hardie 2013).

A member's purchases vary around a mean of its own; means vary over members. With z̄ the average of x
purchases, ν ~ gamma(q, γ) and purchases gamma(p, ν):

    L = Γ(px + q) / (Γ(px) Γ(q)) · γ^q z̄^(px - 1) x^px / (γ + x z̄)^(px + q)

Assumption: how much is spent does not depend on how often; ``correlation`` says how far that holds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import digamma, gammaln

from shuke.science.lifetime.fitting import NotFitted
from shuke.science.lifetime.histories import Floats


@dataclass(frozen=True)
class SpendFit:
    """A fitted Gamma-Gamma model; amounts have the unit that it was fitted in.

    Worked: CDNOW, p = 6.2493, q = 3.7443, γ = 15.4443; the population's mean is 35.17 dollars:

    | purchases | average | expected |
    |---|---|---|
    | 0 | – | 35.17 |
    | 1 | 10 | 17.68 |
    | 1 | 100 | 80.22 |
    | 7 | 10 | 11.49 |
    | 7 | 100 | 96.17 |
    """

    p: float
    q: float
    gamma: float
    log_likelihood: float
    members: int
    correlation: float

    @property
    def population_mean(self) -> float:
        """The mean purchase of a member of whom nothing is known; infinite if q is not above 1."""
        return self.p * self.gamma / (self.q - 1) if self.q > 1 else float("inf")

    def expected_spend(self, *, purchases: NDArray[np.int64], average: Floats) -> Floats:
        """Each member's mean purchase: its own average, drawn to the population's the fewer it has."""
        known = self.p * purchases
        return self.p * (self.gamma + purchases * average) / (known + self.q - 1)


def log_likelihood(theta: Floats, *, purchases: NDArray[np.int64], average: Floats) -> tuple[float, Floats]:
    """The log-likelihood of p, q and γ, and its derivatives.  ``purchases`` and ``average`` above zero."""
    p, q, gamma = theta
    x, z = purchases.astype(np.float64), average
    sums = np.log(gamma + x * z)
    rows = gammaln(p * x + q) - gammaln(p * x) - gammaln(q) + q * np.log(gamma)
    rows = rows + (p * x - 1) * np.log(z) + p * x * np.log(x) - (p * x + q) * sums
    both = digamma(p * x + q)
    by_p = x * (both - digamma(p * x) + np.log(z) + np.log(x) - sums)
    by_q = both - digamma(q) + np.log(gamma) - sums
    by_gamma = q / gamma - (p * x + q) / (gamma + x * z)
    return float(rows.sum()), np.array([by_p.sum(), by_q.sum(), by_gamma.sum()])


def fit_spend(*, purchases: NDArray[np.int64], average: Floats) -> SpendFit:
    """The most likely Gamma-Gamma model of members with repeat purchases.

    ``purchases``: how many each has; ``average``: their average amount, above zero.  Raises ``NotFitted`` and,
    for amounts that are not above zero, ``ValueError``.
    """
    if len(purchases) < 2 or np.any(purchases < 1) or np.any(average <= 0):
        raise ValueError("Spend needs two members or more, each with repeat purchases of more than nothing.")
    scale, unit = len(purchases), float(np.mean(average))

    def loss(logs: Floats) -> tuple[float, Floats]:
        theta = np.exp(logs)
        value, gradient = log_likelihood(theta, purchases=purchases, average=average / unit)
        return (-value / scale, -gradient * theta / scale) if np.isfinite(value) else (1e10, 0 * logs)

    found = minimize(
        loss, np.log([2.0, 3.0, 2.0]), jac=True, method="L-BFGS-B", options={"ftol": 1e-14, "gtol": 1e-8},
        bounds=[(-9, 12)] * 3,
    )  # fmt: skip
    if not np.isfinite(found.fun) or found.fun >= 1e9:
        raise NotFitted("Spend could not be fitted to these amounts.")
    p, q, gamma = np.exp(found.x) * np.array([1.0, 1.0, unit])
    value, _gradient = log_likelihood(np.array([p, q, gamma]), purchases=purchases, average=average)
    varies = len(set(purchases.tolist())) > 1 and float(np.std(average)) > 0
    correlation = float(np.corrcoef(purchases, average)[0, 1]) if varies else 0.0
    return SpendFit(float(p), float(q), float(gamma), value, scale, correlation)
