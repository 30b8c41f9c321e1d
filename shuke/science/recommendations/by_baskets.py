"""Members apart by how many baskets are known of them: what is best for regulars need not be best for newcomers.

Thirds of the judged members, or fewer groups where many have the same number of baskets: a group never parts members
with equally many.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shuke.science.recommendations.splits import Split

NAMES = ("few", "some", "many")


@dataclass(frozen=True, eq=False)
class MemberGroup:
    """Members with ``least`` to ``most`` known baskets; ``chosen``: bool for each of ``split.members``."""

    name: str
    least: int
    most: int
    chosen: np.ndarray


def by_baskets(split: Split) -> list[MemberGroup]:
    """The judged members in up to three groups, those with few baskets first; none without members."""
    if not len(split.members):
        return []
    held = np.diff(split.known.member_baskets)[split.members]
    borders = np.unique(np.quantile(held, (1 / 3, 2 / 3), method="lower"))
    place = np.searchsorted(borders, held)
    groups = [place == number for number in range(len(borders) + 1)]
    filled = [chosen for chosen in groups if chosen.any()]
    names = NAMES if len(filled) == len(NAMES) else (NAMES[0], NAMES[-1])
    return [
        MemberGroup(name, int(held[chosen].min()), int(held[chosen].max()), chosen)
        for name, chosen in zip(names, filled, strict=False)
    ]
