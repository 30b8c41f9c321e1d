"""RP3beta: a walk of three steps, from a member to its items, to who else has them, to what those have.

The chance to arrive at an item (each step's probabilities to the power α) over its popularity to the power β, so that
the walk does not end at what everybody buys (Paudel et al. 2017).  No matrix of items is made: a list costs three
sparse products, and nothing is cut off.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from shuke.science.recommendations.histories import History


@dataclass(frozen=True)
class RP3Beta:
    """``alpha`` and ``beta``: see the module.  ``counts``: steps by the number of baskets, not by whether any."""

    alpha: float = 1.0
    beta: float = 0.3
    counts: bool = True

    @property
    def name(self) -> str:
        """``rp3beta``."""
        return "rp3beta"

    def fit(self, history: History, *, rng: np.random.Generator) -> Walk:  # noqa: ARG002 - no chance in it
        """Make the probabilities of the steps."""
        bought = history.counts()
        if not self.counts:
            bought.data = np.ones_like(bought.data)
        to_items, to_members = _steps(bought, self.alpha), _steps(bought.T.tocsr(), self.alpha)
        popularity = np.bincount(bought.indices, minlength=history.items).astype(np.float64)
        scaled = np.divide(1.0, popularity**self.beta, out=np.zeros_like(popularity), where=popularity > 0)
        return Walk(to_items, to_members, scaled)


@dataclass(frozen=True, eq=False)
class Walk:
    """Three steps: ``to_items`` (members × items), ``to_members`` (items × members), ``to_items``; each item scaled.

    Walked when somebody asks: the first two steps of all members together are a matrix of members × members.
    """

    to_items: sparse.csr_matrix
    to_members: sparse.csr_matrix
    scaled: np.ndarray

    def scores(self, members: np.ndarray, at: np.ndarray) -> np.ndarray:  # noqa: ARG002 - the same at any time
        """See ``Model``."""
        alike = (self.to_items[members] @ self.to_members).toarray()
        return (alike @ self.to_items * self.scaled).astype(np.float32)


def _steps(matrix: sparse.csr_matrix, power: float) -> sparse.csr_matrix:
    """Rows that sum to one, to a power."""
    sums = np.asarray(matrix.sum(axis=1)).ravel()
    scale = np.divide(1.0, sums, out=np.zeros_like(sums), where=sums > 0)
    steps = sparse.csr_matrix(sparse.diags_array(scale) @ matrix)
    steps.data = steps.data**power
    return steps
