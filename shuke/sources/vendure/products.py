"""Vendure's products, their variants and the stock of these as rows.

What is sold, counted and listed is a variant; a product without variants makes no rows.
"""

from __future__ import annotations

import json

from shuke.sources.contract import Row, product_key
from shuke.sources.records import Record, identifier, part, parts, pieces, words

_OF_PRODUCT = "id name enabled updatedAt facetValues { name facet { code } } collections { name }"
_OF_VARIANT = (
    "id sku name enabled updatedAt facetValues { name facet { code } } options { name group { code } }"
)
#: A product with its variants, and a variant with its product.
PRODUCT_FIELDS = f"{_OF_PRODUCT} variants {{ {_OF_VARIANT} }}"
VARIANT_FIELDS = f"{_OF_VARIANT} product {{ {_OF_PRODUCT} }}"
STOCK_FIELDS = "id sku stockLevels { stockOnHand stockAllocated stockLocationId }"
_FACETS = ("brand", "department", "category", "subcategory")


def key_of(variant: Record) -> str:
    """The product that a variant is."""
    return product_key(sku=words(variant, "sku"), system="vendure", variant_id=identifier(variant, "id"))


def product_of(variant: Record, product: Record) -> Row:
    """The row of a variant.  Raises ``UnusableRecordError``.

    Facets of the variant win over those of its product; without a facet ``category`` the first
    collection is the category.
    """
    facets = _facets(product) | _facets(variant)
    collections = [name for item in parts(product, "collections") if (name := words(item, "name"))]
    options = {
        code: name
        for option in parts(variant, "options")
        if (code := words(part(option, "group"), "code")) and (name := words(option, "name"))
    }
    kept = {"product": words(product, "name"), **options}
    return {
        "product_id": key_of(variant),
        "name": words(variant, "name") or words(product, "name"),
        **{name: facets.get(name) for name in _FACETS},
        "category": facets.get("category") or (collections[0] if collections else None),
        "attributes": json.dumps({k: v for k, v in kept.items() if v}, ensure_ascii=False, sort_keys=True),
        "is_active": "true" if variant.get("enabled") and product.get("enabled") else "false",
    }


def _facets(record: Record) -> dict[str, str]:
    found: dict[str, str] = {}
    for value in parts(record, "facetValues"):
        code, name = words(part(value, "facet"), "code"), words(value, "name")
        if code and name:
            found.setdefault(code.casefold(), name)
    return found


def listing_of(variant: Record, product: Record) -> Row:
    """Which product the shop's product is."""
    return {
        "external_product_id": identifier(product, "id"),
        "external_sku_id": identifier(variant, "id"),
        "product_id": key_of(variant),
        "sku": words(variant, "sku"),
        "confidence": "1",
    }


def stock_of(variant: Record) -> list[Row]:
    """The variant's stock, one row per place.  What is sellable is computed when it lands."""
    return [
        {
            "product_id": key_of(variant),
            "location_id": identifier(level, "stockLocationId"),
            "on_hand": str(pieces(level, "stockOnHand")),
            "reserved": str(pieces(level, "stockAllocated")),
        }
        for level in parts(variant, "stockLevels")
    ]
