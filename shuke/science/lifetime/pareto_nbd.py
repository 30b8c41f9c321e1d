"""Pareto/NBD: buying until an unseen end that may come at any moment (Schmittlein, Morrison and Colombo 1987).

Rate λ ~ gamma(r, α); the end comes at rate μ ~ gamma(s, β). With one integral instead of the two
hypergeometric functions of Fader and Hardie's note (2005):

    L = Γ(r + x) α^r β^s / Γ(r) · [ (α + T)^-(r + x) (β + T)^-s + s ∫ (α + y)^-(r + x) (β + y)^-(s + 1) dy ]

the integral from t_x to T.  Over u = ln(γ + y), γ the smaller of α and β, the logarithm of the integrand is
concave: from its slope at t_x follows where nothing is left, and Gauss-Legendre nodes up to there integrate to
twelve digits and differentiate by the parameters at the same nodes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import digamma, gammaln

from shuke.science.lifetime.histories import Floats, Histories
from shuke.science.lifetime.model import average_rate, by_frequency

NODES = 32
#: e^-40 is nothing beside 1 in double precision.
FARTHEST = 40.0
_POINTS, _WEIGHTS = np.polynomial.legendre.leggauss(NODES)


@dataclass(frozen=True)
class ParetoNbd:
    """The Pareto/NBD model."""

    name: str = "Pareto/NBD"
    parameters: tuple[str, ...] = ("r", "alpha", "s", "beta")

    def starts(self, histories: Histories) -> list[Floats]:
        """The average rate; a life of about the longest history, and of five times that."""
        rate, longest = average_rate(histories), float(histories.age.max()) or 1.0
        return [
            np.array([0.5, 0.5 / rate, 0.5, 0.5 * longest]),
            np.array([1.0, 1.0 / rate, 1.0, 5.0 * longest]),
        ]

    def _integral(self, theta: Floats, histories: Histories) -> tuple[Floats, Floats, Floats]:
        """The nodes y and, for each row, the logarithm of the integral and each node's share of it."""
        r, alpha, s, beta = theta
        rate, smaller = (r + histories.frequency)[:, None], min(alpha, beta)
        recency, age = histories.recency[:, None], histories.age[:, None]
        begins = smaller + recency
        slope = rate * begins / (alpha + recency) + (s + 1) * begins / (beta + recency) - 1
        end = np.minimum(np.log((smaller + age) / begins), FARTHEST / np.maximum(slope, 1e-9))
        y = begins * np.exp(end * (1 + _POINTS) / 2) - smaller
        logs = np.log(smaller + y) - rate * np.log(alpha + y) - (s + 1) * np.log(beta + y)
        highest = logs.max(axis=1, keepdims=True)
        values = _WEIGHTS * np.exp(logs - highest)
        total = values.sum(axis=1)
        # Recency equal to age leaves nothing to integrate; the logarithm of zero is meant.
        with np.errstate(divide="ignore"):
            log_total = np.log(total * end[:, 0] / 2) + highest[:, 0]
        return y, log_total, values / total[:, None]

    def _parts(self, theta: Floats, histories: Histories) -> tuple[Floats, Floats, Floats, Floats, Floats]:
        r, alpha, s, beta = theta
        x, age = histories.frequency, histories.age
        stays = -(r + x) * np.log(alpha + age) - s * np.log(beta + age)
        y, log_integral, shares = self._integral(theta, histories)
        left = np.log(s) + log_integral
        return stays, left, np.logaddexp(stays, left), y, shares

    def log_likelihood(self, theta: Floats, histories: Histories) -> tuple[float, Floats]:
        """See the module.  ``theta``: r, α, s, β."""
        r, alpha, s, beta = theta
        x, age, weight = histories.frequency, histories.age, histories.weight
        stays, _left, both, y, shares = self._parts(theta, histories)
        rows = both + by_frequency(lambda n: gammaln(r + n) - gammaln(r), x)
        value = float(weight @ rows) + histories.members * float(r * np.log(alpha) + s * np.log(beta))
        here = np.exp(stays - both)
        gone = 1 - here
        log_a, log_b = (shares * np.log(alpha + y)).sum(axis=1), (shares * np.log(beta + y)).sum(axis=1)
        by_r = by_frequency(lambda n: digamma(r + n) - digamma(r), x) + np.log(alpha)
        by_r = by_r - here * np.log(alpha + age) - gone * log_a
        over_a, over_b = (shares / (alpha + y)).sum(axis=1), (shares / (beta + y)).sum(axis=1)
        by_alpha = r / alpha - (r + x) * (here / (alpha + age) + gone * over_a)
        by_s = np.log(beta) - here * np.log(beta + age) + gone * (1 / s - log_b)
        by_beta = s / beta - here * s / (beta + age) - gone * (s + 1) * over_b
        gradient = np.array([weight @ by_r, weight @ by_alpha, weight @ by_s, weight @ by_beta])
        return value, gradient

    def probability_alive(self, theta: Floats, histories: Histories) -> Floats:
        """The part of the likelihood of those whose end has not come."""
        stays, _left, both, _y, _shares = self._parts(theta, histories)
        return np.exp(stays - both)

    def expected_orders(self, theta: Floats, histories: Histories, *, horizon: float) -> Floats:
        """P(alive) times the posterior rate over the time that is likely left (Fader and Hardie 2005)."""
        r, alpha, s, beta = theta
        age = histories.age
        ratio = (beta + age) / (beta + age + horizon)
        is_one = abs(s - 1) < 1e-9
        lives = (beta + age) * (-np.log(ratio) if is_one else (1 - ratio ** (s - 1)) / (s - 1))
        rate = (r + histories.frequency) / (alpha + age)
        return self.probability_alive(theta, histories) * rate * lives
