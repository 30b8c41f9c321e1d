"""WooCommerce's products and variations as products, listings and stock.

What is sold is the simple product or the variation; the variable product above it is only a page of
the shop.
"""

from __future__ import annotations

import html
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shuke.sources.contract import Row, product_key
from shuke.sources.records import identifier, parts, pieces, words
from shuke.sources.woocommerce.orders import SYSTEM

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Sold:
    """Something that can be sold: a variation with its product, or a product that has none."""

    product: Record
    variation: Record | None

    @property
    def record(self) -> Record:
        """What carries the code, the price and the stock."""
        return self.product if self.variation is None else self.variation

    @property
    def key(self) -> str:
        """The product it is in the lake."""
        return product_key(
            sku=words(self.record, "sku"), system=SYSTEM, variant_id=identifier(self.record, "id")
        )


def sold(product: Record, variations: Sequence[Record]) -> Iterator[Sold]:
    """Everything of a product that can be sold."""
    if not variations:
        yield Sold(product, None)
    for variation in variations:
        yield Sold(product, variation)


def product_row(what: Sold) -> Row:
    """The product's row.  Raises ``UnusableRecordError``."""
    options = {
        name: option
        for attribute in parts(what.variation or {}, "attributes")
        if (name := words(attribute, "name")) and (option := words(attribute, "option"))
    }
    name = " – ".join([_text(what.product, "name") or what.key, *map(html.unescape, options.values())])
    categories, brands = parts(what.product, "categories"), parts(what.product, "brands")
    is_active = what.product.get("status") == "publish" and what.record.get("status", "publish") == "publish"
    return {
        "product_id": what.key,
        "name": name[:500],
        "brand": _text(brands[0], "name") if brands else None,
        "category": _text(categories[0], "name") if categories else None,
        "attributes": json.dumps(options, ensure_ascii=False) if options else None,
        "is_active": "true" if is_active else "false",
    }


def _text(record: Record, name: str) -> str | None:
    """WordPress escapes names for HTML."""
    text = words(record, name)
    return html.unescape(text) if text else None


def listing_row(what: Sold) -> Row:
    """Which product the shop's numbers mean."""
    return {
        "external_product_id": identifier(what.product, "id"),
        "external_sku_id": identifier(what.record, "id"),
        "product_id": what.key,
        "sku": words(what.record, "sku"),
        "confidence": "1",
    }


def stock_row(what: Sold) -> Row | None:
    """Pieces on hand.  WooCommerce counts down when it sells, so nothing of them is reserved.

    ``None`` where nothing is counted, or where a variation shares its product's count.
    """
    record = what.record
    if record.get("manage_stock") is not True or record.get("stock_quantity") is None:
        return None
    return {"product_id": what.key, "on_hand": str(pieces(record, "stock_quantity")), "reserved": "0"}
