"""What one member may really spend: possible futures, played.

The interval of an expectation is narrow where there are many members, and says nothing of one of them.  Here each
member's rate, drop-out and spend are drawn from what is known of them after its history, for parameters that are drawn
themselves (parametric bootstrap: Efron and Tibshirani 1993, chapter 6), and the future is played out.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shuke.science.lifetime.fitting import Fit, NotFitted, drawn
from shuke.science.lifetime.histories import Floats, Histories
from shuke.science.lifetime.returning import Returning, mixed_draws
from shuke.science.lifetime.spend import SpendFit

#: Members at a time, so that the futures of a million need no more memory than these.
BLOCK = 50_000


def spend_range(
    fitted: Fit,
    histories: Histories,
    *,
    spend: SpendFit,
    average: Floats,
    horizon: float,
    rng: np.random.Generator,
    draws: int = 200,
    level: float = 0.8,
    back: Returning | None = None,
) -> tuple[Floats, Floats]:
    """Between which sums each member's spend over the horizon falls in ``level`` of its futures.

    ``histories``: one row per member; ``average``: the mean amount of its repeat purchases, 0 where there are none;
    amounts in the unit of ``spend``.  Not discounted: it is what the till will see.  ``back``: in the part of a
    member's futures that its weight says nobody leaves, or nothing comes (``returning``).

    Worked: BG/NBD of CDNOW, x = 2, t_x = 30.43, T = 38.86, on average 22 dollars a purchase: 1.2 orders of 24.4
    dollars are expected in 39 weeks, and in eight futures of ten the member spends between 0 and 83.
    """
    tail = (1 - level) / 2
    thetas = _thetas(fitted, rng=rng, draws=draws)
    parts, begin = [], 0
    for block in histories.blocks(BLOCK):
        size = len(block.frequency)
        known = average[begin : begin + size]
        begin += size
        played = np.empty((draws, size), dtype=np.float32)
        weight = None if back is None else back.weight(fitted, block, horizon=horizon)
        for future, theta in enumerate(thetas):
            orders = fitted.model.drawn_orders(theta, block, horizon=horizon, rng=rng)
            if back is not None and weight is not None:
                stays = back.without.model.drawn_orders(back.without.theta, block, horizon=horizon, rng=rng)
                orders = mixed_draws(orders, stays, weight=weight, drawn=rng.random(size))
            played[future] = _spent(orders, block.frequency, spend=spend, average=known, rng=rng)
        parts.append(np.quantile(played, [tail, 1 - tail], axis=0))
    low, high = np.concatenate(parts, axis=1)
    return low.astype(np.float64), high.astype(np.float64)


def _thetas(fitted: Fit, *, rng: np.random.Generator, draws: int) -> Floats:
    """Parameters for each future; the most likely ones where the likelihood says nothing of their error."""
    try:
        return drawn(fitted, rng=rng, draws=draws)
    except NotFitted:
        return np.tile(fitted.theta, (draws, 1))


def _spent(
    orders: NDArray[np.int64],
    frequency: NDArray[np.int64],
    *,
    spend: SpendFit,
    average: Floats,
    rng: np.random.Generator,
) -> Floats:
    """Money of so many orders: the member's scale from what it has spent, then the sum of its purchases."""
    known = np.where(average > 0, frequency, 0)
    scale = rng.gamma(spend.p * known + spend.q) / (spend.gamma + known * average)
    # A sum of gammas with one scale is a gamma; of no orders it is nothing.
    return rng.standard_gamma(np.maximum(spend.p * orders, 1e-12)) * (orders > 0) / scale
