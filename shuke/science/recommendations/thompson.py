"""Thompson sampling among a few strategies, without drawing: chances and regret of Beta posteriors by quadrature.

Thompson (1933) shows an arm as often as it is likely to be the best.  That chance is an integral of one dimension, so
it is computed once for each state of knowledge, an answer draws by it, and what is written down beside the answer is
the very chance it was drawn by (what inverse propensity weighting needs; Chapelle and Li 2011, Li et al. 2011).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import scipy

#: Parameters of a Beta distribution, both positive.
Posterior: TypeAlias = tuple[float, float]
#: Each arm keeps this chance, so that a change is noticed and no weight of an answer exceeds its inverse.
LEAST_CHANCE = 0.01
#: Places of the quadrature; the error of a chance is below 1e-4 (see the test).
PLACES = 400


def chances_to_be_best(posteriors: Sequence[Posterior]) -> np.ndarray:
    """float64, sum 1: the chance of each arm to have the highest rate.

    P(i is best) = E[∏ F_j(X_i)], the mean over evenly spaced quantiles of X_i.
    """
    if len(posteriors) == 1:
        return np.ones(1)
    taken, left = (np.array(part, dtype=np.float64)[:, None] for part in zip(*posteriors, strict=True))
    u = (np.arange(PLACES) + 0.5) / PLACES
    at = scipy.special.betaincinv(taken, left, u[None, :])
    chances = np.empty(len(posteriors))
    for arm in range(len(posteriors)):
        below = scipy.special.betainc(taken, left, at[arm][None, :])
        below[arm] = 1.0
        chances[arm] = below.prod(axis=0).mean()
    return np.asarray(chances / chances.sum())


def chances_to_be_shown(posteriors: Sequence[Posterior], *, least: float = LEAST_CHANCE) -> np.ndarray:
    """float64, sum 1: :func:`chances_to_be_best` with ``least`` for each arm."""
    count = len(posteriors)
    return least + (1.0 - count * least) * chances_to_be_best(posteriors)


def expected_regret(posteriors: Sequence[Posterior], *, shown: np.ndarray) -> float:
    """What the next exposure is expected to miss beside the best arm, in the unit of the rates.

    E[max θ] - Σ p_i E[θ_i], p = ``shown``: what is drawn does not depend on the unknown rates.
    E[max θ] = ∫ (1 - ∏ F_i(x)) dx over [0, 1], on a grid that is denser where rates are small.
    """
    taken, left = (np.array(part, dtype=np.float64)[:, None] for part in zip(*posteriors, strict=True))
    x = np.linspace(0.0, 1.0, 8 * PLACES) ** 3
    highest = np.trapezoid(1.0 - scipy.special.betainc(taken, left, x[None, :]).prod(axis=0), x)
    means = (taken / (taken + left))[:, 0]
    return max(0.0, float(highest - means @ shown))
