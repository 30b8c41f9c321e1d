"""Orders without their lines: the first of two files."""

from __future__ import annotations

import polars as pl

from shuke.sources.files.fields import PERSON_FIELDS, Field, FileKind, ShapeContext, Tables
from shuke.sources.files.kinds.order_fields import (
    AMOUNT_FIELDS,
    MAX_MONEY,
    ORDER_NO,
    PLACED_AT,
    RECEIVER_FIELDS,
    REFUNDED_AMOUNT,
    STATUS_FIELDS,
    STORE_ID,
    global_order_id,
    order_columns,
)
from shuke.sources.files.kinds.order_totals import known_refund, refunds_of
from shuke.tables import TABLES


def _shape(rows: pl.DataFrame, context: ShapeContext) -> Tables:
    discount = pl.col("discount").fill_null(0)
    platform = pl.col("platform_discount").fill_null(0)
    paid = known_refund(rows.with_columns(pl.col("paid").alias("paid_minor")))
    heads = paid.with_columns(
        global_order_id(context),
        pl.coalesce("goods", pl.col("paid") + discount + platform - pl.col("shipping").fill_null(0))
        .clip(0)
        .alias("goods_minor"),
        discount.alias("discount_merchant_minor"),
        pl.col("paid").alias("paid_minor"),
        *order_columns(context),
    )
    refunds = refunds_of(heads, context)
    orders = {"orders": heads.select(TABLES["orders"].column_names)}
    return orders | ({"refunds": refunds} if refunds.height else {})


ORDER_HEADERS = FileKind(
    name="order_headers",
    label="Orders without lines",
    key=("order_no",),
    shape=_shape,
    names_person=True,
    person_is_optional=True,
    fields=(
        ORDER_NO,
        PLACED_AT,
        *PERSON_FIELDS,
        STORE_ID,
        Field(
            "paid",
            "money",
            "Amount paid",
            is_required=True,
            minimum=0,
            maximum=MAX_MONEY,
            words=(
                "paid amount",
                "total",
                "order total",
                "amount",
                "net amount",
                "revenue",
                "实付",
                "实付金额",
                "订单金额",
                "买家实付",
                "金额",
                "成交金额",
            ),
        ),
        Field(
            "goods",
            "money",
            "Goods at list price",
            minimum=0,
            maximum=MAX_MONEY,
            words=("subtotal", "商品总额", "商品金额"),
        ),
        Field(
            "discount",
            "money",
            "Discount",
            minimum=0,
            maximum=MAX_MONEY,
            is_absolute=True,
            words=("discount amount", "优惠", "优惠金额", "商家优惠"),
        ),
        *STATUS_FIELDS,
        *AMOUNT_FIELDS,
        REFUNDED_AMOUNT,
        *RECEIVER_FIELDS,
    ),
)
