"""Who is asked about which items at which moment: the rows that features are made for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from shuke.science.recommendations.histories import DAY, History
from shuke.science.recommendations.repeats.occasions import Occasions, basket_numbers


@dataclass(frozen=True, eq=False)
class Moments:
    """Members at moments.  ``member`` int64; ``time`` float64 days; ``number`` int64: how many baskets were before."""

    member: np.ndarray
    time: np.ndarray
    number: np.ndarray

    def __len__(self) -> int:
        return len(self.member)

    def between(self, start: int, end: int) -> Moments:
        """Those of these places."""
        return Moments(self.member[start:end], self.time[start:end], self.number[start:end])


@dataclass(frozen=True, eq=False)
class Rows:
    """``moment`` int64 (rising), ``item`` int64, ``place`` int64: the last purchase of the item before, -1 if none."""

    moment: np.ndarray
    item: np.ndarray
    place: np.ndarray

    def __len__(self) -> int:
        return len(self.moment)

    def keeping(self, chosen: np.ndarray | slice) -> Rows:
        """The rows that are marked, or of those places."""
        return Rows(self.moment[chosen], self.item[chosen], self.place[chosen])


def past_baskets(history: History, *, latest: int, skipped: int = 0, after: int = 1) -> Moments:
    """Each member's ``latest`` baskets as moments, the ``skipped`` last ones left out; of baskets with ``after`` or
    more before them."""
    number = basket_numbers(history)
    back = history.basket_back
    chosen = np.flatnonzero((back >= skipped) & (back < skipped + latest) & (number >= after))
    return Moments(
        member=history.basket_member[chosen].astype(np.int64),
        time=history.basket_time[chosen] / DAY,
        number=number[chosen],
    )


def some_of(moments: Moments, *, most: int, rng: np.random.Generator) -> Moments:
    """``most`` of them at most, drawn by chance, in the same order."""
    if len(moments) <= most:
        return moments
    chosen = np.sort(rng.choice(len(moments), most, replace=False))
    return Moments(moments.member[chosen], moments.time[chosen], moments.number[chosen])


def now_moments(history: History, members: np.ndarray, at: np.ndarray) -> Moments:
    """Members asked ``at`` moments (µs) after everything that the history holds of them."""
    held = np.diff(history.member_baskets)[members]
    return Moments(members.astype(np.int64), at / DAY, held.astype(np.int64))


def own_rows(occasions: Occasions, moments: Moments) -> Rows:
    """Every item that a member had bought before the moment."""
    ends = occasions.member_places
    known = np.minimum(moments.member, len(ends) - 2)
    held = np.where(moments.member < len(ends) - 1, ends[known + 1] - ends[known], 0)
    moment = np.repeat(np.arange(len(moments)), held)
    begin = np.cumsum(held) - held
    place = ends[known][moment] + np.arange(len(moment)) - begin[moment]
    number = moments.number[moment]
    last = (occasions.number[place] < number) & (occasions.next_number[place] >= number)
    moment, place = moment[last], place[last]
    return Rows(moment, occasions.thing[place], place)


def new_rows(occasions: Occasions, moments: Moments, offered: np.ndarray) -> Rows:
    """Items that the member had never bought before; ``offered`` int, moments × n, -1 where nothing is offered."""
    moment = np.repeat(np.arange(len(moments)), offered.shape[1])
    item = offered.ravel().astype(np.int64)
    place = occasions.last_before(moments.member[moment], item, moments.number[moment])
    new = (place < 0) & (item >= 0)
    return Rows(moment[new], item[new], place[new])


def rows_of(parts: Sequence[Rows]) -> Rows:
    """One after the other."""
    return Rows(*(np.concatenate([getattr(p, name) for p in parts]) for name in ("moment", "item", "place")))


def together(left: Rows, right: Rows) -> Rows:
    """Both, by moment."""
    moment = np.concatenate((left.moment, right.moment))
    order = np.argsort(moment, kind="stable")
    item = np.concatenate((left.item, right.item))
    place = np.concatenate((left.place, right.place))
    return Rows(moment[order], item[order], place[order])


def bought(occasions: Occasions, moments: Moments, rows: Rows) -> np.ndarray:
    """Bool: whether the item is in the basket that was bought at the moment (of ``past_baskets``)."""
    number = moments.number[rows.moment]
    found = occasions.last_before(moments.member[rows.moment], rows.item, number + 1)
    return (found >= 0) & (occasions.number[found] == number)


def telling(
    labels: np.ndarray, moment: np.ndarray, *, rng: np.random.Generator, against: int | None = None
) -> np.ndarray:
    """Places (rising) of rows from which an order can be learned: of moments with a bought row, all that were bought
    and ``against`` others at most (all if None), drawn by chance; ``moment`` rising."""
    has = np.zeros(int(moment[-1]) + 1 if len(moment) else 0, dtype=bool)
    has[moment[labels]] = True
    if against is None:
        return np.flatnonzero(has[moment])
    others = np.flatnonzero(has[moment] & ~labels)
    order = others[np.lexsort((rng.random(len(others)), moment[others]))]
    of = moment[order]
    first = np.searchsorted(of, of)
    drawn = order[np.arange(len(order)) - first < against]
    return np.sort(np.concatenate((np.flatnonzero(labels), drawn)))


def best_of(rows: Rows, scores: np.ndarray, *, most: int) -> np.ndarray:
    """Bool: the ``most`` highest scores of each moment; equal ones by item."""
    order = np.lexsort((rows.item, -scores, rows.moment))
    moment = rows.moment[order]
    place = np.arange(len(order))
    first = np.ones(len(order), dtype=bool)
    first[1:] = moment[1:] != moment[:-1]
    rank = place - np.maximum.accumulate(np.where(first, place, 0))
    chosen = np.zeros(len(order), dtype=bool)
    chosen[order[rank < most]] = True
    return chosen


def unique_rows(rows: Rows, *, items: int) -> Rows:
    """Each moment and item once, by moment and item."""
    _, first = np.unique(rows.moment * items + rows.item, return_index=True)
    return rows.keeping(first)
