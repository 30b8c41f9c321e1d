"""Facts that contradict one another or lie far from what is usual."""

from __future__ import annotations

import math

import polars as pl

from shuke.sources.cleaning.outliers import COUNT_RATIO, GROUP_ROWS

#: A price this many times the product's middle, or a part of it, is a typing error more often than a price.
PRICE_RATIO = 8.0


def sum_mismatches(orders: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """Orders whose lines, shipping and platform discount do not add up to what was paid.

    Columns: ``order_id, paid_minor, expected_minor``.  One coin per line is rounding.  Orders without lines
    and cancelled ones are left aside.
    """
    sums = lines.group_by("order_id").agg(
        pl.col("paid_minor").sum().alias("__lines"), pl.len().alias("__rows")
    )
    told = orders.filter(pl.col("lifecycle_status") != "cancelled").join(sums, on="order_id")
    expected = pl.col("__lines") + pl.col("shipping_minor") - pl.col("discount_platform_minor")
    judged = told.with_columns(expected.clip(0).alias("expected_minor"))
    wrong = (pl.col("paid_minor") - pl.col("expected_minor")).abs() > pl.col("__rows")
    return judged.filter(wrong).select("order_id", "paid_minor", "expected_minor")


def orders_without_lines(orders: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """Orders of which nobody told the goods."""
    told = orders.filter(pl.col("lifecycle_status") != "cancelled")
    return told.join(lines.select("order_id").unique(), on="order_id", how="anti").select("order_id")


def far_lines(lines: pl.DataFrame) -> pl.DataFrame:
    """Lines far from what is usual for their product.

    Columns: ``order_id, line_no, field`` (``quantity`` or ``list_minor``), ``value``, ``usual`` (for that
    quantity).  Products with fewer lines than ``GROUP_ROWS`` are not judged, nor gifts.
    """
    sold = lines.filter(~pl.col("is_gift") & (pl.col("quantity") > 0))
    product = pl.col("product_id")
    judged = sold.with_columns(
        (pl.col("list_minor") / pl.col("quantity")).alias("__price"),
        pl.len().over(product).alias("__rows"),
        pl.col("quantity").cast(pl.Float64).median().over(product).alias("__pieces"),
    ).filter(pl.col("__rows") >= GROUP_ROWS)
    judged = judged.with_columns(pl.col("__price").median().over(product).alias("__usual"))
    many = judged.filter(_is_far("quantity", "__pieces", math.log(COUNT_RATIO)))
    priced = judged.filter((pl.col("__price") > 0) & (pl.col("__usual") > 0))
    dear = priced.filter(_is_far("__price", "__usual", math.log(PRICE_RATIO)))
    keys = ("order_id", "line_no", "product_id")
    return pl.concat(
        [
            many.select(
                *keys,
                pl.lit("quantity").alias("field"),
                pl.col("quantity").alias("value"),
                pl.col("__pieces").round(0).cast(pl.Int64).alias("usual"),
            ),
            dear.select(
                *keys,
                pl.lit("list_minor").alias("field"),
                pl.col("list_minor").alias("value"),
                (pl.col("__usual") * pl.col("quantity")).round(0).cast(pl.Int64).alias("usual"),
            ),
        ]
    )


def _is_far(value: str, middle: str, limit: float) -> pl.Expr:
    return (pl.col(value).cast(pl.Float64).log1p() - pl.col(middle).log1p()).abs() > limit


def unknown_products(lines: pl.DataFrame, products: pl.DataFrame) -> pl.DataFrame:
    """Goods sold that no product list knows: ``product_id, lines``."""
    counted = lines.group_by("product_id").agg(pl.len().alias("lines"))
    return counted.join(products.select("product_id"), on="product_id", how="anti").sort("product_id")
