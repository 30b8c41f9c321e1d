"""Store lists."""

from __future__ import annotations

import polars as pl

from shuke.sources.files.fields import Field, FileKind, ShapeContext, Tables

STORE_WORDS = (
    "store",
    "store no",
    "shop id",
    "shop",
    "branch",
    "branch id",
    "门店",
    "门店编号",
    "门店id",
    "店铺编号",
    "店铺id",
    "门店编码",
)


def _shape(rows: pl.DataFrame, context: ShapeContext) -> Tables:
    return {
        "stores": rows.select(
            "store_id",
            pl.col("sales_channel").fill_null(context.sales_channel),
            pl.coalesce("name", "store_id").alias("name"),
            "region",
            "latitude",
            "longitude",
            pl.lit(context.batch_id).alias("batch_id"),
        )
    }


STORES = FileKind(
    name="stores",
    label="Stores",
    key=("store_id",),
    shape=_shape,
    fields=(
        Field("store_id", "id", "Store number", is_required=True, words=STORE_WORDS, max_length=120),
        Field(
            "name", "text", "Name", words=("store name", "shop name", "门店名称", "店铺名称", "店名", "名称")
        ),
        Field("sales_channel", "text", "Sales channel", words=("channel", "渠道", "销售渠道"), max_length=40),
        Field("region", "text", "Region", words=("province", "area", "city", "地区", "区域", "城市", "省份")),
        Field("latitude", "number", "Latitude", minimum=-90, maximum=90, words=("lat", "纬度")),
        Field("longitude", "number", "Longitude", minimum=-180, maximum=180, words=("lng", "lon", "经度")),
    ),
)
