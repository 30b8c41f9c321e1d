"""Choosing among variants of a strategy on validation: the step before the test, never the test itself."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from shuke.science.recommendations.metrics import Ideal, hits, member_metrics
from shuke.science.recommendations.splits import Split
from shuke.science.recommendations.strategies import Strategy, top

#: Members that decide, at most, drawn by chance.
MEMBERS = 2000


def chosen(
    variants: Sequence[Strategy],
    validation: Split,
    *,
    rng: np.random.Generator,
    k: int = 10,
    ideal: Ideal = "standard",
    threads: int = 1,
) -> Strategy:
    """The variant with the best nDCG@k, the first of equals; the first where validation has nobody."""
    if len(variants) < 2 or not len(validation.members):
        return variants[0]
    split = drawn(validation, members=MEMBERS, rng=rng)
    wanted = np.diff(split.target_rows)
    best, best_value = variants[0], -1.0
    for variant in variants:
        model = variant.fit(split.known, rng=np.random.default_rng(rng.bit_generator.random_raw()))
        lists = top(model, split.known, split.members, at=split.at, n=k, threads=threads)
        found = hits(lists.items, split.target_rows, split.target_items)
        value = float(member_metrics(found, wanted, cutoffs=(k,), ideal=ideal)[f"ndcg@{k}"].mean())
        if value > best_value:
            best, best_value = variant, value
    return best


def drawn(split: Split, *, members: int, rng: np.random.Generator) -> Split:
    """With at most so many members, by chance."""
    if len(split.members) <= members:
        return split
    marks = np.zeros(len(split.members), dtype=bool)
    marks[rng.choice(len(split.members), members, replace=False)] = True
    return split.only(marks)
