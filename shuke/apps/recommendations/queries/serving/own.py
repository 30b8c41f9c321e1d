"""What the members of some lists bought, found in a bundle without a loop."""

from functools import cached_property

import numpy as np

from shuke.science.recommendations.bundles import Bundle


class Own:
    """Purchases of members, one for each list; -1 for a stranger, who bought nothing."""

    def __init__(self, bundle: Bundle, members: np.ndarray) -> None:
        self.bundle, self.members = bundle, members
        rows, known = bundle.purchases.rows, members >= 0
        starts = np.where(known, rows[members], 0)
        lengths = np.where(known, rows[members + 1], 0) - starts
        ends = np.cumsum(lengths)
        #: Rows of the bundle's purchases, list by list, and the list of each.
        self.rows = np.arange(int(ends[-1])) + np.repeat(starts - ends + lengths, lengths)
        self.lists = np.repeat(np.arange(len(members)), lengths)
        self.items = bundle.purchases.item[self.rows]
        self._keys = self.lists * np.int64(len(bundle.item_ids)) + self.items

    def row_of(self, lists: np.ndarray, items: np.ndarray) -> np.ndarray:
        """Row of the purchases of each item by its list's member, -1 for what was never bought."""
        if not len(self._keys):
            return np.full(items.shape, -1, dtype=np.int64)
        wanted = lists * np.int64(len(self.bundle.item_ids)) + items
        places = np.minimum(self._keys.searchsorted(wanted), len(self._keys) - 1)
        return np.where(self._keys[places] == wanted, self.rows[places], -1)

    def days_since(self, lists: np.ndarray, items: np.ndarray, *, today: int) -> np.ndarray:
        """Days since each item was last bought, NaN for never."""
        rows = self.row_of(lists, items)
        last = self.bundle.purchases.last_day[rows]
        return np.where(rows >= 0, np.maximum(today - last, 0), np.nan)

    def kind_count(self, lists: np.ndarray, kinds: np.ndarray) -> np.ndarray:
        """Purchases of a kind by each list's member, 0 for an unknown kind."""
        table = self._kind_counts
        return np.where(kinds >= 0, table[lists, kinds], 0)

    @cached_property
    def _kind_counts(self) -> np.ndarray:
        count, kinds = len(self.bundle.goods.kind_names), self.bundle.goods.kind[self.items]
        held = kinds >= 0
        weights = self.bundle.purchases.count[self.rows][held]
        size = len(self.members) * count
        sums = np.bincount(self.lists[held] * count + kinds[held], weights=weights, minlength=size)
        return sums.astype(np.int64).reshape(len(self.members), count)
