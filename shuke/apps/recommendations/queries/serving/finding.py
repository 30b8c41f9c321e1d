"""What each step of the ladder has to offer: the arm's strategy, the fallbacks, then what is popular.

A step never fails: where it knows nothing of what was asked, it offers nothing, and the next one is asked.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from weakref import WeakKeyDictionary

import numpy as np

from shuke.apps.recommendations.queries.serving.numbers import numbers
from shuke.apps.recommendations.queries.serving.plans import Plan
from shuke.apps.recommendations.queries.serving.reasons import BESIDE_BASKET
from shuke.apps.recommendations.queries.serving.tried_products import Drawn
from shuke.apps.recommendations.rules.strategies import POPULAR_BANDIT, SET_BY_PEOPLE
from shuke.apps.recommendations.schemas import Asked
from shuke.science.recommendations.bundles import Bundle
from shuke.science.recommendations.strategies import Lists, best

#: Steps after the slot's own fallbacks; an answer names the one that gave its first item.
POPULAR_SEGMENT, POPULAR_STORE, POPULAR, CATALOGUE = (
    "popular-segment",
    "popular-store",
    "popular",
    "catalogue",
)
#: Candidates that a step offers at most.
DEPTH = 100
#: Members whose lists are averaged for a segment; more change nothing but the time.
SEGMENT_MEMBERS = 20_000
#: Part of the best neighbour's score that the best of a member's own list counts beside a basket.
OWN_BESIDE_BASKET = 0.5
POPULARITY = "popularity"
FACTORS = "als"

NONE = np.empty(0, dtype=np.int32), np.empty(0, dtype=np.float64)
Offered = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True, eq=False)
class Step:
    """``label`` is empty for the arm's own strategy.  ``scores`` are positive, ``items`` best first."""

    label: str
    source: str
    items: np.ndarray
    scores: np.ndarray


_segments: WeakKeyDictionary[Bundle, dict[tuple[str, int], Offered]] = WeakKeyDictionary()


@dataclass(frozen=True, eq=False)
class Question:
    """What was asked, in the numbers of the bundle; -1 for what the bundle does not know.  ``drawn``: an order of
    products that are tried out, where the slot does so."""

    asked: Asked
    plan: Plan
    bundle: Bundle
    drawn: Drawn | None = None

    @cached_property
    def member(self) -> int:
        """Number of the member."""
        if not self.asked.member_id:
            return -1
        return int(numbers(self.bundle.member_ids, [self.asked.member_id])[0])

    @cached_property
    def basket(self) -> np.ndarray:
        """Numbers of what is in the basket or looked at, those that are known, each once."""
        asked = [*([self.asked.product_id] if self.asked.product_id else []), *self.asked.basket]
        if not asked:
            return NONE[0]
        found = numbers(self.bundle.item_ids, asked)
        return np.array(list(dict.fromkeys(found[found >= 0].tolist())), dtype=np.int32)

    @cached_property
    def segment(self) -> str:
        """The segment asked for, else the member's."""
        place = int(self.bundle.member_segment[self.member]) if self.member >= 0 else -1
        usual = str(self.bundle.segment_names[place]) if place >= 0 else ""
        return self.asked.segment or usual

    @cached_property
    def store(self) -> str:
        """The store asked for, else the member's usual one."""
        place = int(self.bundle.member_store[self.member]) if self.member >= 0 else -1
        usual = str(self.bundle.store_ids[place]) if place >= 0 else ""
        return self.asked.store_id or usual

    def steps(self, strategy: str) -> Iterator[Step]:
        """The ladder, step by step as far as it is asked for."""
        yield Step("", strategy, *self.offered(strategy))
        for name in self.plan.slot.fallbacks:
            yield Step(name, name, *self.offered(name))
        for label, key in (
            (POPULAR_SEGMENT, f"segment:{self.segment}"),
            (POPULAR_STORE, f"store:{self.store}"),
            (POPULAR, "all"),
        ):
            yield Step(label, POPULARITY, *_row(self.bundle.popular.get(key), 0))
        items = self.plan.catalogue
        yield Step(CATALOGUE, POPULARITY, items, 1.0 / np.arange(1, len(items) + 1))

    def offered(self, strategy: str) -> Offered:
        """What a strategy offers for what was asked."""
        if strategy == SET_BY_PEOPLE:
            items = self.plan.pinned.astype(np.int32)
            return items, 1.0 / np.arange(1, len(items) + 1)
        if strategy == POPULAR_BANDIT:
            return self.drawn.offered if self.drawn is not None else NONE
        if strategy in self.bundle.neighbours:
            return self._around(self.bundle.neighbours[strategy])
        if self.asked.basket and self.plan.slot.about == "basket":
            return self._around(self.bundle.neighbours.get(BESIDE_BASKET), own=strategy)
        if self.member >= 0 and strategy in self.bundle.lists:
            return _row(self.bundle.lists[strategy], self.member)
        return self._popular() if strategy == POPULARITY else self._of_nobody(strategy)

    def _of_nobody(self, strategy: str) -> Offered:
        """What a strategy offers that has no list of a member to go by."""
        if strategy == FACTORS and len(self.basket) and len(self.bundle.factors):
            return self._by_factors()
        if self.asked.segment and strategy in self.bundle.lists:
            return self._of_segment(strategy)
        return NONE

    def _popular(self) -> Offered:
        for key in (f"segment:{self.segment}", f"store:{self.store}", "all"):
            if key in self.bundle.popular:
                return _row(self.bundle.popular[key], 0)
        return NONE

    def _around(self, near: Lists | None, *, own: str = "") -> Offered:
        """Sums over the rows of what is in the basket, and the member's own list beside them where one is known."""
        items, scores = NONE
        if near is not None and len(self.basket):
            items, scores = near.items[self.basket].ravel(), near.scores[self.basket].ravel()
            held = (items >= 0) & (scores > 0)
            items, scores = items[held], scores[held]
        elif not own:
            return NONE
        if self.plan.slot.about == "basket" and self.member >= 0:
            mine, value = self._own(own)
            if len(mine):
                most = float(_summed(items, scores)[1].max(initial=0.0)) or 1.0
                items = np.concatenate((items, mine))
                scores = np.concatenate((scores, OWN_BESIDE_BASKET * most / value[0] * value))
        return _best(*_summed(items, scores))

    def _own(self, strategy: str) -> Offered:
        """The member's list of the strategy, else of the first fallback that has one."""
        for name in (strategy, *self.plan.slot.fallbacks):
            if name in self.bundle.lists and name != POPULARITY:
                return _row(self.bundle.lists[name], self.member)
        return NONE

    def _by_factors(self) -> Offered:
        """Exact best products of the basket's mean factors with all items'."""
        factors = self.bundle.factors
        scores = (factors @ factors[self.basket].mean(axis=0)).astype(np.float32)
        depth = min(DEPTH, int(np.count_nonzero(scores > 0)))
        found = best(scores[None, :], np.arange(len(scores), dtype=np.uint32), n=depth)
        return found.items[0], found.scores[0].astype(np.float64)

    def _of_segment(self, strategy: str) -> Offered:
        """The mean of the lists of its members, kept with the bundle."""
        place = np.flatnonzero(np.asarray(self.bundle.segment_names).astype(str) == self.asked.segment)
        if not len(place):
            return NONE
        kept = _segments.setdefault(self.bundle, {})
        key = (strategy, int(place[0]))
        if key not in kept:
            members = np.flatnonzero(self.bundle.member_segment == place[0])
            members = members[:: max(1, -(-len(members) // SEGMENT_MEMBERS))]
            lists = self.bundle.lists[strategy]
            items, scores = lists.items[members].ravel(), lists.scores[members].ravel()
            held = (items >= 0) & (scores > 0)
            kept[key] = _best(*_summed(items[held], scores[held] / max(len(members), 1)))
        return kept[key]


def _summed(items: np.ndarray, scores: np.ndarray) -> Offered:
    """Each item once, by number, with the sum of its scores."""
    order = np.argsort(items, kind="stable")
    items, scores = items[order], scores[order].astype(np.float64)
    first = np.flatnonzero(np.diff(items, prepend=-1))
    return items[first], np.add.reduceat(scores, first) if len(first) else scores


def _best(items: np.ndarray, scores: np.ndarray) -> Offered:
    """The best of items in rising order; ties by number."""
    order = np.argsort(-scores, kind="stable")[:DEPTH]
    return items[order], scores[order]


def _row(lists: Lists | None, row: int) -> Offered:
    """A row of lists with positive scores in its own order."""
    if lists is None:
        return NONE
    items, scores = lists.items[row, :DEPTH], lists.scores[row, :DEPTH]
    held = items >= 0
    items, scores = np.asarray(items[held]), scores[held].astype(np.float64)
    if len(scores) and scores.min() <= 0:
        # Sums of logarithms, say: their order is kept, their size never meant anything.
        scores = 1.0 / np.arange(1, len(scores) + 1)
    return items, scores
