"""Matrix factorisation: ALS on confidences (Hu, Koren and Volinsky 2008) and BPR on pairs (Rendle et al. 2009).

The numeric kernels are those of ``implicit``, on one thread, so that the same generator gives the same factors.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from shuke.science.recommendations.histories import History
from shuke.science.recommendations.linear import Factors


@dataclass(frozen=True)
class Als:
    """Confidence is α ln(1 + baskets) of what was bought and 1 of all else, as ``implicit`` weighs."""

    factors: int = 64
    alpha: float = 2.0
    regularisation: float = 0.01
    iterations: int = 15

    @property
    def name(self) -> str:
        """``als``."""
        return "als"

    def fit(self, history: History, *, rng: np.random.Generator) -> Factors:
        """Alternate ``iterations`` times."""
        from implicit.cpu.als import AlternatingLeastSquares

        if not history.lines:
            return _nothing(history, self.factors)
        bought = history.counts().log1p().astype(np.float32).tocsr()
        with threadpool_limits(1, "blas"):
            model = AlternatingLeastSquares(
                factors=self.factors,
                alpha=self.alpha,
                regularization=self.regularisation,
                iterations=self.iterations,
                num_threads=1,
                random_state=int(rng.integers(2**31)),
            )
            model.fit(bought, show_progress=False)
        return Factors(np.asarray(model.user_factors), np.asarray(model.item_factors))


@dataclass(frozen=True)
class Bpr:
    """A bought item above one that was not, sampled ``iterations`` times over all that was bought."""

    factors: int = 64
    learning_rate: float = 0.05
    regularisation: float = 0.002
    iterations: int = 60

    @property
    def name(self) -> str:
        """``bpr``."""
        return "bpr"

    def fit(self, history: History, *, rng: np.random.Generator) -> Factors:
        """Descend."""
        from implicit.cpu.bpr import BayesianPersonalizedRanking

        bought = history.counts().astype(np.float32).tocsr()
        bought.data = np.ones_like(bought.data)
        if not history.lines:
            return _nothing(history, self.factors)
        with threadpool_limits(1, "blas"):
            model = BayesianPersonalizedRanking(
                factors=self.factors,
                learning_rate=self.learning_rate,
                regularization=self.regularisation,
                iterations=self.iterations,
                num_threads=1,
                random_state=int(rng.integers(2**31)),
            )
            model.fit(bought, show_progress=False)
        return Factors(np.asarray(model.user_factors), np.asarray(model.item_factors))


def _nothing(history: History, factors: int) -> Factors:
    empty = np.zeros((history.members, factors), dtype=np.float32)
    return Factors(empty, np.zeros((history.items, factors), dtype=np.float32))
