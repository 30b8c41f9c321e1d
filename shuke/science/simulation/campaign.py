"""A campaign whose true effect is known, to see whether the estimators find it.

Each member orders at its own rate (gamma), the number of orders is Poisson, and an order's money is
log-normal.  The treatment multiplies the rate, so the true lift in orders and in money per member
follows from the parameters.  The same rate drives the time before, which is what CUPED lives on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa


@dataclass(frozen=True)
class CampaignWorld:
    """The parameters of the world.  Money in minor units."""

    members: int = 4_000
    control_share: float = 0.5
    mean_orders: float = 2.0
    #: Shape of the gamma distribution of rates: the smaller, the more members differ.
    rate_shape: float = 1.5
    #: Median and spread of the money of an order.
    median_order_minor: float = 3_000.0
    order_sigma: float = 0.6
    #: 0.1 = the treatment adds a tenth to every member's order rate.
    relative_lift: float = 0.1

    @property
    def mean_order_minor(self) -> float:
        """Expected money of an order."""
        return float(self.median_order_minor * np.exp(self.order_sigma**2 / 2))

    @property
    def true_orders_lift(self) -> float:
        """Expected additional orders per treated member."""
        return self.mean_orders * self.relative_lift

    @property
    def true_revenue_lift_minor(self) -> float:
        """Expected additional money per treated member."""
        return self.true_orders_lift * self.mean_order_minor


def simulate_outcomes(world: CampaignWorld, rng: np.random.Generator, *, repetitions: int = 1) -> pa.Table:
    """One row per member and repetition, with the columns that lift is estimated from.

    Columns: ``repetition, arm`` (control or treated), ``orders, revenue_minor, converted,
    pre_orders, pre_revenue_minor``.
    """
    size = world.members * repetitions
    rate = rng.gamma(world.rate_shape, world.mean_orders / world.rate_shape, size)
    is_control = rng.random(size) < world.control_share
    factor = np.where(is_control, 1.0, 1.0 + world.relative_lift)
    orders = rng.poisson(rate * factor)
    pre_orders = rng.poisson(rate)
    return pa.table(
        {
            "repetition": np.repeat(np.arange(repetitions), world.members),
            "arm": np.where(is_control, "control", "treated"),
            "orders": orders,
            "revenue_minor": _money(orders, world=world, rng=rng),
            "converted": (orders > 0).astype(np.int64),
            "pre_orders": pre_orders,
            "pre_revenue_minor": _money(pre_orders, world=world, rng=rng),
        }
    )


def _money(orders: np.ndarray, *, world: CampaignWorld, rng: np.random.Generator) -> np.ndarray:
    """The sum of each row's orders, in whole minor units."""
    amounts = rng.lognormal(np.log(world.median_order_minor), world.order_sigma, int(orders.sum()))
    running = np.concatenate([[0.0], np.cumsum(amounts)])
    ends = np.cumsum(orders)
    return np.rint(running[ends] - running[ends - orders]).astype(np.int64)
