"""Product lists."""

from __future__ import annotations

import json

import polars as pl

from shuke.sources.files.fields import Field, FileKind, ShapeContext, Tables

ATTRIBUTE = "attribute:"


def _shape(rows: pl.DataFrame, context: ShapeContext) -> Tables:
    extra = [name for name in rows.columns if name.startswith(ATTRIBUTE)]
    attributes = pl.col("attributes")
    if extra:
        texts = [
            json.dumps(
                {k.removeprefix(ATTRIBUTE): v for k, v in row.items() if v is not None}, ensure_ascii=False
            )
            for row in rows.select(extra).iter_rows(named=True)
        ]
        rows = rows.with_columns(pl.Series("extra", texts))
        attributes = pl.coalesce("attributes", pl.when(pl.col("extra") != "{}").then(pl.col("extra")))
    return {
        "products": rows.select(
            "product_id",
            pl.coalesce("name", "subcategory", "category", "product_id").alias("name"),
            "brand",
            "department",
            "category",
            "subcategory",
            "package_size",
            attributes.alias("attributes"),
            pl.col("cost").alias("cost_minor"),
            "shelf_life_days",
            pl.col("is_active").fill_null(value=True),
            pl.lit(context.batch_id).alias("batch_id"),
        )
    }


PRODUCTS = FileKind(
    name="products",
    label="Products",
    key=("product_id",),
    shape=_shape,
    fields=(
        Field(
            "product_id",
            "id",
            "Product number",
            is_required=True,
            max_length=120,
            words=(
                "product",
                "product no",
                "item id",
                "item no",
                "article",
                "sku",
                "upc",
                "ean",
                "barcode",
                "goods id",
                "商品编号",
                "商品id",
                "商品编码",
                "货号",
                "商品条码",
                "条码",
                "产品编号",
            ),
        ),
        Field(
            "name",
            "text",
            "Name",
            words=(
                "product name",
                "item name",
                "title",
                "description",
                "goods name",
                "商品名称",
                "商品名",
                "品名",
                "产品名称",
                "名称",
            ),
        ),
        Field("brand", "text", "Brand", words=("brand name", "品牌", "品牌名称")),
        Field("department", "text", "Department", words=("division", "部门", "大类", "一级类目", "一级分类")),
        Field(
            "category",
            "text",
            "Category",
            words=("product category", "类目", "品类", "分类", "中类", "二级类目", "二级分类"),
        ),
        Field(
            "subcategory",
            "text",
            "Subcategory",
            words=("sub category", "product type", "type", "小类", "子类", "三级类目", "三级分类"),
        ),
        Field(
            "package_size", "text", "Package size", words=("size", "pack size", "spec", "规格", "包装规格")
        ),
        Field("attributes", "json", "Attributes (JSON)", max_length=20_000, words=("属性",)),
        Field(
            "cost",
            "money",
            "Cost",
            minimum=0,
            words=("unit cost", "cost price", "purchase price", "成本", "成本价", "进价"),
        ),
        Field(
            "shelf_life_days",
            "int",
            "Shelf life in days",
            minimum=0,
            maximum=36_500,
            words=("shelf life", "保质期", "保质期天数"),
        ),
        Field(
            "is_active",
            "bool",
            "Sold today",
            words=("active", "on sale", "enabled", "是否在售", "在售", "上架"),
        ),
    ),
)
