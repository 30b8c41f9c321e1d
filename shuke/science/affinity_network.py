"""Where to draw the items of a network of affinities: near what they are bought with.

Spring layout (Fruchterman and Reingold 1991): linked items attract by d²/k, all repel by k²/d, and moves shrink
while it cools.  The start is drawn from ``rng``, so the same generator gives the same picture.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

STEPS = 300
#: Pull to the middle, so that parts that nothing joins do not drift out of the picture.
GRAVITY = 0.6


def placed(
    count: int, links: Sequence[tuple[int, int, float]], *, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Places of ``count`` items, (count, 2), between 0 and 1; ``links``: two numbers of items and a weight above 0."""
    if count == 0:
        return np.zeros((0, 2))
    at = rng.random((count, 2))
    wanted = 1 / np.sqrt(count)
    pull = np.zeros((count, count))
    strongest = max((weight for *_, weight in links), default=1.0)
    for first, second, weight in links:
        pull[first, second] = pull[second, first] = 0.5 + 0.5 * weight / strongest
    for step in range(STEPS):
        apart = at[:, None] - at[None]
        distance = np.maximum(np.linalg.norm(apart, axis=2), 1e-6)
        push = wanted**2 / distance - pull * distance**2 / wanted
        move = (apart / distance[..., None] * push[..., None]).sum(axis=1) - GRAVITY * (at - 0.5)
        size = np.maximum(np.linalg.norm(move, axis=1, keepdims=True), 1e-12)
        at = at + move / size * np.minimum(size, 0.1 * (1 - step / STEPS))
    spread = np.ptp(at, axis=0)
    return (at - at.min(axis=0)) / np.where(spread > 0, spread, 1.0)
