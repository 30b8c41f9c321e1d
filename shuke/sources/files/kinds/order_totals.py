"""What a file says once per order: its amount over the lines, what was given back, what the goods are called.

docs/algorithms/platform-files.md has the worked example.
"""

from __future__ import annotations

import polars as pl

from shuke.sources.files.business_time import business_time
from shuke.sources.files.fields import ShapeContext
from shuke.tables import TABLES

#: Columns that ``refunds_of`` reads besides the order's keys.
TIMES = ("placed_at", "paid_at", "completed_at", "cancelled_at")


def share_totals(rows: pl.DataFrame) -> pl.DataFrame:
    """Give the lines of an order their parts of what was paid for it, where no line says its own.

    The parts sum up to ``order_paid - shipping + platform_discount`` exactly.  Runs before any row is put
    aside, so that a bad line keeps its part and the others do not get it.
    """
    if "order_paid" not in rows.columns or not rows["order_paid"].count():
        return rows
    quantity = pl.col("quantity").fill_null(1).clip(0)
    listed = pl.coalesce(pl.col("list_amount"), pl.col("unit_price") * quantity)
    weighed = rows.with_columns(listed.alias("__list"), quantity.alias("__pieces"))
    order = pl.col("order_no")
    total = (
        pl.col("order_paid").drop_nulls().first().over(order)
        - pl.col("shipping").drop_nulls().first().over(order).fill_null(0)
        + pl.col("platform_discount").drop_nulls().first().over(order).fill_null(0)
    )
    weighed = weighed.with_columns(
        _weight(order).alias("__weight"),
        total.clip(0).alias("__total"),
        pl.col("paid").is_not_null().any().over(order).alias("__said"),
    )
    weighed = weighed.with_columns(_part("__total", order).alias("__paid"), _part_of_discount(order))
    paid = pl.when(pl.col("__said")).then(pl.col("paid")).otherwise(pl.col("__paid"))
    saved = (pl.col("__list") - paid).clip(0)
    return weighed.with_columns(
        paid.alias("paid"),
        pl.when(pl.col("__said"))
        .then(pl.col("discount"))
        .otherwise(pl.coalesce("discount", "__discount", saved))
        .alias("discount"),
    ).select(rows.columns)


def _weight(order: pl.Expr) -> pl.Expr:
    """The list price of a line; quantities where a line of the order has none; one each where they are 0."""
    is_listed = pl.col("__list").is_not_null().all().over(order) & (pl.col("__list").sum().over(order) > 0)
    has_pieces = pl.col("__pieces").sum().over(order) > 0
    return (
        pl.when(is_listed)
        .then(pl.col("__list"))
        .when(has_pieces)
        .then(pl.col("__pieces"))
        .otherwise(1)
        .cast(pl.Float64)
    )


def _part(total: str, order: pl.Expr) -> pl.Expr:
    """The difference of rounded running sums: whole coins whose sum is the total."""
    running = pl.col("__weight").cum_sum().over(order) / pl.col("__weight").sum().over(order)
    upto = (pl.col(total) * running).round(0).cast(pl.Int64)
    return upto - upto.shift(1, fill_value=0).over(order)


def _part_of_discount(order: pl.Expr) -> pl.Expr:
    whole = pl.col("order_discount").drop_nulls().first().over(order)
    running = pl.col("__weight").cum_sum().over(order) / pl.col("__weight").sum().over(order)
    upto = (whole * running).round(0).cast(pl.Int64)
    return (upto - upto.shift(1, fill_value=0).over(order)).alias("__discount")


def known_refund(heads: pl.DataFrame) -> pl.DataFrame:
    """Orders (one per row) whose state follows what was given back, unless the file says the state itself."""
    back = pl.col("refunded_amount").fill_null(0)
    derived = (
        pl.when((back > 0) & (back >= pl.col("paid_minor")))
        .then(pl.lit("refunded"))
        .when(back > 0)
        .then(pl.lit("partially_refunded"))
    )
    is_open = pl.col("payment_status").is_null() | (pl.col("payment_status") == "paid")
    return heads.with_columns(
        pl.when(is_open & derived.is_not_null())
        .then(derived)
        .otherwise(pl.col("payment_status"))
        .alias("payment_status")
    )


def refunds_of(heads: pl.DataFrame, context: ShapeContext) -> pl.DataFrame:
    """One refund of the whole order for every order of which something was given back.

    An order export does not say when; the last time that the order knows is taken.
    """
    given = heads.filter(pl.col("refunded_amount").fill_null(0) > 0)
    rows = given.with_columns(
        (pl.col("order_id") + ":export").alias("refund_id"),
        pl.lit(0, dtype=pl.Int64).alias("line_no"),
        pl.max_horizontal(*TIMES).alias("refunded_at"),
        pl.lit(0, dtype=pl.Int64).alias("quantity"),
        pl.col("refunded_amount").alias("amount_minor"),
        pl.lit(context.currency).alias("currency"),
        pl.lit(None, dtype=pl.String).alias("reason"),
        pl.lit(context.batch_id).alias("batch_id"),
    )
    rows = rows.with_columns(business_time("refunded_at", context.business_zone))
    return rows.select(TABLES["refunds"].column_names)


def products_of(lines: pl.DataFrame, context: ShapeContext) -> pl.DataFrame:
    """The goods that the lines name: enough for a list of products until a better one is imported."""
    named = lines.filter(pl.col("product_name").is_not_null() & pl.col("product_id").is_not_null())
    first = named.unique(subset="product_id", keep="first", maintain_order=True)
    schema = pl.Schema(TABLES["products"].arrow_schema)
    known = {
        "product_id": pl.col("product_id"),
        "name": pl.col("product_name"),
        "is_active": pl.lit(value=True),
        "batch_id": pl.lit(context.batch_id),
    }
    return first.select(
        known.get(name, pl.lit(None, dtype=dtype)).alias(name) for name, dtype in schema.items()
    )
