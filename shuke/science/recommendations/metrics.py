"""How good lists are, for each member: recall, precision, hit rate, nDCG and average precision at several lengths.

Always against the whole catalogue; metrics on sampled negatives order strategies wrongly (Krichene and Rendle 2020) and
do not exist here.

nDCG is not one metric, so its ideal is named, and the same lists score differently under each:

- ``standard``: the ideal list has min(|T|, k) of the wanted items (Järvelin and Kekäläinen 2002, cut at k);
- ``all``: all |T|, although a list of k can never hold them (so published next-basket comparisons);
- ``k``: always k, even where fewer were bought (ReCANet's code).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

Ideal = Literal["standard", "all", "k"]
IDEALS: tuple[Ideal, ...] = ("standard", "all", "k")


def hits(items: np.ndarray, target_rows: np.ndarray, target_items: np.ndarray) -> np.ndarray:
    """Bool, lists × places: whether the item at a place (int32, -1 for none) is wanted by that row's member."""
    rows = len(target_rows) - 1
    width = int(max(items.max(initial=0), target_items.max(initial=0))) + 1
    owner = np.repeat(np.arange(rows, dtype=np.int64), np.diff(target_rows))
    wanted = owner * width + target_items
    asked = np.arange(rows, dtype=np.int64)[:, None] * width + items
    if not len(wanted):
        return np.zeros(items.shape, dtype=bool)
    places = np.minimum(np.searchsorted(wanted, asked), len(wanted) - 1)
    return (wanted[places] == asked) & (items >= 0)


def member_metrics(
    found: np.ndarray, wanted: np.ndarray, *, cutoffs: Sequence[int], ideal: Ideal = "standard"
) -> Mapping[str, np.ndarray]:
    """``recall@k, precision@k, hit_rate@k, ndcg@k, map@k`` of each member (float64), for each k of ``cutoffs``.

    ``found``: bool from ``hits``, at least max(cutoffs) places.  ``wanted``: int > 0, how many items each wanted.
    Average precision is over min(|T|, k).
    """
    places = np.arange(1, found.shape[1] + 1)
    gains = 1 / np.log2(places + 1)
    precision = np.cumsum(found, axis=1) / places
    result: dict[str, np.ndarray] = {}
    for k in cutoffs:
        head = found[:, :k]
        count = head.sum(axis=1)
        result[f"recall@{k}"] = count / wanted
        result[f"precision@{k}"] = count / k
        result[f"hit_rate@{k}"] = (count > 0).astype(np.float64)
        result[f"ndcg@{k}"] = head @ gains[:k] / ideal_gain(wanted, k=k, ideal=ideal)
        result[f"map@{k}"] = (precision[:, :k] * head).sum(axis=1) / np.minimum(wanted, k)
    return result


def ideal_gain(wanted: np.ndarray, *, k: int, ideal: Ideal) -> np.ndarray:
    """Discounted gain of the best list, by which nDCG is divided."""
    if ideal == "k":
        wanted = np.full(len(wanted), k)
    elif ideal == "standard":
        wanted = np.minimum(wanted, k)
    longest = int(wanted.max(initial=1))
    summed = np.cumsum(1 / np.log2(np.arange(1, longest + 1) + 1))
    return summed[wanted - 1]
