"""What is popular among the kinds that a member buys: the next yoghurt of who buys yoghurts.

    score = sum over the levels of the taxonomy of (decayed purchases of the item's kind) · (the item's part of its
            kind's recent sales)

The first factor is the member's, the second everybody's; so items are proposed that the member never bought, of kinds
that it buys.  Needs nothing but the taxonomy, and answers for an item that was first sold yesterday.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy import sparse

from shuke.science.recommendations.histories import DAY, History
from shuke.science.recommendations.linear import SparseProduct
from shuke.science.recommendations.repeats.wares import Taxonomy

#: Baskets that every item of a kind has, so that a new one is not without a chance.
SMOOTH = 0.1


@dataclass(frozen=True)
class KindPopularity:
    """``half_life`` in days of what a member bought; ``days`` of recent sales; ``levels``: how many of the taxonomy's,
    the finest first."""

    taxonomy: Taxonomy = field(repr=False)
    half_life: float = 60.0
    days: int = 28
    levels: int = 1

    @property
    def name(self) -> str:
        """See ``Strategy``."""
        return "kind-popularity"

    def fit(self, history: History, *, rng: np.random.Generator) -> SparseProduct:  # noqa: ARG002 - no chance in it
        """Count members' kinds and kinds' items."""
        age = (history.end - history.basket_time[history.row_basket]) / DAY
        weight = np.exp2(-age / self.half_life)
        recent = history.popularity(days=self.days) + SMOOTH
        own, shares = [], []
        for code in self.taxonomy.codes(history.item_ids)[: self.levels]:
            kinds = int(code.max(initial=-1)) + 1
            known = code[history.item] >= 0
            rows = (history.row_member[known], code[history.item[known]])
            own.append(sparse.csr_matrix((weight[known], rows), shape=(history.members, kinds)))
            items = np.flatnonzero(code >= 0)
            sold = np.bincount(code[items], weights=recent[items], minlength=kinds)
            part = recent[items] / sold[code[items]]
            shares.append(sparse.csr_matrix((part, (code[items], items)), shape=(kinds, history.items)))
        return SparseProduct(
            sparse.csr_matrix(sparse.hstack(own, format="csr")),
            sparse.csr_matrix(sparse.vstack(shares, format="csr")),
        )
