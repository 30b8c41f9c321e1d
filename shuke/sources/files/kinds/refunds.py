"""Refunds of orders, with or without the line."""

from __future__ import annotations

import polars as pl

from shuke.sources.files.business_time import business_time
from shuke.sources.files.fields import Field, FileKind, ShapeContext, Tables
from shuke.sources.files.kinds.order_fields import MAX_MONEY, ORDER_NO
from shuke.tables import TABLES


def _whole_orders(rows: pl.DataFrame) -> pl.DataFrame:
    """A refund without a line is of the whole order: line 0."""
    return rows.with_columns(pl.col("line_no").fill_null(0))


def _shape(rows: pl.DataFrame, context: ShapeContext) -> Tables:
    """``rows`` carry ``order_id`` and ``person_key``, joined by the caller from the known orders."""
    shaped = rows.with_columns(
        (pl.lit(context.account_id + ":") + pl.col("refund_no")).alias("refund_id"),
        pl.col("line_no").fill_null(0),
        pl.col("quantity").fill_null(0),
        pl.col("amount").alias("amount_minor"),
        pl.lit(context.currency).alias("currency"),
        pl.lit(context.batch_id).alias("batch_id"),
        *business_time("refunded_at", context.business_zone),
    )
    return {"refunds": shaped.select(TABLES["refunds"].column_names)}


REFUNDS = FileKind(
    name="refunds",
    label="Refunds",
    key=("refund_no", "line_no"),
    shape=_shape,
    from_order=("person_key",),
    prepare=_whole_orders,
    fields=(
        Field(
            "refund_no",
            "id",
            "Refund number",
            is_required=True,
            max_length=120,
            words=(
                "refund",
                "refund id",
                "return no",
                "return id",
                "退款编号",
                "退款单号",
                "退货单号",
                "售后单号",
            ),
        ),
        ORDER_NO,
        Field(
            "line_no",
            "int",
            "Line number",
            minimum=0,
            maximum=1_000_000,
            words=("line", "line number", "行号", "明细行号"),
        ),
        Field(
            "refunded_at",
            "time",
            "Time of the refund",
            is_required=True,
            words=(
                "refund time",
                "refund date",
                "date",
                "created at",
                "退款时间",
                "退款日期",
                "退货时间",
                "时间",
                "日期",
            ),
        ),
        Field(
            "quantity",
            "int",
            "Pieces returned",
            minimum=0,
            maximum=10_000_000,
            words=("qty", "数量", "退货数量"),
        ),
        Field(
            "amount",
            "money",
            "Amount refunded",
            is_required=True,
            minimum=0,
            maximum=MAX_MONEY,
            is_absolute=True,
            words=("refund amount", "amount refunded", "total", "退款金额", "退货金额", "金额"),
        ),
        Field("reason", "text", "Reason", words=("refund reason", "退款原因", "退货原因", "原因")),
    ),
)
