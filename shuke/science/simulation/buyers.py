"""Buyers whose rates and ends are known, to see whether the models of lifetime value find them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shuke.science.lifetime.histories import Floats


@dataclass(frozen=True)
class BuyerWorld:
    """A world of MBG/CNBD-k: gamma rates, Erlang-``k`` gaps, beta drop-out after every purchase.

    ``first_drop`` false makes it BG/NBD: nobody leaves before a repeat purchase.  Times are days.
    """

    members: int = 10_000
    days: float = 365.0
    entry_days: float = 90.0
    r: float = 0.8
    alpha: float = 20.0
    a: float = 0.8
    b: float = 2.5
    k: int = 1
    first_drop: bool = False


@dataclass(frozen=True)
class Buyers:
    """What was simulated up to the end of the world and in the hold-out after it."""

    frequency: NDArray[np.int64]
    recency: Floats
    age: Floats
    log_gaps: Floats
    is_alive: NDArray[np.bool_]
    later: NDArray[np.int64]


def buyers(
    world: BuyerWorld, *, rng: np.random.Generator, holdout_days: float = 0.0, whole_days: bool = False
) -> Buyers:
    """Members who enter within ``entry_days`` and buy until they leave; ``whole_days`` rounds ages up to days."""
    n = world.members
    age = world.days - rng.uniform(0, world.entry_days, n)
    rate = rng.gamma(world.r, 1 / world.alpha, n)
    leaves = rng.beta(world.a, world.b, n)
    state = _State(n)
    present = np.arange(n)
    if world.first_drop:
        present = present[rng.random(n) >= leaves]
    clock = np.zeros(n)
    while present.size:
        gap = rng.gamma(world.k, 1 / np.maximum(rate[present], 1e-12))
        clock[present] += gap
        inside = clock[present] <= age[present] + holdout_days
        # Who does not buy again within the world is alive and silent.
        state.alive[present[~inside]] = True
        present, gap = present[inside], gap[inside]
        state.count(present, gap, clock=clock[present], age=age[present])
        stays = rng.random(present.size) >= leaves[present]
        # Leaving after the end of the observation does not make anybody dead within it.
        state.alive[present[~stays]] = clock[present[~stays]] > age[present[~stays]]
        present = present[stays]
    recency, age = (np.ceil(state.recency), np.ceil(age)) if whole_days else (state.recency, age)
    return Buyers(state.frequency, recency, age, state.log_gaps, state.alive, state.later)


class _State:
    def __init__(self, n: int) -> None:
        self.frequency, self.later = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
        self.recency, self.log_gaps = np.zeros(n), np.zeros(n)
        self.alive = np.zeros(n, dtype=bool)

    def count(self, present: NDArray[np.int64], gap: Floats, *, clock: Floats, age: Floats) -> None:
        """Book one purchase of each of the present members, before or after the end of the observation."""
        now = clock <= age
        seen, later = present[now], present[~now]
        self.frequency[seen] += 1
        self.recency[seen] = clock[now]
        self.log_gaps[seen] += np.log(gap[now])
        self.later[later] += 1
