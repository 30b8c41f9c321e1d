"""A slot's rules spelled out in the numbers of a bundle, once for all answers."""

from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from threading import Lock
from weakref import WeakKeyDictionary

import numpy as np

from shuke.apps.recommendations.queries.serving.numbers import numbers
from shuke.apps.recommendations.queries.serving.surroundings import Stock
from shuke.apps.recommendations.schemas import SlotRules, SlotView
from shuke.science.recommendations.bundles import Bundle, Goods
from shuke.science.recommendations.reranking import Boost, Rules

#: Plans that are kept for each bundle; previews of changed slots come and go.
KEPT = 64
#: Products of the last step of the ladder.
CATALOGUE = 200


@dataclass(frozen=True, eq=False)
class Plan:
    """``barred`` bool and ``minimum_age`` float of each item; ``pinned`` numbers in order; ``rules`` without an age;
    ``catalogue``: the items that may be shown at all, most bought first."""

    slot: SlotView
    barred: np.ndarray
    minimum_age: np.ndarray
    pinned: np.ndarray
    rules: Rules
    catalogue: np.ndarray


_plans: WeakKeyDictionary[Bundle, OrderedDict[tuple[str, int], Plan]] = WeakKeyDictionary()
_shelves: WeakKeyDictionary[Bundle, tuple[Stock, dict[str, np.ndarray]]] = WeakKeyDictionary()
_lock = Lock()


def plan_of(slot: SlotView, bundle: Bundle) -> Plan:
    """The plan, made at first use and again for another set-up."""
    key = (slot.code, slot.version)
    with _lock:
        kept = _plans.setdefault(bundle, OrderedDict())
        found = kept.get(key)
    # A preview asks by a changed set-up under the same version.
    if found is not None and (found.slot is slot or found.slot == slot):
        return found
    made = _made(slot, bundle)
    with _lock:
        kept[key] = made
        while len(kept) > KEPT:
            kept.popitem(last=False)
    return made


def with_boosts(plan: Plan, names: Collection[str]) -> Plan:
    """The plan with these of its boosts only and nothing left to chance: everything else it spells out stays."""
    boosts = tuple(boost for boost in plan.rules.boosts if boost.name in names)
    return replace(plan, rules=replace(plan.rules, boosts=boosts, explore=0.0))


def out_of_stock(stock: Stock, bundle: Bundle) -> np.ndarray:
    """bool of each item: sold out everywhere."""
    return _shelf(stock, bundle, "", stock.sold_out)


def not_in_store(stock: Stock, bundle: Bundle, store_id: str) -> np.ndarray | None:
    """bool of each item: counted in the store and none left; None for a store that counts nothing."""
    missing = stock.missing.get(store_id)
    return None if missing is None else _shelf(stock, bundle, f"store:{store_id}", missing)


def _shelf(stock: Stock, bundle: Bundle, key: str, products: Iterable[str]) -> np.ndarray:
    kept = _shelves.get(bundle)
    if kept is None or kept[0] is not stock:
        kept = _shelves[bundle] = (stock, {})
    found = kept[1].get(key)
    if found is None:
        found = kept[1][key] = _mask(bundle, products)
    return found


def _mask(bundle: Bundle, products: Iterable[str]) -> np.ndarray:
    mask = np.zeros(len(bundle.item_ids), dtype=bool)
    places = numbers(bundle.item_ids, list(products))
    mask[places[places >= 0]] = True
    return mask


def _made(slot: SlotView, bundle: Bundle) -> Plan:
    rules, goods = slot.rules, bundle.goods
    barred = ~np.asarray(goods.is_active) | _mask(bundle, rules.barred_products)
    barred |= of_kinds(goods, rules.barred_kinds)
    if rules.departments:
        barred |= ~_named(goods.department, goods.department_names, rules.departments)
    ages = minimum_ages(goods, rules.minimum_ages)
    pinned = numbers(bundle.item_ids, rules.pinned_products)
    return Plan(
        slot=slot,
        barred=barred,
        minimum_age=ages,
        pinned=pinned[pinned >= 0],
        rules=_rules(slot.rules, bundle),
        catalogue=_catalogue(bundle, barred),
    )


def minimum_ages(goods: Goods, wanted: Mapping[str, int]) -> np.ndarray:
    """float64 of each item: the highest age that its kind, family or department asks for."""
    ages = np.zeros(len(goods.names))
    for name, years in wanted.items():
        ages = np.where(of_kinds(goods, [name]), np.maximum(ages, years), ages)
    return ages


def of_kinds(goods: Goods, names: Iterable[str]) -> np.ndarray:
    """bool of each item: its kind, family or department has one of the names."""
    wanted = list(names)
    return (
        _named(goods.kind, goods.kind_names, wanted)
        | _named(goods.family, goods.family_names, wanted)
        | _named(goods.department, goods.department_names, wanted)
    )


def _named(codes: np.ndarray, names: np.ndarray, wanted: Iterable[str]) -> np.ndarray:
    meant = np.flatnonzero(np.isin(np.asarray(names).astype(str), list(wanted)))
    return np.isin(codes, meant)


def _rules(rules: SlotRules, bundle: Bundle) -> Rules:
    boosts = []
    for boost in rules.boosts:
        meant = _mask(bundle, boost.products) | of_kinds(bundle.goods, boost.kinds)
        items = frozenset(np.flatnonzero(meant).tolist())
        boosts.append(Boost(boost.name, boost.percent / 100, items))
    return Rules(
        rest=rules.rest_percent / 100,
        margin_weight=rules.margin_percent / 100,
        boosts=tuple(boosts),
        cap=rules.cap,
        diversity=rules.diversity_percent / 100,
        new_places=rules.new_places,
        explore=rules.explore_percent / 100,
    )


def _catalogue(bundle: Bundle, barred: np.ndarray) -> np.ndarray:
    """int32 items that may be shown, most bought first."""
    bought = np.bincount(
        bundle.purchases.item, weights=bundle.purchases.count, minlength=len(bundle.item_ids)
    )
    order = np.lexsort((np.arange(len(bought)), -bought))
    return order[~barred[order]][:CATALOGUE].astype(np.int32)
