"""How much of each product lies where."""

from __future__ import annotations

import polars as pl

from shuke.sources.files.fields import Field, FileKind, ShapeContext, Tables
from shuke.sources.files.kinds.order_fields import PRODUCT_ID
from shuke.tables import TABLES

#: Where a system that counts one place only keeps its stock.
ONE_PLACE = "default"
_MOST = 10**9


def _one_place(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(pl.col("location_id").fill_null(ONE_PLACE))


def _shape(rows: pl.DataFrame, context: ShapeContext) -> Tables:
    reserved = pl.col("reserved").fill_null(0)
    shaped = rows.with_columns(
        pl.lit(context.account_id).alias("channel_account_id"),
        reserved.alias("reserved"),
        (pl.col("on_hand") - reserved).alias("sellable"),
        pl.col("observed_at").fill_null(pl.lit(context.at)).cast(pl.Datetime("us", "UTC")),
        pl.lit(context.batch_id).alias("batch_id"),
    )
    return {"stock_levels": shaped.select(TABLES["stock_levels"].column_names)}


STOCK = FileKind(
    name="stock",
    label="Stock",
    key=("location_id", "product_id"),
    shape=_shape,
    prepare=_one_place,
    fields=(
        PRODUCT_ID,
        Field(
            "location_id",
            "id",
            "Place of the stock",
            max_length=120,
            words=(
                "location",
                "warehouse",
                "warehouse id",
                "store",
                "store id",
                "仓库",
                "仓库编号",
                "门店编号",
            ),
        ),
        Field(
            "on_hand",
            "int",
            "Pieces on hand",
            is_required=True,
            minimum=-_MOST,
            maximum=_MOST,
            words=("stock", "quantity", "qty", "stock on hand", "库存", "库存数量", "现有库存", "数量"),
        ),
        Field(
            "reserved",
            "int",
            "Pieces reserved",
            minimum=0,
            maximum=_MOST,
            words=("allocated", "committed", "占用", "占用库存", "锁定库存"),
        ),
        Field(
            "incoming",
            "int",
            "Pieces on their way",
            minimum=0,
            maximum=_MOST,
            words=("on order", "在途", "在途库存"),
        ),
        Field("observed_at", "time", "Time of the count", words=("counted at", "date", "盘点时间", "日期")),
    ),
)
