"""A bundle as named arrays and back: what each file of a bundle's directory holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import date
from types import MappingProxyType
from typing import Any

import numpy as np

from shuke.science.recommendations.bundles import Bundle, Goods, Purchases
from shuke.science.recommendations.strategies import Lists

PLAIN = (
    "member_ids",
    "item_ids",
    "baskets",
    "store_ids",
    "member_store",
    "segment_names",
    "member_segment",
    "factors",
)
PARTS = {"goods": Goods, "purchases": Purchases}
#: Files with one row for each member.
MEMBER_ROWS = ("baskets", "member_store", "member_segment")


def arrays_of(bundle: Bundle) -> dict[str, np.ndarray]:
    """Every array under the name of its file (without ``.npy``); texts as fixed width, which can be mapped."""
    found = {name: getattr(bundle, name) for name in PLAIN}
    for part, kind in PARTS.items():
        found |= {f"{part}.{f.name}": getattr(getattr(bundle, part), f.name) for f in fields(kind)}
    for part in ("lists", "neighbours"):
        for name, lists in sorted(getattr(bundle, part).items()):
            found |= {f"{part}.{name}.items": lists.items, f"{part}.{name}.scores": lists.scores}
    keys = sorted(bundle.popular)
    found["popular.keys"] = np.array(keys, dtype=str)
    for column, kind_of in (("items", np.int32), ("scores", np.float32)):
        rows = [np.asarray(getattr(bundle.popular[key], column)).reshape(1, -1) for key in keys]
        found[f"popular.{column}"] = np.vstack(rows) if rows else np.empty((0, 0), dtype=kind_of)
    return {name: _flat(array) for name, array in found.items()}


def _flat(array: np.ndarray) -> np.ndarray:
    return np.array(array, dtype=str) if array.dtype == object else np.ascontiguousarray(array)


def bundle_of(arrays: Mapping[str, np.ndarray], manifest: Mapping[str, Any]) -> Bundle:
    """The bundle of these arrays.  Raises ``KeyError`` where one is missing."""
    goods = Goods(**{f.name: arrays[f"goods.{f.name}"] for f in fields(Goods)})
    purchases = Purchases(**{f.name: arrays[f"purchases.{f.name}"] for f in fields(Purchases)})
    keys = arrays["popular.keys"]
    rows = slice(0, len(keys))
    popular = {
        str(key): Lists(arrays["popular.items"][rows][i : i + 1], arrays["popular.scores"][rows][i : i + 1])
        for i, key in enumerate(keys)
    }
    return Bundle(
        id=str(manifest["id"]),
        as_of=date.fromisoformat(str(manifest["as_of"])),
        goods=goods,
        purchases=purchases,
        lists=_lists(arrays, "lists", manifest),
        neighbours=_lists(arrays, "neighbours", manifest),
        popular=MappingProxyType(popular),
        manifest=MappingProxyType(dict(manifest)),
        **{name: arrays[name] for name in PLAIN},
    )


def _lists(arrays: Mapping[str, np.ndarray], part: str, manifest: Mapping[str, Any]) -> Mapping[str, Lists]:
    names = manifest[part]
    return MappingProxyType(
        {n: Lists(arrays[f"{part}.{n}.items"], arrays[f"{part}.{n}.scores"]) for n in names}
    )
