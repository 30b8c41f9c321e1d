"""NBD and CNBD-k: everybody goes on buying, at a rate of their own (Ehrenberg 1959; Chatfield and Goodhardt 1973).

A member buys at rate λ, without end; λ is gamma distributed over members with shape ``r`` and rate ``α``:

    L(r, α | x, T) = Γ(r + x) / Γ(r) · α^r / (α + T)^(r + x)

With Erlang-k times between purchases (see ``mbg_cnbd``), nobody leaving:

    L = e^{(k-1) G} / Γ(k)^x · α^r / Γ(r) · Σ_{j<k} (T - t_x)^j / j! · Γ(r + kx + j) (α + T)^-(r + kx + j)

These know no drop-out: what a model of the same regularity gains over them is all that the data say of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma, gammaln, logsumexp

from shuke.science.lifetime.histories import Floats, Histories
from shuke.science.lifetime.model import average_rate, by_frequency, drawn_stage, stage_difference
from shuke.science.lifetime.series import expected_purchases


@dataclass(frozen=True)
class Nbd:
    """Purchases without drop-out, every ``k``-th event being one.

    Worked: r = 0.385, α = 12.07 (CDNOW, weeks), 39 weeks ahead: (r + x) / (α + T) · 39.

    | x | T | P(alive) | expected orders |
    |---|---|---|---|
    | 0 | 38.86 | 1 | 0.295 |
    | 2 | 38.86 | 1 | 1.826 |
    | 7 | 38.86 | 1 | 5.655 |
    | 26 | 31 | 1 | 23.892 |
    """

    k: int = 1
    parameters: tuple[str, ...] = ("r", "alpha")

    @property
    def name(self) -> str:
        """NBD or CNBD-k."""
        return "NBD" if self.k == 1 else f"CNBD-{self.k}"

    def starts(self, histories: Histories) -> list[Floats]:
        """The average rate with much and with little difference between members."""
        rate = average_rate(histories) * self.k
        return [np.array([shape, shape / rate]) for shape in (1.0, 0.2)]

    def _stages(self, theta: Floats, histories: Histories) -> list[Floats]:
        """Logarithms of the addends over Γ(r + kx) (α + T)^-(r + kx), one for each stage waited through."""
        r, alpha = theta
        k, x = self.k, histories.frequency
        since = histories.age - histories.recency
        stages = [np.zeros(len(x))]
        with np.errstate(divide="ignore"):
            waited = np.log(since) - np.log(alpha + histories.age) if k > 1 else since
        for j in range(1, k):
            grows = by_frequency(partial(stage_difference, of=gammaln, r=r, k=k, j=j), x)
            stages.append(grows + j * waited - gammaln(j + 1))
        return stages

    def log_likelihood(self, theta: Floats, histories: Histories) -> tuple[float, Floats]:
        """See the module.  ``theta``: r, α."""
        r, alpha = theta
        k, x, age, weight = self.k, histories.frequency, histories.age, histories.weight
        stages = self._stages(theta, histories)
        both = logsumexp(stages, axis=0)
        log_age = np.log(alpha + age)
        rows = by_frequency(lambda n: gammaln(r + k * n) - gammaln(r) - n * gammaln(k), x)
        rows = rows + both + r * np.log(alpha) - (r + k * x) * log_age
        by_r = by_frequency(lambda n: digamma(r + k * n) - digamma(r), x) + np.log(alpha) - log_age
        by_alpha = r / alpha - (r + k * x) / (alpha + age)
        for j, stage in enumerate(stages[1:], start=1):
            share = np.exp(stage - both)
            by_r = by_r + share * by_frequency(partial(stage_difference, of=digamma, r=r, k=k, j=j), x)
            by_alpha = by_alpha - share * j / (alpha + age)
        value = float(weight @ rows) + (k - 1) * float(histories.log_gaps.sum())
        return value, np.array([weight @ by_r, weight @ by_alpha])

    def probability_alive(self, theta: Floats, histories: Histories) -> Floats:
        """One: nobody leaves."""
        del theta
        return np.ones(len(histories.frequency))

    def expected_orders(self, theta: Floats, histories: Histories, *, horizon: float) -> Floats:
        """The posterior rate (r + x) / (α + T) over the horizon; for k above 1 the exact series."""
        r, alpha = theta
        k, x, age = self.k, histories.frequency, histories.age
        if k == 1:
            return (r + x) / (alpha + age) * horizon
        stages = self._stages(theta, histories)
        both = logsumexp(stages, axis=0)
        expected = np.zeros(len(x))
        for j, stage in enumerate(stages):
            shape, rate = r + k * x + j, alpha + age
            # A drop-out of probability zero, written as a beta distribution at zero.
            coming = expected_purchases(shape=shape, rate=rate, a=1e-12, b=1.0, horizon=horizon, k=k, stage=j)
            expected += np.exp(stage - both) * coming
        return expected

    def drawn_orders(
        self, theta: Floats, histories: Histories, *, horizon: float, rng: np.random.Generator
    ) -> NDArray[np.int64]:
        """The stage and the rate from what is known of them after the history, then the purchases."""
        r, alpha = theta
        stage = drawn_stage(self._stages(theta, histories), rng=rng)
        rate = rng.gamma(r + self.k * histories.frequency + stage) / (alpha + histories.age)
        return np.asarray((stage + rng.poisson(rate * horizon)) // self.k, dtype=np.int64)
