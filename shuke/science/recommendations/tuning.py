"""Choosing among variants of a strategy on validation: the step before the test, never the test itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from shuke.science.recommendations.metrics import Ideal, hits, member_metrics
from shuke.science.recommendations.splits import Split, learning_from
from shuke.science.recommendations.strategies import Strategy, top

S = TypeVar("S", bound=Strategy)

#: Members that decide, at most, drawn by chance.
MEMBERS = 2000


@dataclass(frozen=True, eq=False)
class Tried(Generic[S]):
    """The best of some variants, and its nDCG of each member that was asked on validation (float64)."""

    strategy: S
    each: np.ndarray


def chosen(
    variants: Sequence[S],
    validation: Split,
    *,
    rng: np.random.Generator,
    k: int = 10,
    ideal: Ideal = "standard",
    threads: int = 1,
    lines: int = 0,
    only_new: bool = False,
) -> Tried[S]:
    """The variant with the best nDCG@k, the first of equals; the first where validation has nobody.

    ``lines``: to learn from at most, 0 for all (``splits.learning_from``); ``only_new``: see ``evaluate``.
    """
    if not len(validation.members):
        return Tried(variants[0], np.empty(0))
    split = drawn(validation, members=MEMBERS, rng=rng)
    learn = learning_from(split, lines=lines, rng=rng)
    left_out = learn if only_new else None
    wanted = np.diff(split.target_rows)
    best: Tried[S] | None = None
    for variant in variants:
        model = variant.fit(learn, rng=np.random.default_rng(rng.bit_generator.random_raw()))
        lists = top(model, learn, split.members, at=split.at, n=k, leave_out=left_out, threads=threads)
        found = hits(lists.items, split.target_rows, split.target_items)
        each = member_metrics(found, wanted, cutoffs=(k,), ideal=ideal)[f"ndcg@{k}"]
        if best is None or each.mean() > best.each.mean():
            best = Tried(variant, each)
    return best or Tried(variants[0], np.empty(0))


def drawn(split: Split, *, members: int, rng: np.random.Generator) -> Split:
    """With at most so many members, by chance."""
    if len(split.members) <= members:
        return split
    marks = np.zeros(len(split.members), dtype=bool)
    marks[rng.choice(len(split.members), members, replace=False)] = True
    return split.only(marks)
