"""Lines of orders that are already known: the second of two files."""

from __future__ import annotations

import polars as pl

from shuke.sources.files.fields import FileKind, ShapeContext, Tables
from shuke.sources.files.kinds.order_fields import LINE_FIELDS, LINE_NO, ORDER_NO, line_amounts
from shuke.sources.files.kinds.orders import number_lines
from shuke.tables import TABLES

#: Columns that the caller joins to the rows from the known orders, by ``order_id``.
FROM_ORDER = (
    "person_key",
    "placed_at",
    "sales_channel",
    "store_id",
    "local_month",
    "local_date",
    "local_hour",
)


def _shape(rows: pl.DataFrame, context: ShapeContext) -> Tables:
    """``rows`` carry ``order_id`` and the columns ``FROM_ORDER``."""
    lines = rows.with_columns(
        *line_amounts(),
        pl.lit(context.currency).alias("currency"),
        pl.lit(context.batch_id).alias("batch_id"),
    )
    return {"order_lines": lines.select(TABLES["order_lines"].column_names)}


ORDER_LINES = FileKind(
    name="order_lines",
    label="Lines of known orders",
    key=("order_no", "line_no"),
    shape=_shape,
    from_order=FROM_ORDER,
    prepare=number_lines,
    one_of=(("paid", "list_amount", "unit_price"),),
    fields=(ORDER_NO, LINE_NO, *LINE_FIELDS),
)
