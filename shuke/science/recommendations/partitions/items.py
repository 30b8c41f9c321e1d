"""The nearest of each item, out of the pairs of whole items."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from scipy import sparse

from shuke.science.recommendations.complements import drawn_along
from shuke.science.recommendations.linear import largest_of_rows

SCHEMA = pa.schema([("item", pa.int32()), ("other", pa.int32()), ("value", pa.float64())])


@dataclass(frozen=True)
class NearestComplements:
    """Pairs of whole items (``item, other, both``, see ``pairs.basket_pairs``) to the ``neighbours`` that each draws
    along most, with what it adds to their chance; see ``complements``.

    ``counts``: int64, short baskets with each item; ``baskets``: all short baskets.
    """

    counts: np.ndarray
    baskets: int
    neighbours: int
    least: float

    @property
    def schema(self) -> pa.Schema:
        """``item, other, value``."""
        return SCHEMA

    def __call__(self, pairs: pa.Table) -> pa.Table:
        """The nearest, strongest values first in no promised order."""
        one, other = pairs["item"].to_numpy(), pairs["other"].to_numpy()
        both = pairs["both"].to_numpy().astype(np.float64)
        looked = np.zeros(len(self.counts))
        looked[one[one == other]] = both[one == other]
        apart = one != other
        one, other, both = one[apart], other[apart], both[apart]
        value = drawn_along(
            both, of_one=looked[one], of_other=self.counts[other], baskets=self.baskets, least=self.least
        )
        return _largest(one, other, value, items=len(self.counts), neighbours=self.neighbours)


@dataclass(frozen=True)
class NearestTastes:
    """Pairs of whole items (``item, other, alike``) to the ``neighbours`` most alike, itself included.

    Values are rounded as scores are, so that sums that differ in their last digit do not decide who is nearer.
    """

    items: int
    neighbours: int

    @property
    def schema(self) -> pa.Schema:
        """``item, other, value``."""
        return SCHEMA

    def __call__(self, pairs: pa.Table) -> pa.Table:
        """The nearest; of equals, those of the lowest number."""
        value = pairs["alike"].to_numpy().astype(np.float32).astype(np.float64)
        one, other = pairs["item"].to_numpy(), pairs["other"].to_numpy()
        return _largest(one, other, value, items=self.items, neighbours=self.neighbours)


def matrix_of(nearest: pa.Table, *, items: int) -> sparse.csr_matrix:
    """Items × items of ``item, other, value``."""
    places = (nearest["item"].to_numpy(), nearest["other"].to_numpy())
    found = sparse.csr_matrix((nearest["value"].to_numpy(), places), shape=(items, items))
    found.sort_indices()
    return found


def _largest(
    one: np.ndarray, other: np.ndarray, value: np.ndarray, *, items: int, neighbours: int
) -> pa.Table:
    kept = value > 0
    rows, row = np.unique(one[kept], return_inverse=True)
    matrix = sparse.csr_matrix((value[kept], (row, other[kept])), shape=(len(rows), items))
    found = largest_of_rows(matrix, neighbours).tocoo()
    return pa.table(
        {
            "item": pa.array(rows[found.row].astype(np.int32)),
            "other": pa.array(found.col.astype(np.int32)),
            "value": pa.array(found.data.astype(np.float64)),
        },
        schema=SCHEMA,
    )
