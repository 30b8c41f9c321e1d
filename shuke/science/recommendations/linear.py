"""Models that are a product: what a member has, times what goes with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

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
class AskedProduct:
    """The same where ``profiles`` of members (int) are made when they are asked: for everybody it would take long.

    They are kept, since several strategies may ask one after the other.
    """

    profiles: Callable[[np.ndarray], sparse.csr_matrix]
    weights: sparse.csr_matrix
    kept: dict[int, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)

    def scores(self, members: np.ndarray, at: np.ndarray) -> np.ndarray:  # noqa: ARG002 - the same at any time
        """See ``Model``."""
        unknown = [member for member in dict.fromkeys(members.tolist()) if member not in self.kept]
        if unknown:
            found = self.profiles(np.array(unknown))
            for row, member in enumerate(unknown):
                own = slice(found.indptr[row], found.indptr[row + 1])
                self.kept[member] = (found.indices[own], found.data[own])
        held = [self.kept[member] for member in members.tolist()]
        columns = np.concatenate([np.empty(0, dtype=np.int64), *(of for of, _ in held)])
        data = np.concatenate([np.empty(0), *(values for _, values in held)])
        starts = np.concatenate(([0], np.cumsum([len(values) for _, values in held]))).astype(np.int64)
        profiles = sparse.csr_matrix((data, columns, starts), shape=(len(held), self.weights.shape[0]))
        return (profiles @ self.weights).toarray().astype(np.float32)


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
    if (np.diff(matrix.indptr) > n).any():
        matrix = _reaching(matrix, n)
    matrix.sort_indices()
    if not (np.diff(matrix.indptr) > n).any():
        return matrix
    lengths = np.diff(matrix.indptr)
    rows = np.repeat(np.arange(matrix.shape[0]), lengths)
    order = np.lexsort((matrix.indices, -matrix.data, rows))
    place = np.arange(matrix.nnz) - np.repeat(matrix.indptr[:-1], lengths)
    kept = np.sort(order[place < n])
    columns, data = matrix.indices[kept], matrix.data[kept]
    starts = np.concatenate(([0], np.cumsum(np.minimum(lengths, n))))
    return sparse.csr_matrix((data, columns, starts), shape=matrix.shape)


def _reaching(matrix: sparse.csr_matrix, n: int) -> sparse.csr_matrix:
    """What is no less than the ``n``-th largest value of its row: of long rows little is left to be put in order."""
    edges = np.full(matrix.shape[0], -np.inf)
    for row in np.flatnonzero(np.diff(matrix.indptr) > n):
        values = matrix.data[matrix.indptr[row] : matrix.indptr[row + 1]]
        edges[row] = np.partition(values, len(values) - n)[len(values) - n]
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    kept = matrix.data >= edges[rows]
    starts = np.concatenate(([0], np.cumsum(np.bincount(rows[kept], minlength=matrix.shape[0]))))
    return sparse.csr_matrix((matrix.data[kept], matrix.indices[kept], starts), shape=matrix.shape)
