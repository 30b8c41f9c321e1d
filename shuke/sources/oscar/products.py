"""django-oscar's products and stock records as products, listings and stock."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shuke.sources.contract import Row, product_key
from shuke.sources.oscar.paging import number_in
from shuke.sources.records import identifier, parts, pieces, words

Record = Mapping[str, Any]
SYSTEM = "oscar"


@dataclass(frozen=True)
class Range:
    """Every product of the shop by its number."""

    by_number: Mapping[str, Record]

    def key(self, number: str | None) -> str:
        """The product in the lake; of a product that was deleted, its number."""
        return product_key(sku=self.code(number), system=SYSTEM, variant_id=number or "deleted")

    def code(self, number: str | None) -> str | None:
        """The merchant's own code: that of the first stock record, else the UPC."""
        product = self.by_number.get(number or "")
        if product is None:
            return None
        codes = (words(stock, "partner_sku") for stock in parts(product, "stockrecords"))
        return next((code for code in codes if code), words(product, "upc"))

    def sold(self) -> Iterator[tuple[str, Record]]:
        """What can be sold: everything but the parents, which only group."""
        for number, product in self.by_number.items():
            if product.get("structure") != "parent":
                yield number, product

    def said(self, product: Record, name: str) -> Any:
        """A field of the product; where a child leaves it empty, its parent's."""
        return product.get(name) or self.by_number.get(_parent(product), {}).get(name)


def _parent(product: Record) -> str:
    parent = product.get("parent")
    return str(parent) if isinstance(parent, int) else number_in(product, "parent") or ""


def range_of(records: Sequence[Record]) -> Range:
    """The range, in the order of the numbers."""
    known = {str(record["id"]): record for record in records if isinstance(record.get("id"), int)}
    return Range({number: known[number] for number in sorted(known, key=int)})


def product_row(products: Range, number: str, product: Record) -> Row:
    """The product's row.  Raises ``UnusableRecordError``."""
    levels = [level.strip() for level in _first_category(products, product).split(">")] + [""] * 3
    attributes = {
        name: value
        for attribute in parts(product, "attributes")
        if (name := words(attribute, "name")) and isinstance(value := attribute.get("value"), str | int)
    }
    is_public = product.get("is_public")
    return {
        "product_id": products.key(number),
        "name": (products.said(product, "title") or products.key(number))[:500],
        "department": levels[0] or None,
        "category": levels[1] or None,
        "subcategory": levels[2] or None,
        "attributes": json.dumps(attributes, ensure_ascii=False) if attributes else None,
        "is_active": "false" if is_public is False else "true",
    }


def _first_category(products: Range, product: Record) -> str:
    categories = products.said(product, "categories")
    first = categories[0] if isinstance(categories, list) and categories else ""
    return first if isinstance(first, str) else ""


def listing_row(products: Range, number: str) -> Row:
    """Which product the shop's number means."""
    return {
        "external_product_id": number,
        "external_sku_id": number,
        "product_id": products.key(number),
        "sku": products.code(number),
        "confidence": "1",
    }


def stock_rows(products: Range, number: str, product: Record) -> list[Row]:
    """Pieces per partner.  Oscar reserves at the order and counts down when it ships."""
    return [
        {
            "product_id": products.key(number),
            "location_id": number_in(stock, "partner") or identifier(stock, "partner"),
            "on_hand": str(pieces(stock, "num_in_stock")),
            "reserved": str(pieces(stock, "num_allocated")),
        }
        for stock in parts(product, "stockrecords")
        if stock.get("num_in_stock") is not None
    ]
