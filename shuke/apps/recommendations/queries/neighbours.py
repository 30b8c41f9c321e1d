"""What is like a product and what is bought with it, from the served bundle."""

from __future__ import annotations

import math

import numpy as np

from shuke.apps.recommendations.queries.bundles import serving_bundle
from shuke.apps.recommendations.schemas.neighbours import Neighbour, Neighbours
from shuke.science.recommendations.bundles import Bundle

#: Both kinds, as the bundle calls them.
KINDS = ("similar", "complements")


def neighbours(product_id: str, *, limit: int = 6) -> Neighbours | None:
    """The nearest products of each kind, those not sold any more left out; None before the first bundle.

    Both are empty for a product that the bundle does not know.
    """
    bundle = serving_bundle()
    if bundle is None:
        return None
    number = int(bundle.item_numbers([product_id])[0])
    if number < 0 or str(bundle.item_ids[number]) != product_id:
        return Neighbours(as_of=bundle.as_of, is_known=False, similar=[], complements=[])
    found = {kind: _nearest(bundle, kind, number, limit=limit) for kind in KINDS}
    return Neighbours(as_of=bundle.as_of, is_known=True, **found)


def _nearest(bundle: Bundle, kind: str, number: int, *, limit: int) -> list[Neighbour]:
    lists = bundle.neighbours.get(kind)
    if lists is None:
        return []
    items = np.asarray(lists.items[number])
    held = items[(items >= 0) & (items != number)]
    chosen = held[np.asarray(bundle.goods.is_active)[held]][:limit]
    buyers = _buyers(bundle, [number, *chosen.tolist()])
    return [_neighbour(bundle, item, of=number, buyers=buyers) for item in chosen.tolist()]


def _buyers(bundle: Bundle, items: list[int]) -> dict[int, np.ndarray]:
    """Members who bought each item, rising."""
    column = np.asarray(bundle.purchases.item)
    return {
        item: np.searchsorted(bundle.purchases.rows, np.flatnonzero(column == item), side="right") - 1
        for item in items
    }


def _neighbour(bundle: Bundle, item: int, *, of: int, buyers: dict[int, np.ndarray]) -> Neighbour:
    goods = bundle.goods
    both = int(np.isin(buyers[of], buyers[item], assume_unique=True).sum())
    price = float(goods.price[item])
    return Neighbour(
        product_id=str(bundle.item_ids[item]),
        name=str(goods.names[item]),
        kind=str(goods.kind_names[goods.kind[item]]) if goods.kind[item] >= 0 else "",
        is_same_kind=bool(goods.kind[item] >= 0 and goods.kind[item] == goods.kind[of]),
        is_same_brand=bool(goods.brand[item] >= 0 and goods.brand[item] == goods.brand[of]),
        price_minor=round(price) if math.isfinite(price) else None,
        buyers=len(buyers[item]),
        both=both,
        share=both / len(buyers[of]) if len(buyers[of]) else 0.0,
    )
