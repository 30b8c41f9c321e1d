"""Records in the form in which they are compared: folded, and without what everybody shares."""

from __future__ import annotations

import polars as pl

FIELDS = ("name", "birthday", "phone", "email", "address")
#: A phone, email or address of more records than this says nothing about who somebody is.
SHARED_BY = 8
_HAN = r"[\u3400-\u9fff]"
_TITLES = r"(女士|先生|小姐|太太)$"


def prepared(records: pl.DataFrame, *, shared_by: int = SHARED_BY) -> pl.DataFrame:
    """The records with the columns that are compared and blocked on; missing fields are null.

    Takes ``record`` (int, unique) and text columns ``FIELDS`` (birthday as YYYY-MM-DD).  Adds ``family``
    and ``given``, split where the writing tells them apart: a Chinese name begins with its family name, a
    Latin one ends with it.
    """
    known = [pl.col(field) if field in records.columns else _nothing(field) for field in FIELDS]
    clean = records.select("record", *(_folded(column) for column in known))
    clean = clean.with_columns(
        _without_shared(field, limit=shared_by) for field in ("phone", "email", "address")
    )
    is_han = pl.col("name").str.contains(_HAN)
    bare = pl.when(is_han).then(pl.col("name").str.replace_all(" ", "")).otherwise(pl.col("name"))
    named = clean.with_columns(bare.str.replace(_TITLES, "").alias("name"), is_han.alias("is_han"))
    words = pl.col("name").str.split(" ")
    family = pl.when("is_han").then(pl.col("name").str.slice(0, 1)).otherwise(words.list.last())
    given = pl.when("is_han").then(pl.col("name").str.slice(1)).otherwise(words.list.first())
    return named.with_columns(
        family=_some(family),
        given=_some(given),
        year=pl.col("birthday").str.slice(0, 4),
        phone_head=pl.col("phone").str.slice(0, 8),
        phone_tail=pl.col("phone").str.slice(-5),
        handle=pl.col("email").str.split("@").list.first(),
    )


def _nothing(field: str) -> pl.Expr:
    return pl.lit(None, dtype=pl.String).alias(field)


def _some(column: pl.Expr) -> pl.Expr:
    return pl.when(column.str.len_chars() > 0).then(column)


def _folded(column: pl.Expr) -> pl.Expr:
    """Lower case, one space between words, no space at the ends, nothing for nothing."""
    folded = (
        column.str.normalize("NFKC").str.to_lowercase().str.replace_all(r"[\s,.]+", " ").str.strip_chars()
    )
    is_email = column.str.contains("@", literal=True)
    text = pl.when(is_email).then(column.str.to_lowercase().str.strip_chars()).otherwise(folded)
    return pl.when(text.str.len_chars() > 0).then(text).alias(column.meta.output_name())


def _without_shared(field: str, *, limit: int) -> pl.Expr:
    return pl.when(pl.len().over(field) <= limit).then(pl.col(field)).alias(field)
