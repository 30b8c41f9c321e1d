"""Why items are recommended, in words that the member could check."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from math import isnan

import numpy as np
from django.utils import translation

from shuke.apps.recommendations.queries.serving.own import Own
from shuke.science.reading import Reading
from shuke.science.recommendations.bundles import Bundle
from shuke.science.recommendations.explanations import Grounds, explanation

#: Baskets with a kind from which a member buys it "often".
OFTEN = 3
PINNED = "pinned"
#: Neighbours of what is in a basket, where the strategy itself has none.
BESIDE_BASKET = "complements"


def reasons(
    own: Own,
    lists: np.ndarray,
    items: np.ndarray,
    *,
    sources: Sequence[str],
    today: int,
    language: str,
    basket: np.ndarray,
) -> list[str]:
    """A sentence in the language for each item of each list; ``today`` in days since 1970; ``basket``: what was asked
    about, where there is one list only."""
    readings = _readings(own, lists, items, sources=sources, today=today, basket=basket)
    return [translated(language, found.sentence).format(**found.values) for found in readings]


@lru_cache(maxsize=1024)
def translated(language: str, sentence: str) -> str:
    """The sentence of the catalogue."""
    with translation.override(language):
        return translation.gettext(sentence)


def _readings(
    own: Own, lists: np.ndarray, items: np.ndarray, *, sources: Sequence[str], today: int, basket: np.ndarray
) -> Iterator[Reading]:
    bundle, bought, goods = own.bundle, own.bundle.purchases, own.bundle.goods
    rows, kinds = own.row_of(lists, items), goods.kind[items]
    facts = zip(
        rows.tolist(),
        bought.count[rows].tolist() if len(bought.count) else rows.tolist(),
        (today - bought.last_day[rows]).tolist() if len(bought.count) else rows.tolist(),
        bought.gap[rows].tolist() if len(bought.count) else rows.tolist(),
        bought.spread[rows].tolist() if len(bought.count) else rows.tolist(),
        own.kind_count(lists, kinds).tolist(),
        kinds.tolist(),
        sources,
        items.tolist(),
        strict=True,
    )
    for row, count, days, gap, spread, of_kind, kind, source, item in facts:
        if row >= 0:
            known_gap = None if isnan(gap) else gap
            yield explanation(
                Grounds(count, float(max(days, 0)), known_gap, None if isnan(spread) else spread)
            )
        elif source == PINNED:
            yield Reading("Chosen for you by the shop.")
        elif (near := _nearest(bundle, item, source, basket)) is not None:
            yield near
        elif of_kind >= OFTEN:
            name = str(goods.kind_names[kind])
            yield explanation(Grounds(source=source, kind=name, kind_count=of_kind))
        else:
            yield explanation(Grounds(source=source))


def _nearest(bundle: Bundle, item: int, source: str, basket: np.ndarray) -> Reading | None:
    """What in the basket or looked at brought a neighbour."""
    if not len(basket):
        return None
    near = bundle.neighbours.get(source) or bundle.neighbours.get(BESIDE_BASKET)
    if near is None:
        return None
    is_it = near.items[basket] == item
    if not is_it.any():
        return None
    score = np.where(is_it, near.scores[basket], -np.inf).max(axis=1)
    name = str(bundle.goods.names[basket[int(np.argmax(score))]])
    if source == "similar":
        return Reading("Like {product}.", {"product": name})
    return Reading("Often bought together with {product}.", {"product": name})
