"""What campaigns and channels cost."""

from __future__ import annotations

import polars as pl

from shuke.sources.files.fields import Field, FileKind, ShapeContext, Tables
from shuke.sources.files.kinds.order_fields import MAX_MONEY
from shuke.tables import TABLES


def _shape(rows: pl.DataFrame, context: ShapeContext) -> Tables:
    shaped = rows.with_columns(
        (pl.lit(context.account_id + ":") + pl.col("cost_no")).alias("cost_id"),
        pl.col("campaign_code").alias("campaign_id"),
        pl.col("kind").fill_null("media"),
        pl.col("amount").alias("amount_minor"),
        pl.lit(context.currency).alias("currency"),
        pl.lit(context.batch_id).alias("batch_id"),
    )
    return {"costs": shaped.select(TABLES["costs"].column_names)}


COSTS = FileKind(
    name="costs",
    label="Costs",
    key=("cost_no",),
    shape=_shape,
    fields=(
        Field(
            "cost_no",
            "id",
            "Cost number",
            is_required=True,
            words=("cost", "cost id", "invoice no", "费用编号", "单号"),
            max_length=120,
        ),
        Field(
            "campaign_code",
            "id",
            "Campaign",
            words=("campaign", "campaign id", "活动编号", "活动id"),
            max_length=80,
        ),
        Field("channel", "text", "Channel", words=("medium", "渠道"), max_length=40),
        Field("kind", "text", "Kind of cost", words=("cost type", "type", "费用类型", "类型"), max_length=40),
        Field(
            "amount",
            "money",
            "Amount",
            is_required=True,
            minimum=0,
            maximum=MAX_MONEY * 100,
            words=("cost amount", "spend", "费用", "金额", "花费"),
        ),
        Field(
            "incurred_on",
            "date",
            "Date",
            is_required=True,
            words=("date", "day", "cost date", "日期", "发生日期"),
        ),
    ),
)
