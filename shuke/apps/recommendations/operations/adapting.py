"""What an evaluation leaves out or draws by chance because a file is small or large, and how that is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from shuke.science.recommendations.ease import Ease
from shuke.science.recommendations.histories import History
from shuke.science.recommendations.splits import Cut, Split
from shuke.science.recommendations.tuning import MEMBERS
from shuke.science.recommendations.up_cf import UpCf

#: Baskets that an item must be in: the first that leaves so many items, or so large a part of the known lines.
COUNTS = (10, 3, 1)
ENOUGH_ITEMS, ENOUGH_LINES = 100, 0.9
#: Beyond so many lines a hundred items are in ten baskets each, or no default helps.
FEW_LINES = 50_000
#: Who reads neighbours out of a pool of members.
WITH_NEIGHBOURS = ("up-cf", "tifu-knn", "fusion", "weighted", "stacking", "discovery")


def usual_count(history: History, cut: Cut) -> int:
    """The least known baskets of an item where nobody says: ten, and fewer in files so small that ten leave little."""
    if history.lines > FEW_LINES:
        return COUNTS[0]
    held = replace(cut, minimum_count=1).test(history).past.item_baskets
    for count in COUNTS:
        reached = held >= count
        if reached.sum() >= ENOUGH_ITEMS or held[reached].sum() >= ENOUGH_LINES * held.sum():
            return count
    return COUNTS[-1]


def adaptations(split: Split, names: Sequence[str], *, tuned: bool, validated: int) -> tuple[str, ...]:
    """Sentences; empty where everything was done with everybody.  ``validated``: members asked on validation."""
    known, said = split.known, []
    if tuned and validated >= MEMBERS:
        said.append(f"Parameters are chosen by {MEMBERS:,} members drawn by chance.")
    largest = Ease().largest
    if "ease" in names and min(known.items, int(np.sum(np.diff(known.member_rows) > 0))) > largest:
        said.append(f"EASE models the {largest:,} most bought of {known.items:,} items.")
    pool = UpCf().pool
    if known.members > pool and not set(WITH_NEIGHBOURS).isdisjoint(names):
        said.append(
            f"Members alike are looked for among {pool:,} of {known.members:,} members, drawn by chance."
        )
    return tuple(said)
