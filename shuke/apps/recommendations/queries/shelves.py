"""What rules can name: products, kinds and departments of the catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from weakref import WeakKeyDictionary

import ibis
import numpy as np

from shuke.apps.recommendations.queries.bundles import serving_bundle
from shuke.apps.recommendations.schemas import SlotInput
from shuke.apps.recommendations.schemas.previews import FoundGoods
from shuke.platform.warehouse import lake
from shuke.science.recommendations.bundles import Bundle

#: Columns of the catalogue whose values are kinds, the finest first.
KINDS = ("subcategory", "category", "department")
_folded: WeakKeyDictionary[Bundle, tuple[np.ndarray, np.ndarray]] = WeakKeyDictionary()


def goods_found(text: str, *, products: bool = True, kinds: bool = True, limit: int = 8) -> list[FoundGoods]:
    """Kinds and products whose name holds every word of the text, the most bought products first.

    A product can also be found by its whole id, and one that the bundle does not know by its name in the catalogue.
    """
    words = text.casefold().split()
    if not words:
        return []
    found = _kinds_found(words, limit=limit // 2 if products else limit) if kinds else []
    if products:
        found += _products_found(words, limit=limit - len(found))
    return found


def product_names(product_ids: Iterable[str]) -> dict[str, str]:
    """Names by id, of the bundle or else of the catalogue; ids that nobody knows are left out."""
    wanted = list(dict.fromkeys(product_ids))
    bundle, names = serving_bundle(), {}
    if bundle is not None and wanted:
        numbers = bundle.item_numbers(wanted)
        names = {
            product: str(bundle.goods.names[number])
            for product, number in zip(wanted, numbers, strict=True)
            if number >= 0 and bundle.item_ids[number] == product
        }
    missing = [product for product in wanted if product not in names]
    if not missing:
        return names
    with lake().read() as snapshot:
        table = snapshot.table("products")
        rows = table.filter(table.product_id.isin(missing)).select("product_id", "name")
        return names | {row["product_id"]: row["name"] or "" for row in rows.to_pyarrow().to_pylist()}


def kind_names() -> list[str]:
    """Every kind, category and department of the catalogue, by name."""
    with lake().read() as snapshot:
        version = snapshot.version("products")
    return list(_kind_names(version)) if version is not None else []


@lru_cache(maxsize=2)
def _kind_names(version: int) -> tuple[str, ...]:  # noqa: ARG001 - the key: another version is read anew
    with lake().read() as snapshot:
        table = snapshot.table("products")
        columns = [table.filter(table[name].notnull()).select(name=table[name]).distinct() for name in KINDS]
        rows = ibis.union(*columns, distinct=True).to_pyarrow().to_pylist()
    return tuple(sorted(row["name"] for row in rows if row["name"].strip()))


def unknown_goods(slot: SlotInput) -> list[str]:
    """Products and kinds that the rules name and the catalogue does not know; what to look at, never a refusal."""
    rules = slot.rules
    products = {*rules.barred_products, *rules.pinned_products}
    kinds = {*rules.barred_kinds, *rules.minimum_ages, *rules.departments}
    for boost in rules.boosts:
        products |= set(boost.products)
        kinds |= set(boost.kinds)
    unknown = sorted(products - set(product_names(products)))
    return unknown + (sorted(kinds - set(kind_names())) if kinds else [])


def _kinds_found(words: Sequence[str], *, limit: int) -> list[FoundGoods]:
    fitting = [name for name in kind_names() if all(word in name.casefold() for word in words)]
    best = sorted(fitting, key=lambda name: (not name.casefold().startswith(words[0]), len(name), name))
    return [FoundGoods(what="kind", id=name, name=name) for name in best[:limit]]


def _products_found(words: Sequence[str], *, limit: int) -> list[FoundGoods]:
    bundle = serving_bundle()
    found = _of_bundle(bundle, words, limit=limit) if bundle is not None else []
    if len(found) == limit:
        return found
    known = {goods.id for goods in found}
    with lake().read() as snapshot:
        table = snapshot.table("products")
        for word in words:
            named = table.name.fill_null("").lower().contains(word)
            table = table.filter(named | (table.product_id.lower() == word))
        rows = table.order_by(["name", "product_id"]).limit(limit + len(known)).to_pyarrow().to_pylist()
    found += [
        FoundGoods(
            what="product", id=row["product_id"], name=row["name"] or "", detail=row["subcategory"] or ""
        )
        for row in rows
        if row["product_id"] not in known
    ]
    return found[:limit]


def _of_bundle(bundle: Bundle, words: Sequence[str], *, limit: int) -> list[FoundGoods]:
    names, buyers = _searchable(bundle)
    fitting = np.ones(len(names), dtype=bool)
    for word in words:
        fitting &= (np.char.find(names, word) >= 0) | (bundle.item_ids == word)
    best = np.flatnonzero(fitting)
    best = best[np.argsort(-buyers[best], kind="stable")][:limit]
    goods = bundle.goods
    return [
        FoundGoods(
            what="product",
            id=str(bundle.item_ids[item]),
            name=str(goods.names[item]),
            detail=str(goods.kind_names[goods.kind[item]]) if goods.kind[item] >= 0 else "",
        )
        for item in best.tolist()
    ]


def _searchable(bundle: Bundle) -> tuple[np.ndarray, np.ndarray]:
    """Names in small letters and how many members bought each, made once for a bundle."""
    kept = _folded.get(bundle)
    if kept is None:
        names = np.char.lower(np.asarray(bundle.goods.names).astype(str))
        buyers = np.bincount(np.asarray(bundle.purchases.item), minlength=len(names))
        kept = _folded[bundle] = (names, buyers)
    return kept
