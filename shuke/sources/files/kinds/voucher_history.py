"""What happened to vouchers before Shuke."""

from __future__ import annotations

import polars as pl

from shuke.sources.files.business_time import business_time
from shuke.sources.files.fields import PERSON_FIELDS, Field, FileKind, ShapeContext, Tables
from shuke.sources.files.kinds.order_fields import MAX_MONEY, global_order_id
from shuke.tables import TABLES

_STEPS = {
    "issued": ("issued", "sent", "发放", "已发放"),
    "claimed": ("claimed", "领取", "已领取"),
    "reserved": ("reserved", "锁定"),
    "redeemed": ("redeemed", "used", "核销", "已核销", "已使用"),
    "released": ("released", "释放"),
    "expired": ("expired", "过期", "已过期"),
    "cancelled": ("cancelled", "canceled", "作废", "已作废"),
}


def _shape(rows: pl.DataFrame, context: ShapeContext) -> Tables:
    is_anonymous = pl.col("person_key") == "anonymous"
    shaped = rows.with_columns(
        pl.when(~is_anonymous).then(pl.col("person_key")).alias("person_key"),
        pl.coalesce("definition_id", "voucher_id").alias("definition_id"),
        pl.col("event").fill_null("redeemed"),
        pl.when(pl.col("order_no").is_not_null()).then(global_order_id(context)).alias("order_id"),
        pl.col("amount").alias("amount_minor"),
        pl.lit(context.batch_id).alias("batch_id"),
        *business_time("occurred_at", context.business_zone),
    )
    return {"voucher_events": shaped.select(TABLES["voucher_events"].column_names)}


VOUCHER_HISTORY = FileKind(
    name="voucher_history",
    label="Voucher history",
    key=("voucher_id", "event", "occurred_at"),
    shape=_shape,
    names_person=True,
    person_is_optional=True,
    fields=(
        Field(
            "voucher_id",
            "id",
            "Voucher",
            is_required=True,
            max_length=200,
            words=(
                "voucher",
                "voucher code",
                "coupon",
                "coupon code",
                "coupon id",
                "券码",
                "优惠券编号",
                "券号",
            ),
        ),
        Field(
            "definition_id",
            "id",
            "Voucher definition",
            max_length=200,
            words=("definition", "voucher type", "coupon upc", "campaign id", "券模板", "券种", "优惠券模板"),
        ),
        *PERSON_FIELDS,
        Field(
            "event",
            "choice",
            "Step",
            words=("status", "state", "action", "状态", "事件"),
            choices={spelling: step for step, spellings in _STEPS.items() for spelling in spellings},
        ),
        Field(
            "occurred_at",
            "time",
            "Time",
            is_required=True,
            words=(
                "time",
                "date",
                "redeemed at",
                "redemption date",
                "used at",
                "核销时间",
                "使用时间",
                "时间",
                "日期",
            ),
        ),
        Field(
            "order_no",
            "id",
            "Order number",
            words=("order", "order id", "订单号", "订单编号"),
            max_length=120,
        ),
        Field(
            "amount",
            "money",
            "Amount taken off",
            minimum=0,
            maximum=MAX_MONEY,
            is_absolute=True,
            words=("discount", "value", "face value", "金额", "抵扣金额"),
        ),
    ),
)
