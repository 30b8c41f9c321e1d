"""Shopify's variants as products, listings and stock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from shuke.sources.contract import Row, product_key
from shuke.sources.records import amount, part, parts, pieces, plain, words
from shuke.sources.shopify.ids import SYSTEM, number_of

Record = Mapping[str, Any]


def key_of(variant: Record) -> str:
    """The product that a variant is in the lake."""
    return product_key(sku=words(variant, "sku"), system=SYSTEM, variant_id=number_of(variant))


def product_row(product: Record, variant: Record) -> Row:
    """The row of a variant.  Raises ``UnusableRecordError``."""
    title = words(variant, "title")
    names = [words(product, "title") or key_of(variant), title if title != "Default Title" else None]
    cost = part(part(variant, "inventoryItem"), "unitCost")
    return {
        "product_id": key_of(variant),
        "name": " – ".join(name for name in names if name)[:500],
        "brand": words(product, "vendor"),
        "category": words(product, "productType"),
        "cost": plain(amount(cost, "amount")) if cost else None,
        "is_active": "true" if product.get("status") == "ACTIVE" else "false",
    }


def cost_currency(variant: Record) -> str:
    """The currency of the cost, if there is one."""
    return words(part(part(variant, "inventoryItem"), "unitCost"), "currencyCode") or ""


def listing_row(product: Record, variant: Record) -> Row:
    """Which product Shopify's numbers mean."""
    return {
        "external_product_id": number_of(product),
        "external_sku_id": number_of(variant),
        "product_id": key_of(variant),
        "sku": words(variant, "sku"),
        "confidence": "1",
    }


def stock_rows(variant: Record, levels: Sequence[Record]) -> list[Row]:
    """Pieces per location.  What lies there and is not available counts as reserved."""
    if part(variant, "inventoryItem").get("tracked") is not True:
        return []
    rows: list[Row] = []
    for level in levels:
        counts = {words(entry, "name"): pieces(entry, "quantity") for entry in parts(level, "quantities")}
        on_hand = counts.get("on_hand", 0)
        rows.append(
            {
                "product_id": key_of(variant),
                "location_id": number_of(part(level, "location")),
                "on_hand": str(on_hand),
                "reserved": str(max(on_hand - counts.get("available", on_hand), 0)),
                "incoming": str(max(counts.get("incoming", 0), 0)),
            }
        )
    return rows
