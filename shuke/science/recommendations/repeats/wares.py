"""What is known of items beside the baskets: the types and categories they belong to, and the plan of offers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shuke.science.recommendations.histories import numbers_of

NO_OFFER = np.int8(0)


@dataclass(frozen=True, eq=False)
class Taxonomy:
    """``item_ids`` rising; ``levels``: codes of each item (int64, -1 for unknown), the finest level first."""

    item_ids: np.ndarray
    levels: tuple[np.ndarray, ...]

    def codes(self, item_ids: np.ndarray) -> list[np.ndarray]:
        """int64 codes of these items, -1 where the taxonomy does not know them."""
        place = numbers_of(self.item_ids, item_ids)
        return [np.where(place >= 0, level[place], -1).astype(np.int64) for level in self.levels]


def taxonomy_of(item_ids: np.ndarray, *levels: np.ndarray) -> Taxonomy:
    """From one name (text, None for unknown) of each item and level."""
    order = np.argsort(item_ids)
    coded = []
    for names in levels:
        known = np.array([name is not None for name in names])
        codes = np.full(len(names), -1, dtype=np.int64)
        codes[known] = np.unique(np.asarray(names)[known].astype(str), return_inverse=True)[1]
        coded.append(codes[order])
    return Taxonomy(np.asarray(item_ids)[order], tuple(coded))


@dataclass(frozen=True, eq=False)
class Offers:
    """Planned offers, one entry for each store and item: in force on days ``start`` ≤ day < ``end`` (days since 1970).

    ``mailer`` and ``display``: int8 place in the mailer or the shop, 0 for neither.  Offers of one store and item must
    not overlap.  An offer is known to the retailer when it is planned, so before the days that it is in force.
    """

    store: np.ndarray
    item: np.ndarray
    start: np.ndarray
    end: np.ndarray
    mailer: np.ndarray
    display: np.ndarray

    def numbered(self, store_ids: np.ndarray, item_ids: np.ndarray) -> OffersByItem:
        """By the numbers of a history; offers of other stores and items are dropped."""
        store, item = numbers_of(store_ids, self.store), numbers_of(item_ids, self.item)
        kept = np.flatnonzero((store >= 0) & (item >= 0))
        begin, finish = self.start[kept].astype(np.int64), self.end[kept].astype(np.int64)
        first = int(begin.min()) if len(kept) else 0
        width = (int(finish.max()) - first if len(kept) else 0) + 2
        key = (store[kept].astype(np.int64) * len(item_ids) + item[kept]) * width + begin - first
        order = np.argsort(key)
        kept = kept[order]
        return OffersByItem(
            items=len(item_ids),
            first=first,
            width=width,
            ordered=key[order],
            days=(finish - begin)[order].astype(np.int32),
            mailer=self.mailer[kept],
            display=self.display[kept],
        )


@dataclass(frozen=True, eq=False)
class OffersByItem:
    """``ordered`` int64: (store × items + item) × ``width`` + first day; ``days``: how long each is in force."""

    items: int
    first: int
    width: int
    ordered: np.ndarray
    days: np.ndarray
    mailer: np.ndarray
    display: np.ndarray

    def on(self, store: np.ndarray, item: np.ndarray, day: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Int8 place in the mailer and on display of each (store, item, day since 1970); 0 where no offer is."""
        if not len(self.ordered):
            nothing = np.zeros(len(store), dtype=np.int8)
            return nothing, nothing
        key = store.astype(np.int64) * self.items + item
        within = np.clip(day - self.first, -1, self.width - 1)
        place = np.maximum(np.searchsorted(self.ordered, key * self.width + within, side="right") - 1, 0)
        same = self.ordered[place] // self.width == key
        held = same & (within >= 0) & (self.ordered[place] % self.width + self.days[place] > day - self.first)
        return np.where(held, self.mailer[place], NO_OFFER), np.where(held, self.display[place], NO_OFFER)
