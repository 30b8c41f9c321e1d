"""Items like those that a member has: neighbours of items by who buys them, or by the baskets that hold them.

Item j scores sum over the member's items i of (baskets with i) · sim(j, i), i among the ``neighbours`` items most like
j (Deshpande and Karypis 2004).  An item is its own nearest neighbour, so repeats count.  The similarity is the product
of the items' weighted vectors over members (or over baskets with ``of="baskets"``: complements rather than tastes):

- ``cosine``: counts, each item's vector of length 1;
- ``tf-idf``: square roots of counts times ln((1 + items) / (1 + items of the member)), length 1: a member who buys
  everything says little;
- ``bm25``: counts that saturate, lengthy histories discounted (Robertson and Zaragoza 2009), with the same factor.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import sparse

from shuke.science.recommendations.histories import History
from shuke.science.recommendations.linear import SparseProduct, unit_rows

Weighting = Literal["cosine", "tf-idf", "bm25"]


@dataclass(frozen=True)
class ItemKnn:
    """See the module; ``k1`` and ``b`` are BM25's saturation and discount for length."""

    weighting: Weighting = "tf-idf"
    neighbours: int = 20
    of: Literal["members", "baskets"] = "members"
    k1: float = 1.2
    b: float = 0.75

    @property
    def name(self) -> str:
        """``item-knn-`` and the weighting."""
        return f"item-knn-{self.weighting}" + ("-baskets" if self.of == "baskets" else "")

    def fit(self, history: History, *, rng: np.random.Generator) -> SparseProduct:  # noqa: ARG002 - no chance in it
        """Find each item's neighbours."""
        counts = history.counts()
        bought = counts if self.of == "members" else history.basket_matrix().astype(np.float64)
        vectors = weighted(bought.T.tocsr(), weighting=self.weighting, k1=self.k1, b=self.b)
        return SparseProduct(counts, nearest(vectors, neighbours=self.neighbours).T.tocsr())


def weighted(
    items: sparse.csr_matrix, *, weighting: Weighting, k1: float = 1.2, b: float = 0.75
) -> sparse.csr_matrix:
    """Vectors of items (items × members, counts) under a weighting."""
    if weighting == "cosine":
        return unit_rows(items)
    result = items.astype(np.float64).tocsr(copy=True)
    held = np.bincount(result.indices, minlength=result.shape[1])
    rarity = (np.log1p(result.shape[0]) - np.log1p(held))[result.indices]
    if weighting == "tf-idf":
        result.data = np.sqrt(result.data) * rarity
        return unit_rows(result)
    sums = np.asarray(result.sum(axis=1)).ravel()
    length = (1.0 - b) + b * sums / max(sums.mean(), 1e-12) if len(sums) else sums
    row = np.repeat(np.arange(result.shape[0]), np.diff(result.indptr))
    result.data = result.data * (k1 + 1.0) / (k1 * length[row] + result.data) * rarity
    return result


def nearest(vectors: sparse.csr_matrix, *, neighbours: int) -> sparse.csr_matrix:
    """Items × items: each row the ``neighbours`` largest products of its vector with all vectors, itself included."""
    # The kernel of implicit walks only the pairs that meet, and keeps the best of each row as it goes.
    from implicit.nearest_neighbours import all_pairs_knn

    if not vectors.nnz:
        return sparse.csr_matrix((vectors.shape[0], vectors.shape[0]))
    return all_pairs_knn(sparse.csr_matrix(vectors.T), neighbours, show_progress=False, num_threads=1).tocsr()
