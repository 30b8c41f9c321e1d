"""What every strategy of recommendation is: something that is fitted on a history and then scores items for members.

**Tie rule.**  Items of a list are in order of (score as float32, highest first; baskets of the last 28 days of the
known history, most first; item number, lowest first, that is the order of the items' ids).  Without such a rule, a
baseline of personal frequency moves by a tenth of its recall with the order of rows in a file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np

from shuke.science.recommendations.histories import RECENT_DAYS, History

TIE_RULE = f"score, then baskets of the last {RECENT_DAYS} days, then item id"
#: Members scored at a time: 128 × 20,000 items of float32 are 10 MB.
CHUNK = 128
NOBODY = np.float32(-np.inf)
Part = TypeVar("Part")


class Model(Protocol):
    """A fitted strategy."""

    def scores(self, members: np.ndarray, at: np.ndarray) -> np.ndarray:
        """Float32, ``len(members)`` × items of the history it was fitted on; ``-inf`` where it does not offer an item.

        ``members``: numbers of the history; a member without baskets gets what the strategy says to strangers.
        ``at``: int64 µs, when each is asked; nothing at or after that moment is in the history.
        The caller may write into the answer.
        """
        ...


class Strategy(Protocol):
    """A way to recommend, with its parameters; frozen, so that it can stand in a report."""

    @property
    def name(self) -> str:
        """The known name, in lower case with hyphens."""
        ...

    def fit(self, history: History, *, rng: np.random.Generator) -> Model:
        """Learn from a history; the same history and generator give the same model."""
        ...


@dataclass(frozen=True, eq=False)
class Lists:
    """The best items of each member: ``items`` int32 and ``scores`` float32, members × n; -1 and -inf where none is."""

    items: np.ndarray
    scores: np.ndarray


def tie_order(history: History) -> np.ndarray:
    """uint32 place of each item in the order that breaks ties, 0 first."""
    return places_of_ties(history.recent)


def places_of_ties(recent: np.ndarray) -> np.ndarray:
    """The same from the recent baskets of each item."""
    order = np.lexsort((np.arange(len(recent)), -recent))
    place = np.empty(len(recent), dtype=np.uint32)
    place[order] = np.arange(len(recent), dtype=np.uint32)
    return place


def best(scores: np.ndarray, ties: np.ndarray, *, n: int) -> Lists:
    """The exact best ``n`` of each row of ``scores`` (float32, rows × items) under the tie rule."""
    rows, count = scores.shape
    scores = scores.astype(np.float32, copy=False)
    if n >= count or not rows:
        return _widened(_by_keys(scores, ties, n=min(n, count)), n)
    # From below: numpy takes twenty times as long to part a crowd of equals at its far end.
    edge = -np.partition(-scores, n - 1, axis=1)[:, n - 1]
    reached = scores >= edge[:, None]
    # Where many share the last place (all that were never bought, say), sorting them by the tie rule is dear.
    crowded = reached.sum(axis=1) > 8 * n
    reached[crowded] = False
    row, item = np.nonzero(reached)
    order = np.lexsort((ties[item], -scores[row, item], row))
    starts = np.searchsorted(row, np.flatnonzero(~crowded))
    items = np.empty((rows, n), dtype=np.int32)
    items[~crowded] = item[order][starts[:, None] + np.arange(n)]
    found = np.take_along_axis(scores, np.where(crowded[:, None], 0, items).astype(np.int64), axis=1)
    items[np.isneginf(found) & ~crowded[:, None]] = -1
    if crowded.any():
        shared = _with_a_crowd(scores[crowded], ties, edge[crowded], n=n)
        items[crowded], found[crowded] = shared.items, shared.scores
    return Lists(items, found)


def _with_a_crowd(scores: np.ndarray, ties: np.ndarray, edge: np.ndarray, *, n: int) -> Lists:
    """The same where many items share the ``n``-th best score (``edge`` of each row): what is above it, then the first
    of the crowd in the order of ties."""
    row, item = np.nonzero(scores > edge[:, None])
    order = np.argsort(ties)
    free = n - np.bincount(row, minlength=len(scores))
    width = 8 * n
    while True:
        crowd = scores[:, order[:width]] == edge[:, None]
        place = np.cumsum(crowd, axis=1, dtype=np.int32)
        if width >= len(order) or (place[:, -1] >= free).all():
            break
        width *= 8
    filled, at = np.nonzero(crowd & (place <= free[:, None]))
    row, item = np.concatenate((row, filled)), np.concatenate((item, order[at]))
    sorted_ = np.lexsort((ties[item], -scores[row, item], row))
    items = item[sorted_].reshape(len(scores), n).astype(np.int32)
    found = np.take_along_axis(scores, items.astype(np.int64), axis=1)
    items[np.isneginf(found)] = -1
    return Lists(items, found)


def _by_keys(scores: np.ndarray, ties: np.ndarray, *, n: int) -> Lists:
    """One whole number for each item that sorts like (score falling, tie place rising), so that no two are equal."""
    bits = (scores + np.float32(0.0)).view(np.uint32)
    rising = np.where(bits >> 31, ~bits, bits | np.uint32(1 << 31))
    keys = ((~rising).astype(np.uint64) << np.uint64(32)) | ties
    if n < scores.shape[1]:
        keys = np.partition(keys, n - 1, axis=1)[:, :n]
    keys.sort(axis=1)
    items = np.argsort(ties)[(keys & np.uint64(0xFFFFFFFF)).astype(np.int64)].astype(np.int32)
    found = np.take_along_axis(scores, items.astype(np.int64), axis=1)
    items[np.isneginf(found)] = -1
    return Lists(items, found)


def _widened(lists: Lists, n: int) -> Lists:
    """With empty places at the end."""
    rows, have = lists.items.shape
    if have == n:
        return lists
    return Lists(
        np.hstack([lists.items, np.full((rows, n - have), -1, dtype=np.int32)]),
        np.hstack([lists.scores, np.full((rows, n - have), NOBODY, dtype=np.float32)]),
    )


def top(
    model: Model,
    history: History,
    members: np.ndarray,
    *,
    at: np.ndarray,
    n: int,
    leave_out: History | None = None,
    ties: np.ndarray | None = None,
    threads: int = 1,
    chunk: int = CHUNK,
) -> Lists:
    """The exact best ``n`` items of each member; ``leave_out``: never what a member bought in that history.

    ``history`` is the one the model was fitted on; ``ties`` those of all members where it holds a part of them.  The
    answer does not depend on ``threads`` or ``chunk``.
    """
    ties = tie_order(history) if ties is None else ties

    def part(places: slice) -> Lists:
        scores = model.scores(members[places], at[places])
        if leave_out is not None:
            mask(scores, leave_out, members[places])
        return best(scores, ties, n=n)

    return _joined(_each(part, len(members), chunk=chunk, threads=threads), n)


def top_and_new(
    model: Model,
    history: History,
    members: np.ndarray,
    *,
    at: np.ndarray,
    n: int,
    threads: int = 1,
    chunk: int = CHUNK,
) -> tuple[Lists, Lists]:
    """The lists of ``top`` without and with ``leave_out=history``, from scores that are computed once."""
    ties = tie_order(history)

    def part(places: slice) -> tuple[Lists, Lists]:
        scores = model.scores(members[places], at[places])
        everything = best(scores, ties, n=n)
        mask(scores, history, members[places])
        return everything, best(scores, ties, n=n)

    found = _each(part, len(members), chunk=chunk, threads=threads)
    return _joined([lists for lists, _ in found], n), _joined([new for _, new in found], n)


def _each(part: Callable[[slice], Part], count: int, *, chunk: int, threads: int) -> list[Part]:
    """What is made of each chunk, in order."""
    pieces = list(_chunks(count, chunk))
    if threads > 1:
        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(part, pieces))
    return [part(piece) for piece in pieces]


def _joined(found: Sequence[Lists], n: int) -> Lists:
    if not found:
        return Lists(np.empty((0, n), dtype=np.int32), np.empty((0, n), dtype=np.float32))
    return Lists(np.vstack([f.items for f in found]), np.vstack([f.scores for f in found]))


def mask(scores: np.ndarray, history: History, members: np.ndarray) -> None:
    """Take away, in place, what each member bought in a history."""
    for row, member in enumerate(members):
        own = history.item[history.member_rows[member] : history.member_rows[member + 1]]
        scores[row, own] = NOBODY


def _chunks(count: int, size: int) -> Iterator[slice]:
    for start in range(0, count, size):
        yield slice(start, min(start + size, count))
