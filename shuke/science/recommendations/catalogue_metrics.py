"""What all lists together do to the catalogue: coverage, concentration, novelty, diversity, calibration.

- coverage: part of the vocabulary that is on any list;
- Gini: how unevenly places on lists go to items, 0 all alike, 1 all to one;
- novelty: mean of -log2 of the part of members who have the item (Vargas and Castells 2011), in bits;
- diversity: mean distance (1 - cosine of who buys them, or of their group) between two items of a list;
- calibration: mean Jensen-Shannon divergence, in bits, between the groups of what a member bought and of its list
  (after Steck 2018): 0 is perfectly calibrated.  Groups are given (categories) or thirds of popularity.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy import sparse

from shuke.science.recommendations.histories import History
from shuke.science.recommendations.linear import unit_rows

#: Lists whose diversity is measured at most; they are taken evenly from all.
LISTS_MEASURED = 1000


def catalogue_metrics(
    items: np.ndarray, history: History, members: np.ndarray, *, groups: np.ndarray | None = None
) -> Mapping[str, float]:
    """``coverage, gini, novelty, diversity, calibration`` of lists (int32, members × k, -1 for an empty place).

    ``groups``: int of each item, 0 and up; None for thirds of popularity.
    """
    shown = np.bincount(items[items >= 0], minlength=history.items)
    has = history.counts()
    has.data = np.ones_like(has.data)
    holders = np.bincount(has.indices, minlength=history.items)
    rarity = -np.log2(np.maximum(holders, 1) / max(history.members, 1))
    if not shown.sum():
        return dict.fromkeys(("coverage", "gini", "novelty", "diversity", "calibration"), float("nan"))
    return {
        "coverage": float((shown > 0).mean()),
        "gini": gini(shown),
        "novelty": float(rarity @ shown / shown.sum()),
        "diversity": diversity(items, unit_rows(has.T.tocsr()) if groups is None else _one_hot(groups)),
        "calibration": calibration(
            items, history, members, groups=popularity_thirds(history) if groups is None else groups
        ),
    }


def gini(counts: np.ndarray) -> float:
    """Gini coefficient of counts, zeros included."""
    rising = np.sort(counts.astype(np.float64))
    n = len(rising)
    return float((2 * np.arange(1, n + 1) - n - 1) @ rising / (n * rising.sum()))


def diversity(items: np.ndarray, vectors: sparse.csr_matrix) -> float:
    """Mean of 1 - cosine over pairs of a list, over lists with two items or more; ``vectors`` have unit rows."""
    chosen = items[
        np.unique(np.linspace(0, len(items) - 1, min(len(items), LISTS_MEASURED)).astype(np.int64))
    ]
    places = chosen >= 0
    length = places.sum(axis=1)
    rows = np.repeat(np.arange(len(chosen)), length)
    shape = (len(chosen), vectors.shape[0])
    lists = sparse.csr_matrix((np.ones(len(rows)), (rows, chosen[places])), shape=shape)
    sums = (lists @ vectors).tocsr()
    squares = np.asarray(sums.multiply(sums).sum(axis=1)).ravel()
    alone = (lists @ np.asarray(vectors.multiply(vectors).sum(axis=1)).ravel()).ravel()
    enough = length > 1
    if not enough.any():
        return float("nan")
    pairs = length[enough] * (length[enough] - 1)
    return float((1 - (squares - alone)[enough] / pairs).mean())


def calibration(items: np.ndarray, history: History, members: np.ndarray, *, groups: np.ndarray) -> float:
    """See the module; over members with a history and a list."""
    count = int(groups.max(initial=0)) + 1
    of_line = history.row_member.astype(np.int64) * count + groups[history.item]
    bought = np.bincount(of_line, minlength=history.members * count).reshape(history.members, count)[members]
    places = items >= 0
    rows = np.repeat(np.arange(len(items)), places.sum(axis=1))
    listed = np.bincount(rows * count + groups[items[places]], minlength=len(items) * count)
    listed = listed.reshape(len(items), count)
    both = (bought.sum(axis=1) > 0) & (listed.sum(axis=1) > 0)
    if not both.any():
        return float("nan")
    p, q = (table[both] / table[both].sum(axis=1, keepdims=True) for table in (bought, listed))
    middle = (p + q) / 2
    return float((_entropy(middle) - (_entropy(p) + _entropy(q)) / 2).mean())


def popularity_thirds(history: History) -> np.ndarray:
    """0, 1 or 2: the most bought items that make the first, second and last third of all lines."""
    order = np.argsort(-history.item_baskets, kind="stable")
    before = np.cumsum(history.item_baskets[order]) - history.item_baskets[order]
    thirds = np.empty(history.items, dtype=np.int64)
    thirds[order] = np.minimum(3 * before // max(history.lines, 1), 2)
    return thirds


def _entropy(parts: np.ndarray) -> np.ndarray:
    """In bits, of each row."""
    return -(parts * np.log2(np.where(parts > 0, parts, 1.0))).sum(axis=1)


def _one_hot(groups: np.ndarray) -> sparse.csr_matrix:
    rows = np.arange(len(groups))
    return sparse.csr_matrix((np.ones(len(groups)), (rows, groups)))
