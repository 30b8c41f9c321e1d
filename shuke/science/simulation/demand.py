"""Weekly demand whose truth is known: level, trend, season, promotions and chance, each of them in the open.

The expected sales of every week are kept, so that a method can be held against the best that anybody could do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class DemandWorld:
    """The parameters of the world; rates are per week unless they say otherwise."""

    series: int = 10_000
    weeks: int = 112
    categories: int = 40
    #: Median and spread (of the logarithm) of what a series sells in a week.
    median_level: float = 40.0
    level_sigma: float = 1.0
    #: Share of the series that sell seldom, and the least and most that these sell in a week.
    intermittent: float = 0.2
    rare_levels: tuple[float, float] = (0.1, 0.7)
    #: Most a category's year moves sales up or down, in logarithms.
    season: float = 0.5
    trend_per_year: float = 0.15
    #: How far the level wanders in a week.
    drift: float = 0.015
    #: A promotion's chance; the cut of the price; by how many per cent sales rise for each per cent of cut.
    promotion_chance: float = 0.08
    promotion_cuts: tuple[float, float] = (0.1, 0.35)
    elasticity: tuple[float, float] = (1.5, 3.5)
    #: Spread beyond Poisson chance.
    noise: float = 0.1


@dataclass(frozen=True)
class Demand:
    """Arrays of series × weeks.  ``expected`` is what ``sold`` was drawn around; ``price`` is 1 without a promotion."""

    sold: Floats
    expected: Floats
    price: Floats
    promotion: Floats
    category: NDArray[np.int64]


def demand(world: DemandWorld, *, rng: np.random.Generator) -> Demand:
    """Weekly sales in whole pieces: negative binomial around level × trend × season × promotion."""
    n, weeks = world.series, world.weeks
    category = rng.integers(0, world.categories, n)
    is_rare = rng.random(n) < world.intermittent
    level = np.where(
        is_rare,
        rng.uniform(*world.rare_levels, n),
        rng.lognormal(np.log(world.median_level), world.level_sigma, n),
    )
    slope = rng.normal(0, world.trend_per_year / 52, (n, 1)) * np.arange(weeks)
    wander = np.cumsum(rng.normal(0, world.drift, (n, weeks)), axis=1)
    is_on = rng.random((n, weeks)) < world.promotion_chance
    cut = np.where(is_on, rng.uniform(*world.promotion_cuts, (n, weeks)), 0.0)
    lift = rng.uniform(*world.elasticity, world.categories)[category][:, None] * -np.log1p(-cut)
    season = _seasons(world, rng=rng)[category]
    expected = level[:, None] * np.exp(slope + wander + season + lift)
    rate = expected * rng.gamma(1 / world.noise**2, world.noise**2, (n, weeks))
    return Demand(rng.poisson(rate).astype(float), expected, 1 - cut, is_on.astype(float), category)


def _seasons(world: DemandWorld, *, rng: np.random.Generator) -> Floats:
    """One year's course for each category, two waves of it, repeated over the weeks."""
    year = 2 * np.pi * np.arange(world.weeks) / 52
    height = rng.uniform(0, world.season, (world.categories, 1))
    first, second = rng.uniform(0, 2 * np.pi, (2, world.categories, 1))
    course: Floats = height * (np.sin(year + first) + 0.3 * np.sin(2 * year + second))
    return course
