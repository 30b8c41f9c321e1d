"""The parts of a bundle that are counted and not learned: purchases, popularity, neighbours of items."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from scipy import sparse

from shuke.science.recommendations.bundles import Purchases
from shuke.science.recommendations.histories import DAY, History, pointers
from shuke.science.recommendations.item_knn import weighted
from shuke.science.recommendations.strategies import Lists, best, tie_order

#: Days of popularity; a store or segment with fewer baskets than ``FEW`` in them says nothing of its own.
POPULAR_DAYS = 28
FEW = 20
#: Items at a time while neighbours are looked for.
BLOCK = 256


def purchases_of(history: History) -> Purchases:
    """What each member bought, how often, when last, and in which rhythm."""
    member, item = history.row_member.astype(np.int64), history.item.astype(np.int64)
    order = np.lexsort((history.row_day, item, member))
    key = member[order] * max(history.items, 1) + item[order]
    day = history.row_day[order].astype(np.int64)
    first = np.ones(len(key), dtype=bool)
    first[1:] = key[1:] != key[:-1]
    starts = np.flatnonzero(first)
    count = np.diff(np.concatenate((starts, [len(key)])))
    ends = starts + count - 1
    gaps = np.concatenate(([0.0], np.diff(day)))
    gaps[first] = 0.0
    summed = np.add.reduceat(gaps, starts) if len(starts) else np.zeros(0)
    squared = np.add.reduceat(gaps**2, starts) if len(starts) else np.zeros(0)
    with np.errstate(divide="ignore", invalid="ignore"):
        gap = np.where(count > 1, summed / (count - 1), np.nan)
        variance = np.maximum(squared / (count - 1) - gap**2, 0.0)
        spread = np.where((count > 2) & (gap > 0), np.sqrt(variance) / gap, np.nan)
    return Purchases(
        rows=pointers(key[starts] // max(history.items, 1), history.members),
        item=(key[starts] % max(history.items, 1)).astype(np.int32),
        count=count.astype(np.int32),
        last_day=day[ends].astype(np.int32),
        gap=gap.astype(np.float32),
        spread=spread.astype(np.float32),
    )


def usual_stores(history: History) -> np.ndarray:
    """int32 store where each member has most baskets, the lowest number of equals; -1 where none is known."""
    usual = np.full(history.members, -1, dtype=np.int32)
    if history.basket_store is None or history.store_ids is None:
        return usual
    return _most_visited(history, history.basket_store, len(history.store_ids))


def _most_visited(history: History, store_of: np.ndarray, stores: int) -> np.ndarray:
    usual = np.full(history.members, -1, dtype=np.int32)
    visits, counts = np.unique(history.basket_member.astype(np.int64) * stores + store_of, return_counts=True)
    # The last assignment of a member wins: most visits, the lowest number of equals.
    order = np.lexsort((-visits, counts))
    member, store = np.divmod(visits[order], stores)
    usual[member] = store
    return usual


def popular_of(
    history: History, *, segment: np.ndarray, segment_names: np.ndarray, depth: int
) -> Mapping[str, Lists]:
    """What is popular everywhere, in each store and in each segment; scores are chances to be in a basket there.

    ``segment``: int32 of each member, -1 for none.  Stores and segments with few recent baskets are left out.
    """
    recent = history.keeping(history.basket_time >= history.end - POPULAR_DAYS * DAY)
    ties = tie_order(history)
    found = {"all": _ranked(recent, ties, depth)}
    if recent.basket_store is not None and recent.store_ids is not None:
        found |= _by_group(recent, recent.basket_store, recent.store_ids, ties, depth, prefix="store:")
    return found | _by_group(
        recent, segment[recent.basket_member], segment_names, ties, depth, prefix="segment:"
    )


def _by_group(
    recent: History, group: np.ndarray, names: np.ndarray, ties: np.ndarray, depth: int, *, prefix: str
) -> dict[str, Lists]:
    baskets = np.bincount(group[group >= 0], minlength=len(names))
    return {
        f"{prefix}{names[number]}": _ranked(recent.keeping(group == number), ties, depth)
        for number in np.flatnonzero(baskets >= FEW)
    }


def _ranked(history: History, ties: np.ndarray, depth: int) -> Lists:
    scores = history.item_baskets.astype(np.float32) / max(history.baskets, 1)
    scores[scores == 0] = -np.inf
    return best(scores[None, :], ties, n=depth)


def similar_items(
    history: History,
    vectors: sparse.csr_matrix,
    *,
    depth: int,
    content: float = 0.5,
    threads: int = 1,
) -> Lists:
    """Items that replace one another: what they are (unit rows of ``vectors``), and whether the same members buy them.

    score = ``content`` · cosine of what they are + (1 − ``content``) · cosine of who buys them (TF-IDF)
    """
    bought = weighted(history.counts().T.tocsr(), weighting="tf-idf")
    spaces = [
        (np.float32(weight) * space.astype(np.float32).tocsr(), space.astype(np.float32).T.tocsr())
        for space, weight in ((vectors, content), (bought, 1 - content))
    ]
    ties = tie_order(history)

    def part(start: int) -> Lists:
        rows = slice(start, min(start + BLOCK, history.items))
        alike = np.zeros((rows.stop - rows.start, history.items), dtype=np.float32)
        for space, across in spaces:
            alike += (space[rows] @ across).toarray()
        alike[np.arange(len(alike)), np.arange(rows.start, rows.stop)] = -np.inf
        return best(alike, ties, n=depth)

    with ThreadPoolExecutor(threads) as pool:
        return offered(_stacked(list(pool.map(part, range(0, history.items, BLOCK))), depth))


def offered(lists: Lists, *, above: float = 0.0) -> Lists:
    """Without what scores no more than ``above``: a place that says nothing is left empty."""
    nothing = ~(lists.scores > above)
    return Lists(
        np.where(nothing, np.int32(-1), lists.items), np.where(nothing, np.float32(-np.inf), lists.scores)
    )


def _stacked(parts: list[Lists], depth: int) -> Lists:
    items = [part.items for part in parts] or [np.empty((0, depth), dtype=np.int32)]
    scores = [part.scores for part in parts] or [np.empty((0, depth), dtype=np.float32)]
    return Lists(np.vstack(items), np.vstack(scores))


def rows_of(
    matrix: sparse.csr_matrix, ties: np.ndarray, *, depth: int, without: np.ndarray | None = None
) -> Lists:
    """The ``depth`` largest positive values of each sparse row under the tie rule; ``without``: an item of each row."""
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    kept = matrix.data > 0
    if without is not None:
        kept &= matrix.indices != without[rows]
    row, item, value = rows[kept], matrix.indices[kept], matrix.data[kept].astype(np.float32)
    order = np.lexsort((ties[item], -value, row))
    row, item, value = row[order], item[order], value[order]
    starts = np.searchsorted(row, np.arange(matrix.shape[0]))
    place = np.arange(len(row)) - starts[row]
    head = place < depth
    items = np.full((matrix.shape[0], depth), -1, dtype=np.int32)
    scores = np.full((matrix.shape[0], depth), -np.inf, dtype=np.float32)
    items[row[head], place[head]] = item[head]
    scores[row[head], place[head]] = value[head]
    return Lists(items, scores)
