"""Orders with one row per line: the export of most tills."""

from __future__ import annotations

import polars as pl

from shuke.sources.files.fields import PERSON_FIELDS, FileKind, ShapeContext, Tables
from shuke.sources.files.kinds.order_fields import (
    AMOUNT_FIELDS,
    LINE_FIELDS,
    LINE_NO,
    ORDER_NO,
    ORDER_TOTAL_FIELDS,
    PLACED_AT,
    RECEIVER_FIELDS,
    STATUS_FIELDS,
    STORE_ID,
    global_order_id,
    line_amounts,
    order_columns,
)
from shuke.sources.files.kinds.order_totals import known_refund, products_of, refunds_of, share_totals
from shuke.tables import TABLES

#: Columns of an order that repeat on each of its lines; the first line's value holds.
_FIRST = (
    "person_key",
    "placed_at",
    "store_id",
    "paid_at",
    "completed_at",
    "cancelled_at",
    "payment_status",
    "fulfilment_status",
    "lifecycle_status",
    "status_raw",
    "platform_discount",
    "shipping",
    "tax",
    "merchant_received",
    "points_spent",
    "voucher_codes",
    "refunded_amount",
)


def number_lines(rows: pl.DataFrame) -> pl.DataFrame:
    """Number lines that have no number by their place within the order, before any row is put aside.

    So a rejected line that is mended and imported alone keeps its place.
    """
    if not rows["line_no"].null_count():
        return rows
    place = pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("order_no")
    return rows.with_columns(pl.coalesce("line_no", place).alias("line_no"))


def _prepare(rows: pl.DataFrame) -> pl.DataFrame:
    return share_totals(number_lines(rows))


def _shape(rows: pl.DataFrame, context: ShapeContext) -> Tables:
    """Lines as they are, orders summed from them.  Rows of one order share its first row's time and buyer."""
    amounts = rows.with_columns(global_order_id(context), *line_amounts())
    heads = amounts.group_by("order_id", maintain_order=True).agg(
        *(pl.col(name).first() for name in _FIRST),
        pl.col("list_minor").sum().alias("goods_minor"),
        (pl.col("discount_minor") + pl.col("voucher_minor")).sum().alias("discount_merchant_minor"),
        pl.col("paid_minor").sum(),
    )
    due = pl.col("paid_minor") + pl.col("shipping").fill_null(0) - pl.col("platform_discount").fill_null(0)
    heads = known_refund(heads.with_columns(due.clip(0)))
    heads = heads.with_columns(*order_columns(context))
    shared = heads.select(
        "order_id", "person_key", "placed_at", "store_id", "local_month", "local_date", "local_hour"
    )
    lines = amounts.drop("person_key", "placed_at", "store_id").join(shared, on="order_id", how="left")
    lines = lines.with_columns(
        pl.lit(context.sales_channel).alias("sales_channel"),
        pl.lit(context.currency).alias("currency"),
        pl.lit(context.batch_id).alias("batch_id"),
    )
    return {
        "order_lines": lines.select(TABLES["order_lines"].column_names),
        "orders": heads.select(TABLES["orders"].column_names),
        **_filled(refunds=refunds_of(heads, context), products=products_of(rows, context)),
    }


def _filled(**tables: pl.DataFrame) -> Tables:
    """Tables of which the file says nothing are left out."""
    return {name: frame for name, frame in tables.items() if frame.height}


def orders_from_lines(lines: pl.DataFrame) -> pl.DataFrame:
    """Sums per order over all its lines: ``order_id, goods_minor, discount_merchant_minor, lines_paid_minor``."""
    return lines.group_by("order_id").agg(
        pl.col("list_minor").sum().alias("goods_minor"),
        (pl.col("discount_minor") + pl.col("voucher_minor")).sum().alias("discount_merchant_minor"),
        pl.col("paid_minor").sum().alias("lines_paid_minor"),
    )


ORDERS = FileKind(
    name="orders",
    label="Orders (one row per line)",
    key=("order_no", "line_no"),
    shape=_shape,
    names_person=True,
    person_is_optional=True,
    prepare=_prepare,
    one_of=(("paid", "order_paid", "list_amount", "unit_price"),),
    fields=(
        ORDER_NO,
        LINE_NO,
        PLACED_AT,
        *PERSON_FIELDS,
        STORE_ID,
        *LINE_FIELDS,
        *STATUS_FIELDS,
        *AMOUNT_FIELDS,
        *ORDER_TOTAL_FIELDS,
        *RECEIVER_FIELDS,
    ),
)

__all__ = ["ORDERS", "number_lines", "orders_from_lines"]
