"""Which items that are new to a member might come next: the popular of that day, and what other strategies propose.

A strategy is fitted on a history that ends before the moments, so that what it says of them is out of its period.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from shuke.science.recommendations.histories import DAY, History
from shuke.science.recommendations.repeats.known import Known
from shuke.science.recommendations.repeats.rows import Moments, Rows, new_rows, own_rows, unique_rows
from shuke.science.recommendations.strategies import Lists, Model, top

#: Days of popularity.
RECENT = 28


def popular_then(known: Known, moments: Moments, *, most: int) -> np.ndarray:
    """int64 moments × ``most``: what was bought in most baskets of the 28 days before the moment's day, -1 where
    nothing is left, without what the member had bought before."""
    found = np.full((len(moments), most), -1, dtype=np.int64)
    history = known.history
    day, item = known.by_day
    then = np.floor(moments.time).astype(np.int64)
    for today in np.unique(then):
        start, end = np.searchsorted(day, [today - RECENT, today])
        recent = np.bincount(item[start:end], minlength=history.items)
        ranked = np.argsort(-recent, kind="stable")
        ranked = ranked[recent[ranked] > 0]
        asked = np.flatnonzero(then == today)
        own = own_rows(
            known.items, Moments(moments.member[asked], moments.time[asked], moments.number[asked])
        )
        edges = np.searchsorted(own.moment, np.arange(len(asked) + 1))
        for number, moment in enumerate(asked):
            mine = own.item[edges[number] : edges[number + 1]]
            head = ranked[: most + len(mine)]
            left = head[~np.isin(head, mine)][:most]
            found[moment, : len(left)] = left
    return found


@dataclass(frozen=True, eq=False)
class Proposals:
    """What one strategy proposes to each member, of items that the member has not: ``row`` int64 is the row of each
    member in ``lists``, -1 for a member that was not asked."""

    name: str
    items: int
    row: np.ndarray
    lists: Lists

    def of(self, member: np.ndarray, *, most: int) -> np.ndarray:
        """int64 members × ``most`` items, -1 where there are fewer."""
        head = self.lists.items[:, :most].astype(np.int64)
        return np.where(self.row[member][:, None] >= 0, head[self.row[member]], -1)

    @cached_property
    def _ordered(self) -> tuple[np.ndarray, np.ndarray]:
        """Places in the lists in order of (row, item), and what they are ordered by; -1 for an empty place."""
        key = np.arange(len(self.lists.items))[:, None] * self.items + self.lists.items
        key = np.where(self.lists.items >= 0, key, -1).ravel()
        order = np.argsort(key, kind="stable")
        return order, key[order]

    def columns(self, member: np.ndarray, item: np.ndarray) -> dict[str, np.ndarray]:
        """Place in the member's list and score beside its best; NaN where the item is not in it."""
        rows, width = self.lists.items.shape
        if not rows:
            nothing = np.full(len(item), np.nan)
            return {f"{self.name}_place": nothing, f"{self.name}_score": nothing}
        order, keys = self._ordered
        wanted = self.row[member] * self.items + item
        found = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        held = (keys[found] == wanted) & (self.row[member] >= 0)
        place = order[found]
        best = np.maximum(np.abs(self.lists.scores[:, 0]), 1e-12)
        score = np.where(held, self.lists.scores.ravel()[place], 0.0) / best[place // width]
        return {
            f"{self.name}_place": np.where(held, place % width, np.nan),
            f"{self.name}_score": np.where(held, score, np.nan),
        }


def proposals(name: str, model: Model, history: History, moments: Moments, *, most: int) -> Proposals:
    """Ask a model, fitted on ``history``, once for each member of the moments, as of the first of them."""
    members, first = np.unique(moments.member, return_index=True)
    at = np.round(moments.time[first] * DAY).astype(np.int64)
    lists = top(model, history, members, at=at, n=most, leave_out=history)
    row = np.full(history.members, -1, dtype=np.int64)
    row[members] = np.arange(len(members))
    return Proposals(name.replace("-", "_"), history.items, row, lists)


def discovered(
    known: Known, moments: Moments, proposed: Sequence[Proposals], *, popular: int, most: int
) -> Rows:
    """``popular`` popular items and ``most`` of each strategy, as rows without repeats."""
    offered = [popular_then(known, moments, most=popular)]
    offered += [proposal.of(moments.member, most=most) for proposal in proposed]
    return unique_rows(new_rows(known.items, moments, np.hstack(offered)), items=known.history.items)
