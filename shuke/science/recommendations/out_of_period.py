"""What strategies say of baskets they have not seen: the only scores that weights and calibrations may be learned from.

Each member's latest basket is held out, the strategies are fitted on everything before it, and their best items are
laid beside what was in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from shuke.science.recommendations.histories import History
from shuke.science.recommendations.strategies import Lists, Model, Strategy, top

#: Added to a place before its reciprocal is taken (Cormack, Clarke and Büttcher 2009).
RECIPROCAL = 60.0


@dataclass(frozen=True, eq=False)
class OutOfPeriod:
    """Rows (member, item) that any source listed, by member: ``member`` int64 (place among those asked), ``item``
    int64, ``bought`` bool; ``place`` and ``score`` float64 rows × sources, NaN where a source did not list it;
    ``wanted`` int64: how many items each member bought."""

    member: np.ndarray
    item: np.ndarray
    bought: np.ndarray
    place: np.ndarray
    score: np.ndarray
    wanted: np.ndarray


def out_of_period(
    sources: Sequence[Strategy],
    history: History,
    *,
    rng: np.random.Generator,
    most: int = 50,
    members: int = 2000,
    least_baskets: int = 3,
) -> OutOfPeriod:
    """Of ``members`` members at most, drawn by chance, with ``least_baskets`` baskets before their latest."""
    earlier = history.without_last()
    last = np.flatnonzero(history.basket_back == 0)
    held = np.diff(history.basket_rows)[last] > 0
    held &= np.diff(earlier.member_baskets)[history.basket_member[last]] >= least_baskets
    last = last[held]
    if len(last) > members:
        last = np.sort(rng.choice(last, members, replace=False))
    who, at = history.basket_member[last], history.basket_time[last]
    lists = [top(source.fit(earlier, rng=rng), earlier, who, at=at, n=most) for source in sources]
    owner = np.repeat(np.arange(len(last)), np.diff(history.basket_rows)[last])
    lines = np.isin(history.row_basket, last)
    wanted = owner * np.int64(max(history.items, 1)) + history.item[lines]
    return laid_together(
        lists, items=history.items, wanted=np.sort(wanted), counts=np.diff(history.basket_rows)[last]
    )


def laid_together(
    lists: Sequence[Lists], *, items: int, wanted: np.ndarray | None = None, counts: np.ndarray | None = None
) -> OutOfPeriod:
    """Lists of the same members side by side; ``wanted``: rising member × items + item of what was bought."""
    width = np.int64(max(items, 1))
    keys = []
    for found in lists:
        rows = np.arange(len(found.items), dtype=np.int64)[:, None]
        keys.append(np.where(found.items >= 0, rows * width + found.items, -1))
    everything = np.unique(np.concatenate([key.ravel() for key in keys]))
    everything = everything[everything >= 0]
    place = np.full((len(everything), len(lists)), np.nan)
    score = np.full((len(everything), len(lists)), np.nan)
    for number, (key, found) in enumerate(zip(keys, lists, strict=True)):
        flat = key.ravel()
        at = np.searchsorted(everything, flat[flat >= 0])
        place[at, number] = np.broadcast_to(np.arange(key.shape[1]), key.shape).ravel()[flat >= 0]
        score[at, number] = found.scores.ravel()[flat >= 0]
    bought = np.zeros(len(everything), dtype=bool) if wanted is None else np.isin(everything, wanted)
    number_wanted = np.zeros(0, dtype=np.int64) if counts is None else counts.astype(np.int64)
    return OutOfPeriod(everything // width, everything % width, bought, place, score, number_wanted)


def reciprocal(place: np.ndarray) -> np.ndarray:
    """1 / (60 + place), the first place being 1; 0 where a source did not list the item."""
    return np.nan_to_num(1.0 / (RECIPROCAL + 1.0 + place))


def spread(rows: OutOfPeriod, values: np.ndarray, *, members: int, items: int) -> np.ndarray:
    """Float32 members × items from values of rows, -inf elsewhere."""
    scores = np.full((members, items), -np.inf, dtype=np.float32)
    scores[rows.member, rows.item] = values
    return scores


def lists_of(
    models: Sequence[Model], history: History, members: np.ndarray, at: np.ndarray, *, most: int
) -> OutOfPeriod:
    """What fitted sources say now, side by side."""
    found = [top(model, history, members, at=at, n=most) for model in models]
    return laid_together(found, items=history.items)
