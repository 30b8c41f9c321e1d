"""What everybody buys lately: the baseline that every other strategy must beat, and what fills the end of its lists."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shuke.science.recommendations.histories import History


@dataclass(frozen=True)
class Popularity:
    """Baskets with the item in the last ``days`` days known (None: ever).

    ``by_store``: of the store where a member has most baskets, plus a hundredth of what is popular everywhere; needs
    the stores of baskets.
    """

    days: int | None = 28
    by_store: bool = False

    @property
    def name(self) -> str:
        """``popularity`` or ``popularity-by-store``."""
        return "popularity-by-store" if self.by_store else "popularity"

    def fit(self, history: History, *, rng: np.random.Generator) -> PopularityModel:  # noqa: ARG002 - no chance in it
        """Count.  Raises ``ValueError`` where stores are wanted and not known."""
        since = 0 if self.days is None else history.end - self.days * 86_400_000_000
        rows = history.basket_time[history.row_basket] >= since
        everywhere = np.bincount(history.item[rows], minlength=history.items).astype(np.float32)
        if not self.by_store:
            return PopularityModel(everywhere[None, :], np.zeros(history.members, dtype=np.int64))
        if history.basket_store is None or history.store_ids is None:
            raise ValueError("Popularity by store needs the store of each basket.")
        stores = len(history.store_ids)
        places = history.basket_store[history.row_basket[rows]].astype(np.int64) * history.items
        counts = np.bincount(places + history.item[rows], minlength=stores * history.items)
        tables = counts.reshape(stores, history.items).astype(np.float32) + 0.01 * everywhere
        usual = _usual_stores(history, history.basket_store, stores)
        return PopularityModel(np.vstack([tables, everywhere]), usual)


def _usual_stores(history: History, store_of: np.ndarray, stores: int) -> np.ndarray:
    """Each member's most visited store, the lowest number of equals; ``stores`` for who has no basket."""
    usual = np.full(history.members, stores, dtype=np.int64)
    visits = np.unique(history.basket_member.astype(np.int64) * stores + store_of, return_counts=True)
    order = np.lexsort((-visits[0], visits[1]))
    member, store = np.divmod(visits[0][order], stores)
    usual[member] = store
    return usual


@dataclass(frozen=True, eq=False)
class PopularityModel:
    """``tables``: stores × items, float32; ``place``: which row a member sees."""

    tables: np.ndarray
    place: np.ndarray

    def scores(self, members: np.ndarray, at: np.ndarray) -> np.ndarray:  # noqa: ARG002 - the same at any time
        """See ``Model``."""
        return self.tables[self.place[members]]
