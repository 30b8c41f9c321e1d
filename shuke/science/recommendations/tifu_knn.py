"""TIFU-KNN: what a member buys, weighted towards the latest, blended with what members like it buy (Hu et al. 2020).

A member's baskets are put into ``groups`` groups in order of time.  Within a group of n, basket i weighs
``within`` ^ (n - i) / n; among g groups, group j weighs ``between`` ^ (g - j) / g; the member's vector is the weighted
sum.  The score is ``own`` · its vector + (1 - ``own``) · the mean vector of its ``neighbours`` nearest members
(Euclidean).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from shuke.science.recommendations.histories import History
from shuke.science.recommendations.linear import AskedProduct
from shuke.science.recommendations.up_cf import pool_of


@dataclass(frozen=True)
class TifuKnn:
    """``pool``: at most so many members, drawn by chance, serve as neighbours of others."""

    neighbours: int = 100
    within: float = 1.0
    between: float = 0.7
    own: float = 0.5
    groups: int = 7
    pool: int = 20_000

    @property
    def name(self) -> str:
        """``tifu-knn``."""
        return "tifu-knn"

    def fit(self, history: History, *, rng: np.random.Generator) -> AskedProduct:
        """Make the vectors; a member's neighbours are found when it is asked."""
        weights = basket_weights(history, groups=self.groups, within=self.within, between=self.between)
        vectors = history.counts(weights[history.row_basket])
        chosen = pool_of(history.members, size=self.pool, rng=rng)
        lengths = np.asarray(vectors[chosen].multiply(vectors[chosen]).sum(axis=1)).ravel()
        others = vectors[chosen].T.tocsr()

        def blend(members: np.ndarray) -> sparse.csr_matrix:
            distances = lengths - 2 * (vectors[members] @ others).toarray()
            return self._blend(distances, members, chosen, count=history.members)

        return AskedProduct(blend, vectors)

    def _blend(
        self, distances: np.ndarray, members: np.ndarray, chosen: np.ndarray, *, count: int
    ) -> sparse.csr_matrix:
        """Weights of all ``count`` members in the score of each: ``own`` for itself, equal parts for its neighbours."""
        distances[np.equal.outer(members, chosen)] = np.inf
        k = min(self.neighbours, len(chosen) - (1 if len(chosen) == count else 0))
        rows = np.arange(len(members))
        own = sparse.csr_matrix(
            (np.full(len(members), self.own), (rows, members)), shape=(len(members), count)
        )
        if k <= 0:
            return own
        nearest = np.argpartition(distances, k - 1, axis=1)[:, :k]
        part = np.full(nearest.size, (1 - self.own) / k)
        others = sparse.csr_matrix(
            (part, (np.repeat(rows, k), chosen[nearest.ravel()])), shape=(len(members), count)
        )
        return (own + others).tocsr()


def basket_weights(history: History, *, groups: int, within: float, between: float) -> np.ndarray:
    """Float64 weight of each basket; of n baskets in g groups, the latest groups are the ones that have one more."""
    count = np.diff(history.member_baskets)[history.basket_member]
    place = np.arange(history.baskets) - history.member_baskets[history.basket_member]
    real = np.minimum(count, groups)
    size, more = np.divmod(count, np.maximum(real, 1))
    small = (real - more) * size
    is_small = place < small
    group = np.where(is_small, place // np.maximum(size, 1), (real - more) + (place - small) // (size + 1))
    group_size = np.where(is_small, size, size + 1)
    inside = np.where(is_small, place % np.maximum(size, 1), (place - small) % (size + 1))
    return within ** (group_size - 1 - inside) / group_size * between ** (real - 1 - group) / real
