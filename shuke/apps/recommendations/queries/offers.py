"""A slot's items for many members, as texts for messages: "a member's top items as template variables"."""

import math
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import datetime
from functools import lru_cache

import numpy as np

from shuke.apps.recommendations.queries.bundles import serving_bundle
from shuke.apps.recommendations.queries.current import current_surroundings
from shuke.apps.recommendations.queries.serving import recommend_many
from shuke.apps.recommendations.queries.slots import slots
from shuke.apps.recommendations.schemas import Answer, SlotView
from shuke.apps.recommendations.schemas.offers import Offer, OfferedItem, OfferedList
from shuke.platform.money import money_text
from shuke.platform.retailer.queries import retailer
from shuke.science.recommendations.bundles import Bundle

#: Line breaks and other letters that no eye sees: a name with one must not break a subject line.
_UNSEEN = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029\u202a-\u202e\u2066-\u2069]+")


def member_slots() -> list[SlotView]:
    """The slots that a message can ask: those that recommend for a member."""
    return [view for view in slots() if view.about == "member"]


def offers(
    codes: Collection[str],
    languages: Mapping[str, str],
    *,
    at: datetime,
    list_id: Callable[[str, str], str] | None = None,
    seed: int = 0,
) -> dict[str, dict[str, Offer]]:
    """Code → member id → what the slot recommends, for members with the language each reads.

    ``list_id`` gives the list of a code and a member its id; without it each has a new one.  What is left to chance is
    drawn from ``seed``.  Slots that are not live, not about members or not there give no offers.  Nothing is noted as
    an exposure here.
    """
    live = {view.code: view for view in member_slots() if view.state == "live"}
    bundle, currency = serving_bundle(), retailer().currency
    readers: dict[str, list[str]] = {}
    for member_id, language in languages.items():
        readers.setdefault(language, []).append(member_id)
    found: dict[str, dict[str, Offer]] = {}
    for code in sorted(set(codes) & set(live)):
        found[code] = {}
        for language, member_ids in readers.items():
            answers = recommend_many(
                live[code],
                member_ids,
                bundle=bundle,
                at=at,
                language=language,
                around=current_surroundings([live[code]], at=at),
                seed=seed,
            )
            for member_id, answer in zip(member_ids, answers, strict=True):
                named = answer if list_id is None else replace(answer, list_id=list_id(code, member_id))
                items = offered_list(named, bundle=bundle, currency=currency, language=language)
                found[code][member_id] = Offer(named, items)
    return found


def offered_list(answer: Answer, *, bundle: Bundle | None, currency: str, language: str) -> OfferedList:
    """The items of an answer with what the bundle knows of them, in that language."""
    ids = [item.product_id for item in answer.items]
    numbers = bundle.item_numbers(ids) if bundle is not None and ids else np.full(len(ids), -1)
    items = [
        OfferedItem(
            product_id=item.product_id,
            name=_one_line(item.name or item.product_id),
            reason=_one_line(item.reason),
            place=item.place,
            is_new=item.is_new,
            **_facts(int(number), bundle=bundle, currency=currency, language=language),
        )
        for item, number in zip(answer.items, numbers, strict=True)
    ]
    return OfferedList(items, list_id=answer.list_id)


def _facts(number: int, *, bundle: Bundle | None, currency: str, language: str) -> dict[str, str]:
    """Price, category and brand of an item; nothing for one outside the bundle."""
    if bundle is None or number < 0:
        return {}
    goods = bundle.goods
    price = float(goods.price[number])
    kind, brand = int(goods.kind[number]), int(goods.brand[number])
    return {
        "price": _price(round(price), currency=currency, language=language or "en")
        if math.isfinite(price)
        else "",
        "category": _one_line(str(goods.kind_names[kind])) if kind >= 0 else "",
        "brand": _one_line(str(goods.brand_names[brand])) if brand >= 0 else "",
    }


@lru_cache(maxsize=20_000)
def _price(minor: int, *, currency: str, language: str) -> str:
    """The price as people write it; lists repeat prices, and formatting one takes longer than finding an item."""
    return money_text(minor, currency, locale=language)


@lru_cache(maxsize=50_000)
def _one_line(text: str) -> str:
    """The text in one line, without letters that turn or hide others."""
    return _UNSEEN.sub(" ", text).strip()
