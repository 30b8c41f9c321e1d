"""Items that nobody has bought yet: who might, by what the item is.

    score = P(kind | member) · P(brand | member, kind) / (items of that kind and brand + 1)

Both chances are shares of the member's decayed purchases, smoothed by everybody's shares with the weight of ``prior``
purchases.  It speaks of kinds and brands that a member knows; where none is known, of what everybody buys.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from shuke.science.recommendations.histories import DAY, History, numbers_of

#: So that an item of an unknown brand is ordered by its kind.
SMALLEST = 1e-3


@dataclass(frozen=True, eq=False)
class Content:
    """Of each item of a history: ``kind`` and ``brand``, int64 codes from 0; -1 for unknown."""

    kind: np.ndarray
    brand: np.ndarray


@dataclass(frozen=True, eq=False)
class NewProducts:
    """What members buy, sparse: members × ``kinds`` and members × ``pairs`` of kind and brand.  ``pair_ids`` int64
    (rising): kind × ``brands`` + brand of each pair; ``known``: items of each.  Made by ``new_products``."""

    kinds: sparse.csr_matrix
    pairs: sparse.csr_matrix
    pair_ids: np.ndarray
    brands: int
    known: np.ndarray
    prior: float

    def scores(self, members: np.ndarray, *, kind: np.ndarray, brand: np.ndarray) -> np.ndarray:
        """Float32 members × new items (``kind`` and ``brand`` of each, in the codes of the history's items); 0 where
        the kind is unknown."""
        kind_known = (kind >= 0) & (kind < self.kinds.shape[1])
        safe = np.where(kind_known, kind, 0)
        everybody = np.asarray(self.kinds.sum(axis=0)).ravel()
        share = everybody[safe] / max(everybody.sum(), 1e-12)
        bought = self.kinds[members]
        total = np.asarray(bought.sum(axis=1))
        of_kind = bought[:, safe].toarray()
        chance = (of_kind + self.prior * share) / (total.reshape(-1, 1) + self.prior)
        column = numbers_of(self.pair_ids, safe * self.brands + brand)
        held = (column >= 0) & (brand >= 0)
        place = np.where(held, column, 0)
        of_pair = self.pairs[members][:, place].toarray() * held
        everywhere = np.asarray(self.pairs.sum(axis=0)).ravel()[place] * held
        of_all = everywhere / np.maximum(everybody[safe], 1e-12)
        of_brand = (of_pair + self.prior * of_all + SMALLEST) / (of_kind + self.prior)
        return (chance * of_brand * kind_known / (self.known[place] * held + 1.0)).astype(np.float32)


def new_products(
    history: History, content: Content, *, half_life: float = 90.0, prior: float = 5.0
) -> NewProducts:
    """From what was bought of the items whose kind and brand are known.  Raises ``ValueError`` where no item is."""
    known = (content.kind >= 0) & (content.brand >= 0)
    if not known.any():
        raise ValueError("No item has a kind and a brand.")
    brands = int(content.brand.max()) + 1
    pair_ids, pair = np.unique((content.kind * brands + content.brand)[known], return_inverse=True)
    pair_of = np.zeros(history.items, dtype=np.int64)
    pair_of[known] = pair
    rows = np.flatnonzero(known[history.item])
    age = (history.end - history.basket_time[history.row_basket[rows]]) / DAY
    weight = np.exp2(-age / half_life)
    member, item = history.row_member[rows], history.item[rows]

    def table(column: np.ndarray, count: int) -> sparse.csr_matrix:
        return sparse.csr_matrix((weight, (member, column[item])), shape=(history.members, count))

    return NewProducts(
        kinds=table(content.kind, int(content.kind.max()) + 1),
        pairs=table(pair_of, len(pair_ids)),
        pair_ids=pair_ids,
        brands=brands,
        known=np.bincount(pair, minlength=len(pair_ids)),
        prior=prior,
    )
