"""UP-CF@r: members like this one, and what they bought lately (Faggioli, Polato and Aiolli 2020).

A member's recency-aware popularity of an item is the part of its ``last`` baskets that hold it.  Members are alike by
the asymmetric cosine of the sets of items they have, |both| / (|one|^α |other|^(1 - α)), to the power ``locality``; the
member is its own nearest neighbour.  An item's score is the sum over neighbours of likeness × popularity.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from shuke.science.recommendations.histories import History
from shuke.science.recommendations.linear import AskedProduct, largest_of_rows


@dataclass(frozen=True)
class UpCf:
    """``pool``: at most so many members, drawn by chance, serve as neighbours of others."""

    last: int = 25
    alpha: float = 0.75
    locality: float = 5.0
    neighbours: int = 100
    pool: int = 20_000

    @property
    def name(self) -> str:
        """``up-cf``."""
        return "up-cf"

    def fit(self, history: History, *, rng: np.random.Generator) -> AskedProduct:
        """Make what neighbours are found by; those of a member are found when it is asked."""
        recent = history.keeping(history.basket_back < self.last)
        popular = recent.counts()
        baskets = np.maximum(np.diff(recent.member_baskets), 1)
        popular.data /= np.repeat(baskets, np.diff(popular.indptr))
        has = history.counts()
        has.data = np.ones_like(has.data)
        chosen = pool_of(history.members, size=self.pool, rng=rng)
        return AskedProduct(self._likeness(has, chosen), popular)

    def _likeness(
        self, has: sparse.csr_matrix, chosen: np.ndarray
    ) -> Callable[[np.ndarray], sparse.csr_matrix]:
        """Of some members with all."""
        sizes = np.maximum(np.diff(has.indptr), 1).astype(np.float64)
        others = (sparse.diags_array(sizes[chosen] ** (self.alpha - 1)) @ has[chosen]).T.tocsr()
        own = (sparse.diags_array(sizes**-self.alpha) @ has).tocsr()

        def of(members: np.ndarray) -> sparse.csr_matrix:
            found = places_of((own[members] @ others).tocsr(), chosen, count=has.shape[0])
            found.data = found.data**self.locality
            found = largest_of_rows(found, self.neighbours)
            return with_itself(found, members) if len(chosen) < has.shape[0] else found

        return of


def pool_of(members: int, *, size: int, rng: np.random.Generator) -> np.ndarray:
    """Members that serve as neighbours, rising."""
    return np.arange(members) if members <= size else np.sort(rng.choice(members, size, replace=False))


def places_of(found: sparse.csr_matrix, chosen: np.ndarray, *, count: int) -> sparse.csr_matrix:
    """Columns of the chosen as columns of all members."""
    return sparse.csr_matrix((found.data, chosen[found.indices], found.indptr), shape=(found.shape[0], count))


def with_itself(found: sparse.csr_matrix, members: np.ndarray) -> sparse.csr_matrix:
    """Each member is like itself with 1, also where it is not in the pool."""
    rows = np.repeat(np.arange(len(members)), np.diff(found.indptr))
    found.data[found.indices == members[rows]] = 0.0
    found.eliminate_zeros()
    itself = (np.ones(len(members)), (np.arange(len(members)), members))
    return (found + sparse.csr_matrix(itself, shape=found.shape)).tocsr()
