"""Models that are a product: what a member has, times what goes with it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse


@dataclass(frozen=True, eq=False)
class SparseProduct:
    """Scores = ``profiles`` (members × parts, sparse) · ``weights`` (parts × items, sparse), each item ``scaled``."""

    profiles: sparse.csr_matrix
    weights: sparse.csr_matrix
    scaled: np.ndarray | None = None

    def scores(self, members: np.ndarray, at: np.ndarray) -> np.ndarray:  # noqa: ARG002 - the same at any time
        """See ``Model``."""
        found = (self.profiles[members] @ self.weights).toarray()
        if self.scaled is not None:
            found = found * self.scaled
        return found.astype(np.float32)


@dataclass(frozen=True, eq=False)
class Factors:
    """Scores = a member's factors · an item's factors (float32, rows × factors)."""

    members: np.ndarray
    items: np.ndarray

    def scores(self, members: np.ndarray, at: np.ndarray) -> np.ndarray:  # noqa: ARG002 - the same at any time
        """See ``Model``."""
        return (self.members[members] @ self.items.T).astype(np.float32)


def unit_rows(matrix: sparse.csr_matrix) -> sparse.csr_matrix:
    """Each row with length 1; empty rows stay empty."""
    lengths = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    scale = np.divide(1.0, lengths, out=np.zeros_like(lengths), where=lengths > 0)
    return sparse.csr_matrix(sparse.diags_array(scale) @ matrix)


def largest_of_rows(matrix: sparse.csr_matrix, n: int) -> sparse.csr_matrix:
    """Only the ``n`` largest values of each row; of equals, those of the lowest columns."""
    matrix.sort_indices()
    lengths = np.diff(matrix.indptr)
    if not (lengths > n).any():
        return matrix
    rows = np.repeat(np.arange(matrix.shape[0]), lengths)
    order = np.lexsort((matrix.indices, -matrix.data, rows))
    place = np.arange(matrix.nnz) - np.repeat(matrix.indptr[:-1], lengths)
    kept = np.sort(order[place < n])
    columns, data = matrix.indices[kept], matrix.data[kept]
    starts = np.concatenate(([0], np.cumsum(np.minimum(lengths, n))))
    return sparse.csr_matrix((data, columns, starts), shape=matrix.shape)
