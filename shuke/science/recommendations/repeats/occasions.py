"""When a member bought a thing (an item, a type, …), with running states: what was true just after each purchase.

What was known before a basket is the state at the last purchase before it, carried on to that moment.  So a feature of
basket t is made of baskets before t only, for any number of baskets at once, without a loop over members.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from shuke.science.recommendations.histories import DAY, History

#: Half-lives in baskets: a weight of 0.9 and of 0.97 a basket.
BASKET_HALF_LIVES = (6.58, 22.76)


@dataclass(frozen=True, eq=False)
class Occasions:
    """Purchases of (member, thing), one entry a basket, by member, thing and basket.

    ``key`` int64 is member × ``things`` + thing; ``number`` int64 the basket's number within the member, from 0;
    ``time`` float64 days; ``line`` int64 the first line of the history; ``first`` int64 the place of the key's first
    purchase.
    """

    things: int
    baskets: int
    key: np.ndarray
    number: np.ndarray
    time: np.ndarray
    line: np.ndarray
    first: np.ndarray

    @cached_property
    def member(self) -> np.ndarray:
        """int64 member of each purchase."""
        return self.key // self.things

    @cached_property
    def thing(self) -> np.ndarray:
        """int64 thing of each purchase."""
        return self.key % self.things

    @cached_property
    def count(self) -> np.ndarray:
        """int64: how many purchases of the thing up to this one."""
        return np.arange(len(self.key)) - self.first + 1

    @cached_property
    def is_first(self) -> np.ndarray:
        """Bool: whether it is the member's first purchase of the thing."""
        return self.count == 1

    @cached_property
    def next_number(self) -> np.ndarray:
        """int64 basket number of the member's next purchase of the thing; beyond all where there is none."""
        following = np.full(len(self.key), self.baskets + 1, dtype=np.int64)
        if len(self.key):
            following[:-1] = np.where(self.is_first[1:], self.baskets + 1, self.number[1:])
        return following

    @cached_property
    def gap(self) -> np.ndarray:
        """float64 days since the member's purchase of the thing before; 0 at the first."""
        return self._gaps(self.time)

    @cached_property
    def basket_gap(self) -> np.ndarray:
        """float64 baskets since the purchase before; 0 at the first."""
        return self._gaps(self.number.astype(np.float64))

    def _gaps(self, values: np.ndarray) -> np.ndarray:
        gaps = np.zeros(len(values))
        gaps[1:] = np.diff(values)
        gaps[self.is_first] = 0.0
        return gaps

    def summed(self, values: np.ndarray) -> np.ndarray:
        """Running sum of ``values`` (one for each purchase) within the key, this purchase included."""
        total = np.cumsum(values, dtype=np.float64)
        return total - total[self.first] + values[self.first]

    def decayed(self, *, half_life: float, in_baskets: bool = False) -> np.ndarray:
        """Sum over the purchases so far of 0.5 ^ (age / half-life), the age counted from this purchase."""
        kept = np.exp2(-(self.basket_gap if in_baskets else self.gap) / half_life)
        state = np.ones(len(self.key))
        order, edges = self._by_count
        for start, end in pairwise(edges[1:]):
            places = order[start:end]
            state[places] += state[places - 1] * kept[places]
        return state

    @cached_property
    def _by_count(self) -> tuple[np.ndarray, np.ndarray]:
        """Places in order of their count, and where each count begins."""
        order = np.argsort(self.count, kind="stable")
        return order, np.cumsum(np.bincount(self.count, minlength=1))

    def last_before(self, member: np.ndarray, thing: np.ndarray, number: np.ndarray) -> np.ndarray:
        """int64 place of the last purchase of the thing in a basket numbered below ``number``; -1 where none is
        or the thing is unknown (-1)."""
        key = member.astype(np.int64) * self.things + thing
        if not len(self.key):
            return np.full(len(key), -1, dtype=np.int64)
        place = np.searchsorted(self._ordered, key * self._width + number) - 1
        return np.where((place >= 0) & (thing >= 0) & (self.key[place] == key), place, -1)

    def count_from(self, place: np.ndarray, number: np.ndarray) -> np.ndarray:
        """int64: purchases of the same thing up to ``place`` in baskets numbered ``number`` or above."""
        start = np.searchsorted(self._ordered, self.key[place] * self._width + np.maximum(number, 0))
        return np.maximum(place - start + 1, 0)

    @cached_property
    def member_places(self) -> np.ndarray:
        """int64, one more than the highest member: places of each member's purchases."""
        highest = int(self.member[-1]) + 1 if len(self.key) else 0
        return np.searchsorted(self.member, np.arange(highest + 1))

    @property
    def _width(self) -> int:
        return self.baskets + 2

    @cached_property
    def _ordered(self) -> np.ndarray:
        return self.key * self._width + self.number


def basket_numbers(history: History) -> np.ndarray:
    """int64 number of each basket within its member, 0 for the oldest."""
    return np.arange(history.baskets) - history.member_baskets[history.basket_member]


def occasions_of(history: History, thing: np.ndarray, *, things: int) -> Occasions:
    """``thing``: int number of each line of the history, -1 for a line that has none."""
    key = history.row_member.astype(np.int64) * max(things, 1) + thing
    lines = np.flatnonzero(thing >= 0)
    lines = lines[np.argsort(key[lines], kind="stable")]  # Lines are in order of baskets already.
    key, basket = key[lines], history.row_basket[lines]
    new = np.ones(len(key), dtype=bool)
    new[1:] = (key[1:] != key[:-1]) | (basket[1:] != basket[:-1])
    key, basket, lines = key[new], basket[new], lines[new]
    places = np.arange(len(key))
    starts = np.ones(len(key), dtype=bool)
    starts[1:] = key[1:] != key[:-1]
    numbers = basket_numbers(history)
    return Occasions(
        things=max(things, 1),
        baskets=int(numbers.max(initial=0)) + 1,
        key=key,
        number=numbers[basket],
        time=history.basket_time[basket] / DAY,
        line=lines,
        first=np.maximum.accumulate(np.where(starts, places, 0)),
    )
