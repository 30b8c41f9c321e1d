"""Things that seem to be there twice."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import polars as pl

from shuke.sources.cleaning.widths import narrowed

#: Nobody orders the same basket twice within so short a time on purpose, as a rule.
WITHIN = timedelta(minutes=10)
#: A name that more products share is the name of a category.
MOST_ALIKE = 3
#: A list in which a larger share of products is alike names kinds of goods and not products.
COMMON = 0.1
#: person_key of sales without a buyer: many people, whose equal baskets say nothing.
NOBODY = "anonymous"


def repeated_orders(orders: pl.DataFrame, lines: pl.DataFrame, *, within: timedelta = WITHIN) -> pl.DataFrame:
    """Orders that repeat an earlier one of the same buyer and account: same goods, pieces and amount.

    Columns: ``order_id`` (the later), ``earlier_id``, ``seconds`` between them.  Cancelled orders and sales
    without a buyer do not count.
    """
    baskets = lines.group_by("order_id").agg(
        pl.concat_str("product_id", "quantity", separator="×").sort().str.join("|").alias("basket")
    )
    told = orders.filter(
        (pl.col("lifecycle_status") != "cancelled")
        & (pl.col("payment_status") != "void")
        & (pl.col("person_key") != NOBODY)
    )
    same = ["person_key", "channel_account_id", "paid_minor", "basket"]
    placed = told.join(baskets, on="order_id").sort([*same, "placed_at", "order_id"])
    followed = placed.with_columns(
        pl.col("order_id").shift(1).over(same).alias("earlier_id"),
        (pl.col("placed_at") - pl.col("placed_at").shift(1).over(same)).alias("__gap"),
    )
    found = followed.filter(pl.col("earlier_id").is_not_null() & (pl.col("__gap") <= within))
    return found.select("order_id", "earlier_id", pl.col("__gap").dt.total_seconds().alias("seconds"))


def alike_products(products: pl.DataFrame) -> pl.DataFrame:
    """Products under several numbers: equal name after normalising, equal brand and size.

    Columns: ``product_id`` (the later of two numbers), ``like_id`` (the first), ``name``.  Nothing is found
    where more than ``COMMON`` of the products share all three with another: there names are kinds of goods.
    """
    sold = products.filter(pl.col("is_active") & pl.col("name").is_not_null())
    keyed = sold.with_columns(
        pl.Series("__name", _keys(sold["name"]), dtype=pl.String),
        pl.col("brand").fill_null("").str.to_lowercase().alias("__brand"),
        pl.col("package_size").fill_null("").str.to_lowercase().alias("__size"),
    )
    same = ["__name", "__brand", "__size"]
    first = keyed.sort("product_id").with_columns(
        pl.col("product_id").first().over(same).alias("like_id"), pl.len().over(same).alias("__many")
    )
    is_shared = (pl.col("__many") > 1) & (pl.col("__name") != "")
    if first.select(is_shared.sum()).item() > COMMON * first.height:
        return first.clear().select("product_id", "like_id", "name")
    is_later = (pl.col("product_id") != pl.col("like_id")) & (pl.col("__name") != "")
    found = first.filter(is_later & (pl.col("__many") <= MOST_ALIKE))
    return found.select("product_id", "like_id", "name")


def _keys(names: Iterable[str]) -> list[str]:
    return ["".join(letter for letter in narrowed(name).casefold() if letter.isalnum()) for name in names]
