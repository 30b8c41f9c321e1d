"""What goes with what is in the basket: items bought together more often than by chance.

An item j scores, for the baskets looked at (the member's latest, or one that is open), the sum over their items i of
what i adds to j's chance: n_ij / n_i - n_j / N over baskets, where that is positive, times n_ij / (n_ij + ``least``),
so that pairs met by chance count little.  What is in the baskets already does not propose itself.
See ``shuke.science.affinity`` for the rules that people read.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from shuke.science.recommendations.histories import History
from shuke.science.recommendations.linear import SparseProduct, largest_of_rows

#: Items at a time while pairs are counted, and items of a basket that are looked at: a wholesale basket of thousands
#: says little about what goes together and would cost millions of pairs.
BLOCK = 1024
LONGEST_BASKET = 100


@dataclass(frozen=True)
class Complements:
    """``baskets``: how many of the member's latest are looked at; ``neighbours`` kept of each item."""

    baskets: int = 1
    neighbours: int = 100
    least: float = 5.0

    @property
    def name(self) -> str:
        """``complements``."""
        return "complements"

    def fit(self, history: History, *, rng: np.random.Generator) -> SparseProduct:  # noqa: ARG002 - no chance in it
        """Count pairs of baskets that are not endless."""
        latest = history.keeping(history.basket_back < self.baskets).counts()
        latest.data = np.ones_like(latest.data)
        return SparseProduct(latest, together(history, neighbours=self.neighbours, least=self.least))


def together(history: History, *, neighbours: int, least: float) -> sparse.csr_matrix:
    """Items × items: what each item draws along, the ``neighbours`` strongest, none with itself."""
    short = history.keeping(np.diff(history.basket_rows) <= LONGEST_BASKET)
    held = short.basket_matrix().T.tocsr()
    counts = short.item_baskets.astype(np.float64)
    across = held.T.tocsr()
    blocks = []
    for start in range(0, short.items, BLOCK):
        pairs = (held[start : start + BLOCK] @ across).tocoo()
        rows = pairs.row + start
        kept = (rows != pairs.col) & (pairs.data > 0)
        both, one, other = pairs.data[kept].astype(np.float64), rows[kept], pairs.col[kept]
        value = drawn_along(
            both, of_one=counts[one], of_other=counts[other], baskets=short.baskets, least=least
        )
        positive = value > 0
        block = sparse.csr_matrix(
            (value[positive], (one[positive] - start, other[positive])), shape=pairs.shape
        )
        blocks.append(largest_of_rows(block, neighbours))
    return sparse.vstack(blocks, format="csr") if blocks else sparse.csr_matrix((0, 0))


def drawn_along(
    both: np.ndarray, *, of_one: np.ndarray, of_other: np.ndarray, baskets: int, least: float
) -> np.ndarray:
    """What an item adds to the chance of another, where ``both`` are in so many baskets; see the module."""
    added = both / of_one - of_other / baskets
    return added * both / (both + least)
