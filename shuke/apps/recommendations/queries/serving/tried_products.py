"""The strategy ``popular-bandit``: popular and new products are tried out on those of whom nothing is known.

What is believed of each product makes some thousand orders, once for each state of knowledge; an answer takes one of
them by lot.  Filters, caps, margins and boosts of the house have their say in the orders themselves, so that nothing is
moved afterwards and the chance of each product to be on the list is known exactly.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from weakref import WeakKeyDictionary

import numpy as np

from shuke.apps.recommendations.queries.serving.plans import Plan
from shuke.apps.recommendations.queries.serving.surroundings import ProductsLearned
from shuke.science.recommendations.bundles import Bundle
from shuke.science.recommendations.item_bandit import ItemBandit, Orders, item_bandit, orders_of
from shuke.science.recommendations.reranking import Candidates, Reason, Shown, factors_of

#: Popular products and new ones that are tried out at most.
POPULAR, NEW = 40, 10
#: Days since the first sale for which a product is new, and days of history without which none is called so.
NEW_DAYS, LEAST_DAYS = 28, 84
#: States of knowledge that are kept for each bundle.
KEPT = 256
NOTHING = ProductsLearned({})

_orders: WeakKeyDictionary[
    Bundle, OrderedDict[tuple[str, int, str, int], tuple[Plan, ProductsLearned, Tried]]
]
_orders = WeakKeyDictionary()
_first_days: WeakKeyDictionary[Bundle, np.ndarray] = WeakKeyDictionary()
_lock = Lock()


@dataclass(frozen=True, eq=False)
class Tried:
    """``items`` int32 numbers of the bundle that are tried out in a ``context``, what is believed of them, and the
    orders that may be shown."""

    context: str
    items: np.ndarray
    bandit: ItemBandit
    orders: Orders


@dataclass(frozen=True, eq=False)
class Drawn:
    """One order for one answer, drawn when it is known what may be shown."""

    tried: Tried
    rng: np.random.Generator

    @property
    def offered(self) -> tuple[np.ndarray, np.ndarray]:
        """Items, the likeliest first, and what is believed of them."""
        order = np.lexsort((np.arange(len(self.tried.items)), -self.tried.orders.rates))
        return self.tried.items[order], self.tried.orders.rates[order]

    def shown(self, found: Candidates, dropped: Mapping[int, Reason], *, places: int) -> tuple[Shown, ...]:
        """A list by lot of what may be shown of ``found``, each product with its chance to be on it."""
        held = [int(item) for n, item in enumerate(found.item) if n not in dropped]
        may = np.isin(self.tried.items, held)
        orders = self.tried.orders
        chances = orders.chances(may, places=places)
        return tuple(
            Shown(int(self.tried.items[place]), float(orders.rates[place]), (), float(chances[place]))
            for place in orders.one(may, places=places, rng=self.rng)
        )


def context_of(plan: Plan, bundle: Bundle, *, store: str, segment: str) -> str:
    """Where products are tried out for this question: apart where the slot says so and something is popular there."""
    asked = {"store": f"store:{store}", "segment": f"segment:{segment}"}.get(plan.slot.rules.popular_by, "")
    return asked if asked in bundle.popular else ""


def drawn_products(
    plan: Plan,
    bundle: Bundle,
    *,
    context: str,
    learned: Mapping[str, ProductsLearned],
    places: int,
    rng: np.random.Generator,
) -> Drawn | None:
    """What answers by lot; None where nothing is popular.

    A context that was not learned of yet begins with what is known of everywhere, and where nothing was learned at all,
    popularity alone is believed.
    """
    tried = _tried(plan, bundle, context, learned.get(context) or learned.get("") or NOTHING, places)
    return Drawn(tried, rng) if len(tried.items) else None


def _tried(plan: Plan, bundle: Bundle, context: str, learned: ProductsLearned, places: int) -> Tried:
    key = (plan.slot.code, plan.slot.version, context, places)
    with _lock:
        kept = _orders.setdefault(bundle, OrderedDict())
        found = kept.get(key)
    # A preview asks by a changed set-up under the same version.
    if found is not None and found[0] is plan and found[1] is learned:
        return found[2]
    made = tried_products(plan, bundle, context=context, learned=learned, places=places)
    with _lock:
        kept[key] = (plan, learned, made)
        while len(kept) > KEPT:
            kept.popitem(last=False)
    return made


def tried_products(
    plan: Plan, bundle: Bundle, *, context: str, learned: ProductsLearned, places: int
) -> Tried:
    """What is tried out and believed.  The same beliefs give the same orders."""
    items, popular, is_new = _candidates(plan, bundle, context)
    ids = bundle.item_ids[items].tolist()
    known = [learned.known.get(product, (0.0, 0.0)) for product in ids]
    taken, exposures = np.array(known, dtype=np.float64).reshape(-1, 2).T
    bandit = item_bandit(
        popular,
        taken=taken,
        exposures=exposures,
        is_new=is_new,
        overall=(learned.taken, learned.exposures),
    )
    factors = factors_of(items, bundle.goods.kind[items], bundle.goods.margin[items], plan.rules)
    orders = orders_of(
        bandit,
        places=places,
        rng=np.random.default_rng(len(items)),
        factors=factors,
        kind=np.asarray(bundle.goods.kind[items]),
        cap=plan.rules.cap,
    )
    return Tried(context, items, bandit, orders)


def _candidates(plan: Plan, bundle: Bundle, context: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Numbers (int32), popularity (float64) and newness (bool) of what is tried out: the most popular, and the most
    sold of the new."""
    lists = bundle.popular.get(context or "all")
    if lists is None:
        return np.empty(0, dtype=np.int32), np.empty(0), np.empty(0, dtype=bool)
    items, scores = np.asarray(lists.items[0]), np.asarray(lists.scores[0], dtype=np.float64)
    held = (items >= 0) & (scores > 0)
    items, scores = items[held], scores[held]
    may = ~plan.barred[items]
    items, scores = items[may], scores[may]
    fresh = new_products(bundle, plan)
    popular = ~np.isin(items, fresh)
    items, scores = items[popular], scores[popular]
    items, scores, fresh = items[:POPULAR], scores[:POPULAR], fresh[:NEW]
    return (
        np.concatenate((items, fresh)).astype(np.int32),
        np.concatenate((scores, np.zeros(len(fresh)))),
        np.arange(len(items) + len(fresh)) >= len(items),
    )


def new_products(bundle: Bundle, plan: Plan) -> np.ndarray:
    """int32 products that were first sold within the last ``NEW_DAYS``, most sold first; none where the history is too
    short to tell."""
    first = _first_day(bundle)
    if not len(first) or bundle.as_of is None:
        return np.empty(0, dtype=np.int32)
    last = int(bundle.purchases.last_day.max(initial=0))
    if last - first.min() < LEAST_DAYS:
        return np.empty(0, dtype=np.int32)
    fresh = np.flatnonzero((first > last - NEW_DAYS) & (first <= last) & ~plan.barred)
    sold = np.bincount(bundle.purchases.item, weights=bundle.purchases.count, minlength=len(bundle.item_ids))
    return fresh[np.lexsort((fresh, -sold[fresh]))].astype(np.int32)


def _first_day(bundle: Bundle) -> np.ndarray:
    """int64 day of each item's first sale, from the members' last days and mean gaps; far off for none."""
    found = _first_days.get(bundle)
    if found is None:
        bought = bundle.purchases
        gaps = np.where(bought.count > 1, np.nan_to_num(np.asarray(bought.gap, dtype=np.float64)), 0.0)
        first = np.rint(bought.last_day - gaps * (bought.count - 1)).astype(np.int64)
        found = np.full(len(bundle.item_ids), np.iinfo(np.int64).max, dtype=np.int64)
        np.minimum.at(found, bought.item, first)
        _first_days[bundle] = found
    return found
