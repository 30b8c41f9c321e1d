"""Pairs of the range that are bought together or instead of one another, as the newest study told them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any

import ibis
from ibis.expr import types as ir

from shuke.apps.insights.models import Study
from shuke.apps.insights.schemas.affinity import AffinityPair
from shuke.lake.reading import Snapshot
from shuke.platform.warehouse import lake

#: What the list may be sorted by, each with the columns of it, the strongest first.
SORTS = ("lift", "baskets", "confidence")


def affinity_pairs(
    *, level: str, kind: str, text: str = "", item: str = "", sort: str = "lift", limit: int = 100
) -> list[AffinityPair]:
    """Pairs of a level and kind, the strongest first; none before the first study.

    ``item``: only those with this product or category on the left.  ``text``: only those with it in either name.  With
    either, a pair stands in both directions, else in one.
    """
    day = _newest_day()
    if day is None:
        return []
    with lake().read() as snapshot:
        told = snapshot.table("affinities")
        rows = told.filter(told.as_of == ibis.literal(day), told.level == level, told.kind == kind)
        if item:
            rows = rows.filter(rows.left == item)
        elif not text:
            rows = rows.filter(rows.left < rows.right)
        named = _named(rows, snapshot) if level == "product" else _plain(rows)
        for word in text.casefold().split():
            named = named.filter((named.left_name + " " + named.right_name).lower().contains(word))
        found: list[dict[str, Any]] = (
            named.order_by(*_order(named, kind, sort)).limit(limit).to_pyarrow().to_pylist()
        )
    return [AffinityPair(**row) for row in found]


def _newest_day() -> date | None:
    row = Study.objects.filter(kind="affinity", refusal__isnull=True).order_by("-as_of").first()
    return row.as_of if row else None


def _order(named: ir.Table, kind: str, sort: str) -> list[Any]:
    by_strength = named.high.asc() if kind == "substitute" else named.low.desc()
    chosen = {"baskets": [named.baskets.desc()], "confidence": [named.confidence.desc()]}.get(sort, [])
    return [*chosen, by_strength, named.left, named.right]


def _plain(rows: ir.Table) -> ir.Table:
    return rows.mutate(left_name=rows.left, right_name=rows.right)


def _named(rows: ir.Table, snapshot: Snapshot) -> ir.Table:
    names = _labels(snapshot)
    left = names.select(left="product_id", left_name="label")
    right = names.select(right="product_id", right_name="label")
    return rows.join(left, "left").join(right, "right").select(*rows.columns, "left_name", "right_name")


def _labels(snapshot: Snapshot) -> ir.Table:
    """``product_id, label``: the name with its size, and the number where several products are called so."""
    products = snapshot.table("products")
    says_size = products.package_size.isnull() | products.name.contains(products.package_size)
    label = says_size.ifelse(products.name, products.name + " " + products.package_size)
    called = products.select("product_id", label=label)
    several = called.count().over(group_by="label") > 1
    return called.mutate(label=several.ifelse(called.label + " (" + called.product_id + ")", called.label))


def product_names(snapshot: Snapshot, product_ids: Collection[str]) -> dict[str, str]:
    """What people call these products."""
    if not product_ids:
        return {}
    labels = _labels(snapshot)
    rows = labels.filter(labels.product_id.isin(sorted(set(product_ids)))).to_pyarrow()
    return dict(zip(rows["product_id"].to_pylist(), rows["label"].to_pylist(), strict=True))
