"""Panels of simulated demand for the tests of forecasts."""

from datetime import date

import numpy as np

from shuke.science.forecast.panel import Panel
from shuke.science.simulation.demand import Demand, DemandWorld, demand

MONDAY = date(2023, 1, 2)


def simulated(
    *,
    series: int = 120,
    weeks: int = 112,
    known: int = 104,
    seed: int = 1,
    is_planned: bool = True,
    **more: float,
) -> tuple[Panel, Demand]:
    """The first ``known`` weeks of a world as a panel, and the whole world."""
    made = demand(
        DemandWorld(series=series, weeks=weeks, categories=6, **more), rng=np.random.default_rng(seed)
    )
    panel = Panel(
        keys=tuple((f"s{row:04d}",) for row in range(series)),
        values=made.sold[:, :known],
        first_period=MONDAY,
        group=made.category,
        price=made.price,
        promotion=made.promotion,
        is_planned=is_planned,
    )
    return panel, made
