"""A bandit over popular and new items for those of whom nothing is known: what a list shows, and what it learns.

Thompson sampling (Thompson 1933; Chapelle and Li 2011) with several places at once.  What stands further down is looked
at less, so a place is worth the part of an exposure that its clicks say, jointly with the items' rates: the
position-based model, whose Beta posterior counts exposures by that part (Lagrée, Vernade and Cappé 2016).

All orders that may be shown are drawn once for each state of knowledge, and an answer takes one of them by lot.  The
chance of an item to be on the list is then a count, exact for what was done, whatever is filtered out.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

import numpy as np

#: Orders of a state of knowledge; a chance is a multiple of its inverse.
DRAWS = 2000
#: Part of the lists on which one new item gets a place by lot.
NEW_SHARE = 0.1
#: Exposures of which one was taken before anything was seen, of all items together.
PRIOR_TAKEN, PRIOR_EXPOSURES = 1.0, 30.0
#: A prior is worth as many exposures as bring so many takings; of a new item, of which less is believed.
PRIOR_WORTH, PRIOR_WORTH_NEW = 1.0, 0.4
#: Popularity moves a prior by this factor at most, up or down.
POPULAR_BOUND = 3.0
#: Takings that the usual discount of places, 1 / log2(1 + place), is worth.
PLACES_WORTH = 20.0
ROUNDS = 30
#: Answers of different filters for which chances are kept.
KEPT = 64


@dataclass(frozen=True, eq=False)
class PlaceFit:
    """``looked``: float64 of each place, how much it is looked at beside the first (1.0); ``exposures``: float64 of
    each item, its lists by that part."""

    looked: np.ndarray
    exposures: np.ndarray


def fit_places(shown: np.ndarray, taken: np.ndarray) -> PlaceFit:
    """The position-based model of ``shown`` and ``taken`` lists, float64 items × places.

    taken_ik ~ Poisson(shown_ik · rate_i · looked_k), its two factors in turn until they hold; few takings leave the
    places at the usual discount.  Items with few exposures borrow from the rate of all.
    """
    places = shown.shape[1]
    usual = 1.0 / np.log2(np.arange(places) + 2.0)
    looked = usual.copy()
    of_items, of_places = taken.sum(axis=1), taken.sum(axis=0)
    for _ in range(ROUNDS):
        exposures = shown @ looked
        overall = (of_items.sum() + PRIOR_TAKEN) / (exposures.sum() + PRIOR_EXPOSURES)
        rate = (of_items + PRIOR_WORTH) / (exposures + PRIOR_WORTH / overall)
        looked = (of_places + PLACES_WORTH * usual) / (rate @ shown + PLACES_WORTH)
        looked = looked / looked[0] if places else looked
    return PlaceFit(looked, shown @ looked)


@dataclass(frozen=True, eq=False)
class ItemBandit:
    """Beta posteriors of each item's rate on the first place: ``taken`` and ``left``, float64, the prior included;
    ``is_new``: bool."""

    taken: np.ndarray
    left: np.ndarray
    is_new: np.ndarray

    @property
    def rates(self) -> np.ndarray:
        """Means."""
        mean: np.ndarray = self.taken / (self.taken + self.left)
        return mean


def item_bandit(
    popular: np.ndarray,
    *,
    taken: np.ndarray,
    exposures: np.ndarray,
    is_new: np.ndarray,
    overall: tuple[float, float] = (0.0, 0.0),
) -> ItemBandit:
    """What is believed of items with ``popular`` counts (float64) after ``taken`` of ``exposures``.

    Prior: the rate of all items (``overall`` takings and exposures, of more items than these) times the item's
    popularity beside the mean's, square root, within bounds; a new item is believed to be like the mean, less firmly.
    """
    rate = (overall[0] + PRIOR_TAKEN) / (overall[1] + PRIOR_EXPOSURES)
    old = popular[~is_new]
    beside = np.sqrt(popular / max(float(old.mean()) if len(old) else 1.0, 1e-12))
    beside = np.where(is_new, 1.0, np.clip(beside, 1 / POPULAR_BOUND, POPULAR_BOUND))
    worth = np.where(is_new, PRIOR_WORTH_NEW, PRIOR_WORTH)
    mean = np.minimum(rate * beside, 0.5)
    weight = worth / rate
    left = np.maximum(exposures - taken, 0.0)
    return ItemBandit(weight * mean + taken, weight * (1 - mean) + left, is_new)


@dataclass(frozen=True, eq=False)
class Orders:
    """``drawn`` int16, draws × items: orders of which an answer takes one by lot; ``rates`` float64 and ``kind`` int of
    each item (-1 for unknown); ``cap``: at most so many of one kind on a list while others are left."""

    drawn: np.ndarray
    rates: np.ndarray
    kind: np.ndarray
    cap: int
    _chances: OrderedDict[tuple[bytes, int], np.ndarray] = field(default_factory=OrderedDict, repr=False)

    def one(self, may: np.ndarray, *, places: int, rng: np.random.Generator) -> np.ndarray:
        """int64 items of a list by lot, first first, of those that ``may`` (bool) be shown."""
        order = self.drawn[int(rng.integers(len(self.drawn)))][None, :]
        first, rest = self._listed(order, may, places=places)
        return np.concatenate((order[first], order[rest])).astype(np.int64)

    def chances(self, may: np.ndarray, *, places: int) -> np.ndarray:
        """float64 of each item: on how many of the orders' lists it stands."""
        key = (np.packbits(may).tobytes(), places)
        found = self._chances.get(key)
        if found is None:
            first, rest = self._listed(self.drawn, may, places=places)
            found = np.bincount(self.drawn[first | rest], minlength=len(may)) / max(len(self.drawn), 1)
            self._chances[key] = found
            while len(self._chances) > KEPT:
                self._chances.popitem(last=False)
        return found

    def _listed(self, drawn: np.ndarray, may: np.ndarray, *, places: int) -> tuple[np.ndarray, np.ndarray]:
        """Bool of each place of each order: on the list, and on its end because nothing else was left."""
        allowed, kind = may[drawn], self.kind[drawn]
        within = allowed.copy()
        rows = np.arange(len(drawn))
        held = np.zeros((len(drawn), int(self.kind.max(initial=-1)) + 2), dtype=np.int16)
        for place in range(drawn.shape[1]):
            of = kind[:, place]
            within[:, place] &= (of < 0) | (held[rows, of] < self.cap)
            held[rows, of] += within[:, place]
        first = within & (np.cumsum(within, axis=1) <= places)
        left = places - first.sum(axis=1, keepdims=True)
        more = allowed & ~within
        return first, more & (np.cumsum(more, axis=1) <= left)


def orders_of(
    bandit: ItemBandit,
    *,
    places: int,
    rng: np.random.Generator,
    factors: np.ndarray | None = None,
    kind: np.ndarray | None = None,
    cap: int = 1,
    share: float = NEW_SHARE,
    draws: int = DRAWS,
) -> Orders:
    """Thompson's orders: rates are drawn and sorted, times ``factors`` of the house; on ``share`` of them one new item
    by lot gets one of the first ``places`` by lot, if it has none.  ``kind`` and ``cap``: see ``Orders``."""
    rates = rng.beta(bandit.taken, bandit.left, (draws, len(bandit.taken)))
    weighed = rates if factors is None else rates * factors
    order = np.argsort(-weighed, axis=1, kind="stable").astype(np.int16)
    new = np.flatnonzero(bandit.is_new)
    room = min(places, order.shape[1])
    for row in range(round(share * draws) if len(new) and room else 0):
        item, place = int(rng.choice(new)), int(rng.integers(room))
        if item not in order[row, :room]:
            order[row] = np.insert(order[row][order[row] != item], place, item)
    kinds = np.full(len(bandit.taken), -1) if kind is None else _small(kind)
    return Orders(order, bandit.rates, kinds, cap)


def _small(kind: np.ndarray) -> np.ndarray:
    """Small numbers of kinds, -1 where it is unknown."""
    numbers = np.unique(kind, return_inverse=True)[1].astype(np.int64)
    return np.where(kind < 0, -1, numbers)


@dataclass(frozen=True)
class Missed:
    """Takings of a day's lists: expected of what was shown (``shown``), of the best list in hindsight (``best``), of
    items by lot (``by_lot``)."""

    shown: float
    best: float
    by_lot: float


def missed(shown: np.ndarray, *, lists: float, rates: np.ndarray, looked: np.ndarray) -> Missed:
    """By the ``rates`` of all days; ``shown``: items × places of one day's ``lists``."""
    size = min(len(looked), len(rates))
    best = np.sort(rates)[::-1][:size]
    return Missed(
        float(rates @ shown @ looked),
        lists * float(best @ looked[:size]),
        lists * float(rates.mean() * looked[:size].sum()) if len(rates) else 0.0,
    )


def expected_regret(
    bandit: ItemBandit, orders: Orders, looked: np.ndarray, *, rng: np.random.Generator
) -> float:
    """Takings that the next list is expected to miss beside the best one: rates by lot of what is believed."""
    truth = rng.beta(bandit.taken, bandit.left, (len(orders.drawn), len(bandit.taken)))
    size = min(len(looked), truth.shape[1])
    best = -np.sort(-truth, axis=1)[:, :size] @ looked[:size]
    got = np.take_along_axis(truth, orders.drawn[:, :size].astype(np.int64), axis=1) @ looked[:size]
    return max(0.0, float((best - got).mean()))
