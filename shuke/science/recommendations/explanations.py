"""Why an item is recommended, in one sentence that the member could check: "you buy this about every 3 weeks".

The sentence is chosen by what is true of the member and the item, the most telling first; never by what a model found
important, which nobody could check.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from shuke.science.reading import Reading
from shuke.science.recommendations.histories import DAY, History

#: Purchases from which a rhythm is spoken of.
RHYTHM = 3
#: Gaps that vary more than this (standard deviation beside mean) are no rhythm.
IRREGULAR = 0.75
#: Part of its cycle after which an item is due again.
DUE = 0.85
#: A gap of so many days or more is told in weeks.
WEEKS = 12.0
#: Strategies that look for members alike, and (beginnings of) those that look for items alike.
OF_MEMBERS = frozenset({"up-cf", "tifu-knn"})
OF_ITEMS = ("item-knn", "ease", "complements", "rp3beta")


@dataclass(frozen=True)
class Grounds:
    """What is true of a member and an item.  ``gap``: mean days between purchases; ``spread``: their standard deviation
    beside the mean; ``kind``: name of the item's kind where the member buys that kind; ``on_offer``: in the member's
    store now; ``source``: name of the strategy that proposed a new item."""

    count: int = 0
    days_since: float | None = None
    gap: float | None = None
    spread: float | None = None
    kind: str | None = None
    kind_count: int = 0
    on_offer: bool = False
    source: str | None = None


def explanation(grounds: Grounds) -> Reading:
    """The most telling true sentence."""
    return _of_own(grounds) if grounds.count else _of_new(grounds)


def _of_new(grounds: Grounds) -> Reading:
    """Of an item the member has not bought."""
    if grounds.on_offer and grounds.kind_count:
        return Reading("New to you, and on offer: you often buy {kind}.", {"kind": grounds.kind})
    if grounds.on_offer:
        return Reading("On offer in your store this week.")
    if grounds.kind_count:
        return Reading("You often buy {kind}; many choose this one.", {"kind": grounds.kind})
    if grounds.source in OF_MEMBERS:
        return Reading("Members who shop like you buy this.")
    if grounds.source and grounds.source.startswith(OF_ITEMS):
        return Reading("It goes with what you buy.")
    return Reading("Many members buy this at the moment.")


def _of_own(grounds: Grounds) -> Reading:
    """Of an item the member has bought."""
    days = round(grounds.days_since or 0)
    gap = grounds.gap
    regular = grounds.spread is None or grounds.spread <= IRREGULAR
    if grounds.count >= RHYTHM and gap is not None and gap >= 1 and regular:
        due = (grounds.days_since or 0) >= DUE * gap
        return _weekly(round(gap / 7), due=due) if gap >= WEEKS else _daily(round(gap), due=due)
    if grounds.on_offer:
        return Reading("You have bought this before, and it is on offer.")
    if days < 2:
        return Reading("You bought this lately.")
    if grounds.count > 1:
        return Reading(
            "You have bought this {count} times, last {days} days ago.",
            {"count": grounds.count, "days": days},
        )
    return Reading("You bought this {days} days ago.", {"days": days})


def _weekly(weeks: int, *, due: bool) -> Reading:
    if due:
        return Reading("You buy this about every {weeks} weeks; it is time again.", {"weeks": weeks})
    return Reading("You buy this about every {weeks} weeks.", {"weeks": weeks})


def _daily(days: int, *, due: bool) -> Reading:
    if days < 2:
        return Reading("You buy this nearly every day.")
    if due:
        return Reading("You buy this about every {days} days; it is time again.", {"days": days})
    return Reading("You buy this about every {days} days.", {"days": days})


def grounds_of(history: History, member: int, items: Sequence[int], *, at: int) -> list[Grounds]:
    """What a history tells about a member and items, as of ``at`` (µs)."""
    rows = slice(history.member_rows[member], history.member_rows[member + 1])
    item, basket = history.item[rows], history.row_basket[rows]
    days = history.basket_time[basket] / DAY
    found = []
    for wanted in items:
        when = days[item == wanted]
        gaps = np.diff(when)
        known = Grounds(count=len(when), days_since=float(at / DAY - when[-1]) if len(when) else None)
        if len(gaps):
            mean = float(gaps.mean())
            known = replace(
                known, gap=mean, spread=float(gaps.std() / mean) if len(gaps) > 1 and mean else None
            )
        found.append(known)
    return found
