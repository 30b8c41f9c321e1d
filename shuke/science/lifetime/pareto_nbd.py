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
from numpy.typing import NDArray
from scipy.special import digamma, gammaln

from shuke.science.lifetime.histories import Floats, Histories
from shuke.science.lifetime.model import average_rate, by_frequency

NODES = 24
#: e^-40 is nothing beside 1 in double precision.
FARTHEST = 40.0
#: Rows at a time: 2,048 rows of 24 nodes are 0.4 megabytes.
BLOCK = 2048
_POINTS, _WEIGHTS = np.polynomial.legendre.leggauss(NODES)


@dataclass(frozen=True)
class ParetoNbd:
    """The Pareto/NBD model.

    Worked: 39 weeks after CDNOW's calibration, with the published parameters (0.5534, 10.5802, 0.6061, 11.6562):

    | x | t_x | T | P(alive) | expected orders |
    |---|---|---|---|---|
    | 0 | 0 | 38.86 | 0.295 | 0.107 |
    | 2 | 8 | 38.86 | 0.208 | 0.348 |
    | 2 | 30.43 | 38.86 | 0.869 | 1.455 |
    | 7 | 30 | 38.86 | 0.775 | 3.839 |
    | 26 | 30.8 | 31 | 0.997 | 20.095 |
    """

    name: str = "Pareto/NBD"
    parameters: tuple[str, ...] = ("r", "alpha", "s", "beta")

    def starts(self, histories: Histories) -> list[Floats]:
        """The average rate; a life of about the longest history, and of five times that."""
        rate, longest = average_rate(histories), float(histories.age.max()) or 1.0
        return [
            np.array([0.5, 0.5 / rate, 0.5, 0.5 * longest]),
            np.array([1.0, 1.0 / rate, 1.0, 5.0 * longest]),
        ]

    def _integral(self, theta: Floats, histories: Histories) -> tuple[Floats, Floats, Floats, Floats]:
        """Of each row the logarithm of the integral, each node's share of it, and ln(α + y), ln(β + y) there."""
        r, alpha, s, beta = theta
        rate, smaller, larger = (r + histories.frequency)[:, None], min(alpha, beta), max(alpha, beta)
        recency, age = histories.recency[:, None], histories.age[:, None]
        begins = smaller + recency
        slope = rate * begins / (alpha + recency) + (s + 1) * begins / (beta + recency) - 1
        end = np.minimum(np.log((smaller + age) / begins), FARTHEST / np.maximum(slope, 1e-9))
        # One of the two logarithms is the variable of integration itself: only the other one costs time.
        near = np.log(begins) + end * (1 + _POINTS) / 2
        far = np.log(larger - smaller + np.exp(near))
        log_a, log_b = (near, far) if alpha <= beta else (far, near)
        logs = near - rate * log_a - (s + 1) * log_b
        highest = logs.max(axis=1, keepdims=True)
        values = _WEIGHTS * np.exp(logs - highest)
        total = values.sum(axis=1)
        # Recency equal to age leaves nothing to integrate; the logarithm of zero is meant.
        with np.errstate(divide="ignore"):
            log_total = np.log(total * end[:, 0] / 2) + highest[:, 0]
        return log_total, values / total[:, None], log_a, log_b

    def _parts(
        self, theta: Floats, histories: Histories
    ) -> tuple[Floats, Floats, tuple[Floats, Floats, Floats]]:
        """Logarithms of the part of who stayed and of the whole bracket, and the nodes of the integral."""
        r, alpha, s, beta = theta
        x, age = histories.frequency, histories.age
        stays = -(r + x) * np.log(alpha + age) - s * np.log(beta + age)
        log_integral, shares, log_a, log_b = self._integral(theta, histories)
        return stays, np.logaddexp(stays, np.log(s) + log_integral), (shares, log_a, log_b)

    def log_likelihood(self, theta: Floats, histories: Histories) -> tuple[float, Floats]:
        """See the module.  ``theta``: r, α, s, β.  In blocks of rows, so that the nodes stay in the cache."""
        parts = [self._block(theta, block) for block in histories.blocks(BLOCK)]
        return sum(value for value, _ in parts), np.sum([gradient for _, gradient in parts], axis=0)

    def _block(self, theta: Floats, histories: Histories) -> tuple[float, Floats]:
        r, alpha, s, beta = theta
        x, age, weight = histories.frequency, histories.age, histories.weight
        stays, both, (shares, nodes_a, nodes_b) = self._parts(theta, histories)
        rows = both + by_frequency(lambda n: gammaln(r + n) - gammaln(r), x)
        value = float(weight @ rows) + histories.members * float(r * np.log(alpha) + s * np.log(beta))
        here = np.exp(stays - both)
        gone = 1 - here
        log_a, log_b = (np.einsum("ij,ij->i", shares, nodes) for nodes in (nodes_a, nodes_b))
        over_a, over_b = (np.einsum("ij,ij->i", shares, np.exp(-nodes)) for nodes in (nodes_a, nodes_b))
        by_r = by_frequency(lambda n: digamma(r + n) - digamma(r), x) + np.log(alpha)
        by_r = by_r - here * np.log(alpha + age) - gone * log_a
        by_alpha = r / alpha - (r + x) * (here / (alpha + age) + gone * over_a)
        by_s = np.log(beta) - here * np.log(beta + age) + gone * (1 / s - log_b)
        by_beta = s / beta - here * s / (beta + age) - gone * (s + 1) * over_b
        gradient = np.array([weight @ by_r, weight @ by_alpha, weight @ by_s, weight @ by_beta])
        return value, gradient

    def probability_alive(self, theta: Floats, histories: Histories) -> Floats:
        """The part of the likelihood of those whose end has not come."""
        found = [self._parts(theta, block)[:2] for block in histories.blocks(BLOCK)]
        return np.exp(np.concatenate([stays - both for stays, both in found]))

    def expected_orders(self, theta: Floats, histories: Histories, *, horizon: float) -> Floats:
        """P(alive) times the posterior rate over the time that is likely left (Fader and Hardie 2005)."""
        r, alpha, s, beta = theta
        age = histories.age
        ratio = (beta + age) / (beta + age + horizon)
        is_one = abs(s - 1) < 1e-9
        lives = (beta + age) * (-np.log(ratio) if is_one else (1 - ratio ** (s - 1)) / (s - 1))
        rate = (r + histories.frequency) / (alpha + age)
        return self.probability_alive(theta, histories) * rate * lives

    def drawn_orders(
        self, theta: Floats, histories: Histories, *, horizon: float, rng: np.random.Generator
    ) -> NDArray[np.int64]:
        """Rate and end from what is known of them after the history, then the purchases until the end."""
        r, alpha, s, beta = theta
        age = histories.age
        is_alive = rng.random(len(age)) < self.probability_alive(theta, histories)
        rate = rng.gamma(r + histories.frequency) / (alpha + age)
        # A rate of leaving so near to zero that its inverse overflows is no leaving.
        leaves = np.maximum(rng.gamma(s, size=len(age)) / (beta + age), 1e-300)
        lives = np.minimum(rng.exponential(size=len(age)) / leaves, horizon)
        return np.where(is_alive, rng.poisson(rate * lives), 0).astype(np.int64)
