"""What every model of repeat buying offers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from shuke.science.lifetime.histories import Floats, Histories


class Model(Protocol):
    """A model of repeat buying.  Parameters are positive and come in the order of ``parameters``."""

    @property
    def name(self) -> str:
        """The model's name in the literature."""

    @property
    def parameters(self) -> tuple[str, ...]:
        """The parameters' names in the literature."""

    def starts(self, histories: Histories) -> list[Floats]:
        """Points from which the search begins."""

    def log_likelihood(self, theta: Floats, histories: Histories) -> tuple[float, Floats]:
        """The log-likelihood of all members and its derivative by each parameter."""

    def probability_alive(self, theta: Floats, histories: Histories) -> Floats:
        """For each row the probability that its members still buy."""

    def expected_orders(self, theta: Floats, histories: Histories, *, horizon: float) -> Floats:
        """For each row the expected purchases of one member in the ``horizon`` after its age."""

    def drawn_orders(
        self, theta: Floats, histories: Histories, *, horizon: float, rng: np.random.Generator
    ) -> NDArray[np.int64]:
        """For each row one possible number of purchases in the ``horizon``: one member's future, played once."""


def by_frequency(
    function: Callable[[NDArray[np.float64]], NDArray[np.float64]], frequency: NDArray[np.int64]
) -> Floats:
    """A function of the frequency, computed once for each value that occurs.

    Special functions are the dearest part of a likelihood, and a million members have some hundred
    frequencies.
    """
    table = function(np.arange(int(frequency.max()) + 1, dtype=np.float64))
    return table[frequency]


def average_rate(histories: Histories) -> float:
    """Repeat purchases per unit of time of all members together, never zero."""
    purchases = float((histories.weight * histories.frequency).sum())
    time = float((histories.weight * histories.age).sum())
    return max(purchases, 1.0) / max(time, 1.0)


def drawn_purchases(
    *,
    rate: Floats,
    leaves: Floats,
    horizon: float,
    rng: np.random.Generator,
    k: int = 1,
    stage: Floats | int = 0,
) -> NDArray[np.int64]:
    """Purchases of somebody who still buys: those that fit into the horizon, up to the one it leaves with."""
    bought = (stage + rng.poisson(rate * horizon)) // k
    last = rng.geometric(np.clip(leaves, 1e-9, 1.0))
    return np.asarray(np.minimum(bought, last), dtype=np.int64)


def drawn_stage(logs: list[Floats], *, rng: np.random.Generator) -> NDArray[np.int64]:
    """For each row one of the possibilities, drawn by the logarithms of their weights."""
    if len(logs) == 1:
        return np.zeros(len(logs[0]), dtype=np.int64)
    weights = np.cumsum(np.exp(np.array(logs) - np.max(logs, axis=0)), axis=0)
    place = (weights < rng.random(weights.shape[1]) * weights[-1]).sum(axis=0)
    return np.minimum(place, len(logs) - 1).astype(np.int64)


def stage_difference(n: Floats, *, of: Callable[[Floats], Floats], r: float, k: int, j: int) -> Floats:
    """``of(r + kn + j) - of(r + kn)``: what waiting through ``j`` of ``k`` stages adds, for Γ or its derivative."""
    return of(r + k * n + j) - of(r + k * n)
