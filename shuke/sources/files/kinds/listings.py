"""Which product a platform's product is."""

from __future__ import annotations

import polars as pl

from shuke.sources.files.fields import Field, FileKind, ShapeContext, Tables
from shuke.sources.files.kinds.order_fields import PRODUCT_ID
from shuke.tables import TABLES


def _shape(rows: pl.DataFrame, context: ShapeContext) -> Tables:
    shaped = rows.with_columns(
        pl.lit(context.account_id).alias("channel_account_id"),
        pl.coalesce("external_sku_id", "external_product_id").alias("external_sku_id"),
        pl.col("confidence").fill_null(1.0).cast(pl.Float64),
        pl.lit(context.batch_id).alias("batch_id"),
    )
    return {"listings": shaped.select(TABLES["listings"].column_names)}


LISTINGS = FileKind(
    name="listings",
    label="Listings",
    key=("external_product_id", "external_sku_id"),
    shape=_shape,
    fields=(
        Field(
            "external_product_id",
            "id",
            "Product number on the platform",
            is_required=True,
            max_length=120,
            words=("listing id", "num iid", "goods id", "platform product id", "宝贝id", "平台商品id"),
        ),
        Field(
            "external_sku_id",
            "id",
            "Variant number on the platform",
            max_length=120,
            words=("variant id", "platform sku id", "平台skuid", "样式id"),
        ),
        PRODUCT_ID,
        Field("sku", "id", "Variant (SKU)", max_length=120, words=("merchant code", "商家编码", "规格编码")),
        Field("confidence", "number", "Confidence", minimum=0, maximum=1, words=("置信度",)),
    ),
)
