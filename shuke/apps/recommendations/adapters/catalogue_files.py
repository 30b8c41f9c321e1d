"""What products are, out of a file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from shuke.apps.recommendations.adapters.file_columns import WORDS
from shuke.apps.recommendations.adapters.files import opened
from shuke.science.recommendations.histories import NotAHistory
from shuke.sources.files.mapping import folded

#: Headers under which what a product is stands, folded, the surest first.
CATALOGUE_WORDS: Mapping[str, tuple[str, ...]] = {
    "department": ("department", "dept", "division", "部门", "一级类目", "大类"),
    "category": (
        "category", "productcategory", "commoditydesc", "categoryname", "aisle",
        "二级类目", "中类", "类目", "分类", "品类",
    ),
    "subcategory": (
        "subcategory", "producttype", "subcommoditydesc", "subclass", "productsubclass", "kind", "三级类目", "小类",
    ),
    "brand": ("brand", "brandname", "manufacturer", "品牌", "厂商"),
    "name": ("name", "productname", "title", "description", "itemname", "商品名称", "名称", "标题"),
}  # fmt: skip


def read_catalogue(path: Path) -> pl.DataFrame:
    """Columns ``item`` and what is told of ``department, category, subcategory, brand, name``, all text.

    Raises ``NotAHistory`` where no column names the item or none says what it is.
    """
    table = opened(path)
    known: dict[str, str] = {}
    for header in table.headers:
        known.setdefault(folded(header), header)
    item = next((known[word] for word in WORDS["item"] if word in known), None)
    found = {
        part: next((known[word] for word in words if word in known and known[word] != item), None)
        for part, words in CATALOGUE_WORDS.items()
    }
    told = {part: header for part, header in found.items() if header is not None}
    listed = ", ".join(table.headers)
    if item is None:
        raise NotAHistory(
            f"No column of {path.name} names the item. The file has: {listed}. Call one item_id."
        )
    if not told:
        raise NotAHistory(
            f"No column of {path.name} says what a product is. The file has: {listed}. "
            f"Call some of them {', '.join(CATALOGUE_WORDS)}."
        )
    return pl.DataFrame(
        {
            "item": table.column(item).cast(pl.String).str.strip_chars(),
            **{part: table.column(header).cast(pl.String) for part, header in told.items()},
        }
    ).drop_nulls("item")
