"""A bundle: everything that was fitted on one history, ready to be served, as flat arrays that may lie in files.

Members and items are numbered as in the ``History`` the bundle was fitted on (rising ids).  Every part knows nothing
later than ``as_of``; parts of different days never meet in one bundle.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType

import numpy as np

from shuke.science.recommendations.histories import numbers_of
from shuke.science.recommendations.strategies import Lists


@dataclass(frozen=True, eq=False)
class Goods:
    """Of each item: ``kind`` (the finest level that has a name) and ``family`` (the level above), int32 codes of
    ``kind_names`` and ``family_names``, -1 for unknown; ``brand`` and ``department`` likewise; ``price`` (float32 usual
    unit price in minor units, NaN unknown), ``margin`` (float32 part of the price, NaN unknown), ``cycle`` (float32
    median days between a member's purchases, NaN unknown), ``is_active`` bool; ``names`` as shown to people."""

    names: np.ndarray
    kind: np.ndarray
    family: np.ndarray
    brand: np.ndarray
    department: np.ndarray
    kind_names: np.ndarray
    family_names: np.ndarray
    brand_names: np.ndarray
    department_names: np.ndarray
    price: np.ndarray
    margin: np.ndarray
    cycle: np.ndarray
    is_active: np.ndarray


@dataclass(frozen=True, eq=False)
class Purchases:
    """What each member bought, sparse: row pointers ``rows`` (int64, members + 1) into arrays sorted by (member, item):
    ``item`` int32; ``count`` int32 baskets; ``last_day`` int32 days since 1970; ``gap`` float32 mean days between (NaN
    below two purchases); ``spread`` float32 standard deviation of the gaps beside their mean (NaN below three)."""

    rows: np.ndarray
    item: np.ndarray
    count: np.ndarray
    last_day: np.ndarray
    gap: np.ndarray
    spread: np.ndarray


@dataclass(frozen=True, eq=False)
class Bundle:
    """``lists``: by strategy, members × depth, scores calibrated to chances where the strategy has been calibrated;
    row number = member number.  ``neighbours``: ``similar`` and ``complements``, items × depth.  ``popular``: by key
    ``all``, ``store:<id>`` or ``segment:<name>``, one row of ``Lists`` each.  ``member_store``: the usual store of each
    member, index of ``store_ids``, -1 for none; ``member_segment`` likewise of ``segment_names``.  ``factors``: items ×
    factors of ALS, empty where none was fitted."""

    id: str
    as_of: date
    member_ids: np.ndarray
    item_ids: np.ndarray
    baskets: np.ndarray
    goods: Goods
    purchases: Purchases
    lists: Mapping[str, Lists]
    neighbours: Mapping[str, Lists]
    popular: Mapping[str, Lists]
    store_ids: np.ndarray
    member_store: np.ndarray
    segment_names: np.ndarray
    member_segment: np.ndarray
    factors: np.ndarray
    manifest: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))

    def member_number(self, member_id: str) -> int:
        """Number of a member, -1 for a stranger."""
        return int(numbers_of(self.member_ids, np.array([member_id]))[0])

    def item_numbers(self, product_ids: list[str]) -> np.ndarray:
        """int32 numbers of products, -1 for those outside the vocabulary."""
        # As wide as the ids asked for: cut to the width of the known ones, an id could become another product's.
        return numbers_of(self.item_ids, np.array(product_ids, dtype=np.str_))
