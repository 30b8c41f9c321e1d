"""Amounts as text: what people and programs write around a number, and back."""

from __future__ import annotations

import polars as pl

_AROUND = "[\\s,'$€£¥￥元]|CNY|RMB|USD"


def amount(column: str) -> pl.Expr:
    """A number out of text such as ¥1,234.50 or ($3.00); null where there is none."""
    bare = pl.col(column).str.replace_all(_AROUND, "").str.replace(r"^\((.*)\)$", "-$1")
    return bare.cast(pl.Float64, strict=False)


def as_text(value: pl.Expr, *, decimals: int = 2) -> pl.Expr:
    """The number as text with that many decimals at most, which the checks read again; null stays null."""
    return value.round(decimals).cast(pl.String)
