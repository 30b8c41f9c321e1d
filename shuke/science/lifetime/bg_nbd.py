"""BG/NBD: after each repeat purchase a member may leave (Fader, Hardie and Lee 2005).

Purchases as in the NBD; after each repeat purchase the member leaves with probability p, which is beta
distributed with ``a`` and ``b``:

    L = Γ(r + x) α^r / Γ(r) · B(a, b + x) / B(a, b)
        · [ (α + T)^-(r + x)  +  1{x > 0} · a / (b + x - 1) · (α + t_x)^-(r + x) ]

Assumption: nobody leaves before a repeat purchase, so who bought once is alive with certainty.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln, digamma, gammaln

from shuke.science.lifetime.histories import Floats, Histories
from shuke.science.lifetime.model import average_rate, by_frequency, drawn_purchases
from shuke.science.lifetime.series import expected_purchases


@dataclass(frozen=True)
class BgNbd:
    """The beta-geometric / NBD model.

    Worked: 39 weeks after CDNOW's calibration, with the published parameters (0.2426, 4.4137, 0.7930, 2.4262):

    | x | t_x | T | P(alive) | expected orders |
    |---|---|---|---|---|
    | 0 | 0 | 38.86 | 1.000 | 0.195 |
    | 2 | 8 | 38.86 | 0.208 | 0.351 |
    | 2 | 30.43 | 38.86 | 0.727 | 1.226 |
    | 7 | 30 | 38.86 | 0.669 | 3.479 |
    | 26 | 30.8 | 31 | 0.968 | 20.720 |
    """

    name: str = "BG/NBD"
    parameters: tuple[str, ...] = ("r", "alpha", "a", "b")

    def starts(self, histories: Histories) -> list[Floats]:
        """The average rate with early and with late drop-out."""
        rate = average_rate(histories)
        return [np.array([0.5, 0.5 / rate, 1.0, 2.5]), np.array([1.0, 1.0 / rate, 0.3, 5.0])]

    def _left(self, theta: Floats, histories: Histories) -> tuple[Floats, Floats]:
        """Logarithm of the sum in brackets, and the part of it of those who have left."""
        r, alpha, a, b = theta
        x = histories.frequency
        stays = -(r + x) * np.log(alpha + histories.age)
        more = np.where(x > 0, np.log(a) - np.log(np.maximum(b + x - 1, 1e-300)), -np.inf)
        left = more - (r + x) * np.log(alpha + histories.recency)
        both = np.logaddexp(stays, left)
        return both, np.exp(left - both)

    def log_likelihood(self, theta: Floats, histories: Histories) -> tuple[float, Floats]:
        """See the module.  ``theta``: r, α, a, b."""
        r, alpha, a, b = theta
        x, age, recency, weight = histories.frequency, histories.age, histories.recency, histories.weight
        both, gone = self._left(theta, histories)
        rows = both + r * np.log(alpha)
        rows = rows + by_frequency(lambda n: gammaln(r + n) - gammaln(r) + betaln(a, b + n) - betaln(a, b), x)
        by_r = by_frequency(lambda n: digamma(r + n) - digamma(r), x) + np.log(alpha)
        by_r = by_r - (1 - gone) * np.log(alpha + age) - gone * np.log(alpha + recency)
        by_alpha = r / alpha - (r + x) * ((1 - gone) / (alpha + age) + gone / (alpha + recency))
        by_a = by_frequency(lambda n: digamma(a + b) - digamma(a + b + n), x) + gone / a
        by_b = by_frequency(
            lambda n: digamma(a + b) - digamma(a + b + n) + digamma(b + n) - digamma(b), x
        ) - np.where(x > 0, gone / np.maximum(b + x - 1, 1e-300), 0.0)
        gradient = np.array([weight @ by_r, weight @ by_alpha, weight @ by_a, weight @ by_b])
        return float(weight @ rows), gradient

    def probability_alive(self, theta: Floats, histories: Histories) -> Floats:
        """One for who never came back; else the part of the likelihood of those who stayed."""
        return 1.0 - self._left(theta, histories)[1]

    def expected_orders(self, theta: Floats, histories: Histories, *, horizon: float) -> Floats:
        """Exact series over the coming purchases; see ``series``."""
        r, alpha, a, b = theta
        x = histories.frequency
        coming = expected_purchases(shape=r + x, rate=alpha + histories.age, a=a, b=b + x, horizon=horizon)
        return self.probability_alive(theta, histories) * coming

    def drawn_orders(
        self, theta: Floats, histories: Histories, *, horizon: float, rng: np.random.Generator
    ) -> NDArray[np.int64]:
        """Rate and drop-out from what is known of them after the history, then the purchases."""
        r, alpha, a, b = theta
        x = histories.frequency
        is_alive = rng.random(len(x)) < self.probability_alive(theta, histories)
        rate, leaves = rng.gamma(r + x) / (alpha + histories.age), rng.beta(a, b + x)
        return np.where(is_alive, drawn_purchases(rate=rate, leaves=leaves, horizon=horizon, rng=rng), 0)
