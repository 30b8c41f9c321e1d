"""Cutting a history in time: what a strategy may learn from, whom it is asked about, and what they bought then.

``last_basket``: each member's latest basket is asked for; everything else is known.  The usual protocol of the
literature on next baskets, and its weakness: other members' later baskets are in what is known.
``window``: everything from a day on is asked for; nothing of anybody from that day on is known.  ``rolling``: several
windows, one before the other.  Validation is the same rule applied to what is known, so it never sees the test.

The vocabulary is fixed by what is known; targets outside of it cannot be found by anybody, so they are dropped, and how
many were is part of the result.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

from shuke.science.recommendations.histories import DAY, History, pointers


@dataclass(frozen=True, eq=False)
class Split:
    """``known``: what may be learned from.  ``members`` (int32 numbers, rising) are asked about, each ``at`` a moment
    (int64 µs); member i bought ``target_items[target_rows[i]:target_rows[i + 1]]`` (int32, rising, in the vocabulary).

    ``asked_lines``: distinct member-items asked for before the vocabulary was applied; ``past``: everything known with
    every item, from which validation is cut.
    """

    name: str
    known: History
    past: History
    members: np.ndarray
    at: np.ndarray
    target_rows: np.ndarray
    target_items: np.ndarray
    asked_lines: int
    asked_members: int

    @property
    def dropped_share(self) -> float:
        """Part of what was bought that lies outside of the vocabulary."""
        return 1 - len(self.target_items) / self.asked_lines if self.asked_lines else 0.0

    def only(self, chosen: np.ndarray) -> Split:
        """The same split with fewer members (bool for each of ``members``), for segments and for quick looks."""
        lengths = np.diff(self.target_rows)
        return Split(
            name=self.name,
            known=self.known,
            past=self.past,
            members=self.members[chosen],
            at=self.at[chosen],
            target_rows=np.concatenate(([0], np.cumsum(lengths[chosen]))).astype(np.int64),
            target_items=self.target_items[np.repeat(chosen, lengths)],
            asked_lines=self.asked_lines,
            asked_members=self.asked_members,
        )


def learning_from(split: Split, *, lines: int, rng: np.random.Generator) -> History:
    """What is known of the members that are asked, and of others, drawn by chance, until there are ``lines`` lines;
    everything where there are not more, or for 0.  Members and items keep their numbers."""
    known = split.known
    if not lines or known.lines <= lines:
        return known
    kept = np.zeros(known.members, dtype=bool)
    kept[split.members] = True
    held = np.diff(known.member_rows)
    others = rng.permutation(np.flatnonzero(~kept))
    kept[others[np.cumsum(held[others]) <= lines - held[kept].sum()]] = True
    return known.keeping(kept[known.basket_member])


def last_basket(history: History, *, minimum_count: int = 10, minimum_baskets: int = 4) -> Split:
    """Each member's latest basket, of members with ``minimum_baskets`` or more (2 at least).

    ``minimum_count``: items in fewer baskets of what is known are left out.
    """
    least = max(minimum_baskets, 2)
    held = np.diff(history.member_baskets)
    asked = (history.basket_back == 0) & (held >= least)[history.basket_member]
    past = history.keeping(history.basket_back >= 1)
    return _split("last basket", past, history.keeping(asked), minimum_count=minimum_count, at=None)


def window(
    history: History, *, start: int, days: int = 28, minimum_count: int = 10, minimum_baskets: int = 1
) -> Split:
    """What members buy in ``days`` days from ``start`` (µs), of members with ``minimum_baskets`` or more before."""
    past = history.before(start)
    held = np.diff(past.member_baskets)
    inside = (history.basket_time >= start) & (history.basket_time < start + days * DAY)
    future = history.keeping(inside & (held >= minimum_baskets)[history.basket_member])
    return _split(f"{days} days", past, future, minimum_count=minimum_count, at=start)


def last_window(
    history: History, *, days: int = 28, minimum_count: int = 10, minimum_baskets: int = 1
) -> Split:
    """The last ``days`` days of the history, its last day included."""
    return window(
        history,
        start=history.end - days * DAY,
        days=days,
        minimum_count=minimum_count,
        minimum_baskets=minimum_baskets,
    )


def rolling(
    history: History, *, times: int, days: int = 28, minimum_count: int = 10, minimum_baskets: int = 1
) -> list[Split]:
    """The last ``times`` windows that do not overlap, the latest first."""
    edges = [history.end - number * days * DAY for number in range(times + 1)]
    return [
        window(
            history.before(end),
            start=start,
            days=days,
            minimum_count=minimum_count,
            minimum_baskets=minimum_baskets,
        )
        for end, start in pairwise(edges)
    ]


@dataclass(frozen=True)
class Cut:
    """A protocol: how a history is cut, so that test and validation are cut alike.

    ``kind``: ``last`` basket or ``window`` of ``days``.
    """

    kind: Literal["last", "window"] = "last"
    minimum_count: int = 10
    minimum_baskets: int = 4
    days: int = 28

    def test(self, history: History) -> Split:
        """What the strategies are judged on."""
        if self.kind == "last":
            return last_basket(
                history, minimum_count=self.minimum_count, minimum_baskets=self.minimum_baskets
            )
        return last_window(
            history,
            days=self.days,
            minimum_count=self.minimum_count,
            minimum_baskets=self.minimum_baskets,
        )

    def validation(self, test: Split) -> Split:
        """The same rule one step earlier: what parameters are chosen on.  It is cut from what the test knows."""
        if self.kind == "last":
            return last_basket(
                test.past, minimum_count=self.minimum_count, minimum_baskets=self.minimum_baskets - 1
            )
        start = int(test.at[0]) if len(test.at) else test.past.end
        return window(
            test.past,
            start=start - self.days * DAY,
            days=self.days,
            minimum_count=self.minimum_count,
            minimum_baskets=self.minimum_baskets,
        )


def _split(name: str, past: History, future: History, *, minimum_count: int, at: int | None) -> Split:
    """``at`` None: each member is asked at the time of its own basket."""
    kept = past.item_baskets >= max(minimum_count, 1)
    number = np.where(kept, np.cumsum(kept) - 1, -1)
    pairs = np.unique(future.row_member.astype(np.int64) * max(future.items, 1) + future.item)
    member, item = np.divmod(pairs, max(future.items, 1))
    coded = number[item.astype(np.int64)]
    inside = coded >= 0
    members, places = np.unique(member[inside], return_inverse=True)
    moments = np.zeros(past.members, dtype=np.int64)
    moments[future.basket_member] = future.basket_time if at is None else at
    return Split(
        name=name,
        known=past.with_vocabulary(kept),
        past=past,
        members=members.astype(np.int32),
        at=moments[members],
        target_rows=pointers(places, len(members)),
        target_items=coded[inside].astype(np.int32),
        asked_lines=len(pairs),
        asked_members=len(np.unique(member)),
    )
