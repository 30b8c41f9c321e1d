"""What a slot's bandit over products believes, and what it missed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import scipy

from shuke.apps.recommendations.models import ProductBanditDay, ProductBelief
from shuke.apps.recommendations.queries.bandits import current_products_learned
from shuke.apps.recommendations.queries.bundles import serving_bundle
from shuke.apps.recommendations.queries.serving import ProductsLearned
from shuke.apps.recommendations.queries.serving.plans import plan_of
from shuke.apps.recommendations.queries.serving.tried_products import NOTHING, Tried, tried_products
from shuke.apps.recommendations.schemas.online import (
    MissedDay,
    OnlineEstimate,
    ProductBanditView,
    TriedProduct,
)
from shuke.apps.recommendations.schemas.slots import SlotView
from shuke.science.recommendations.bundles import Bundle
from shuke.science.recommendations.item_bandit import NEW_SHARE, expected_regret, missed

#: Products that are told of, the likeliest first.
TOLD = 20


def product_bandit_view(view: SlotView) -> ProductBanditView | None:
    """Everywhere together; None before there is a bundle."""
    bundle = serving_bundle()
    if bundle is None:
        return None
    learned = current_products_learned(view.code)
    everywhere = learned.get("", NOTHING)
    tried = tried_products(plan_of(view, bundle), bundle, context="", learned=everywhere, places=view.places)
    row = ProductBelief.objects.filter(slot__code=view.code, context="").first()
    looked = np.array(row.looked if row else [], dtype=np.float64)
    looked = looked if len(looked) else 1.0 / np.log2(np.arange(view.places) + 2.0)
    days = list(ProductBanditDay.objects.filter(slot__code=view.code).order_by("day"))
    return ProductBanditView(
        products=_products(tried, bundle, everywhere, places=view.places),
        contexts=sum(1 for context in learned if context),
        taken=everywhere.taken,
        lists=sum(day.lists for day in days),
        looked=[float(part) for part in looked],
        next_regret=(
            expected_regret(tried.bandit, tried.orders, looked, rng=np.random.default_rng(0))
            if len(tried.items)
            else 0.0
        ),
        new_share=NEW_SHARE if tried.bandit.is_new.any() else 0.0,
        learned_until=row.learned_until if row else None,
        days=_days(days, tried, bundle, looked),
    )


def _products(tried: Tried, bundle: Bundle, learned: ProductsLearned, *, places: int) -> list[TriedProduct]:
    chances = tried.orders.chances(np.ones(len(tried.items), dtype=bool), places=places)
    order = np.lexsort((np.arange(len(chances)), -chances))[:TOLD]
    found = []
    for place in order.tolist():
        product = str(bundle.item_ids[tried.items[place]])
        taken, exposures = learned.known.get(product, (0.0, 0.0))
        beta = tried.bandit.taken[place], tried.bandit.left[place]
        low, high = scipy.stats.beta.ppf([0.025, 0.975], *beta)
        found.append(
            TriedProduct(
                product_id=product,
                name=str(bundle.goods.names[tried.items[place]]) or product,
                taken=taken,
                exposures=exposures,
                rate=OnlineEstimate(value=float(beta[0] / sum(beta)), low=float(low), high=float(high)),
                chance=float(chances[place]),
                is_new=bool(tried.bandit.is_new[place]),
            )
        )
    return found


def _days(
    days: Sequence[ProductBanditDay], tried: Tried, bundle: Bundle, looked: np.ndarray
) -> list[MissedDay]:
    """Summed up since the first, by what is believed of products today; what is not tried out any more is left out."""
    place_of = {str(bundle.item_ids[item]): place for place, item in enumerate(tried.items)}
    shown: dict[date, np.ndarray] = {}
    lists: dict[date, int] = {}
    for day in days:
        lists[day.day] = lists.get(day.day, 0) + day.lists
        cells = shown.setdefault(day.day, np.zeros((len(place_of), len(looked))))
        for product, place, count, _exposures, _taken in day.counts:
            if product in place_of and place <= len(looked):
                cells[place_of[product], place - 1] += count
    found, bandit, uniform = [], 0.0, 0.0
    for when, cells in shown.items():
        filled = cells.sum(axis=0) / max(lists[when], 1)
        told = missed(cells, lists=lists[when], rates=tried.bandit.rates, looked=looked * filled)
        got = float(tried.bandit.rates @ cells @ looked)
        bandit, uniform = bandit + told.best - got, uniform + told.best - told.by_lot
        found.append(MissedDay(day=when, bandit=max(bandit, 0.0), uniform=uniform))
    return found
