"""The door of the lake: rows must fit their table, exactly, before they are written."""

from __future__ import annotations

from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from shuke.lake.errors import InvalidRowsError
from shuke.tables import Table


def validated(table: Table, data: Any) -> pa.Table:
    """The rows in the table's column order and types.

    ``data`` is an Arrow table or anything that speaks the Arrow stream protocol (Polars, DuckDB).
    Casts that lose nothing are made; everything else raises ``InvalidRowsError``, which says what is
    wrong, where, and how to mend it.  A nullable column may be left out.
    """
    rows = _as_arrow(table, data)
    _check_names(table, rows)
    columns = [_column(table, field, rows) for field in table.arrow_schema]
    result = pa.Table.from_arrays(columns, schema=table.arrow_schema)
    _check_business_time(table, result)
    return result


def check_unique_key(table: Table, rows: pa.Table) -> None:
    """Refuse rows of which two share a key: it would be chance which one stays."""
    counts = rows.group_by(list(table.key)).aggregate([([], "count_all")])
    doubled = counts.filter(pc.greater(counts["count_all"], 1))
    if doubled.num_rows:
        example = {name: doubled[name][0].as_py() for name in table.key}
        raise InvalidRowsError(
            f"Table {table.name}: {doubled.num_rows} keys occur more than once, for example "
            f"{example}. Keep the newest row of each key before writing.",
            table=table.name,
            code="duplicate_key",
            column=table.key[0],
        )


def _as_arrow(table: Table, data: Any) -> pa.Table:
    if isinstance(data, pa.Table):
        return data
    if isinstance(data, pl.DataFrame):
        return data.to_arrow()  # Through the stream its text would come as views, ten times slower.
    if hasattr(data, "__arrow_c_stream__") or isinstance(data, pa.RecordBatch):
        return pa.table(data)
    raise InvalidRowsError(
        f"Table {table.name}: expected an Arrow table, got {type(data).__name__}. "
        "Build one with pyarrow.Table.from_pylist(rows, schema=TABLES[...].arrow_schema).",
        table=table.name,
        code="not_arrow",
    )


def _check_names(table: Table, rows: pa.Table) -> None:
    given = rows.column_names
    doubled = {name for name in given if given.count(name) > 1}
    unknown = [name for name in given if name not in table.column_names]
    missing = [f.name for f in table.arrow_schema if f.name not in given and not f.nullable]
    for names, code, what in (
        (sorted(doubled), "duplicate_column", "are given twice"),
        (unknown, "unknown_column", "are not in the table; rename or leave them out"),
        (missing, "missing_column", "are required and missing; add them"),
    ):
        if names:
            raise InvalidRowsError(
                f"Table {table.name}: columns {', '.join(names)} {what}.",
                table=table.name,
                code=code,
                column=names[0],
            )


def _column(table: Table, field: pa.Field, rows: pa.Table) -> pa.ChunkedArray:
    if field.name not in rows.column_names:
        return pa.chunked_array([pa.nulls(rows.num_rows, field.type)])
    given = rows.column(field.name)
    _check_type(table, field, given.type)
    try:
        values = given if given.type == field.type else given.cast(field.type)
    except pa.ArrowException as error:
        raise _refusal(
            table, field, "lossy_cast", f"cannot become {field.type} without loss: {error}"
        ) from error
    _check_values(table, field, values)
    return values


def _check_type(table: Table, field: pa.Field, given: pa.DataType) -> None:
    """Refuse what Arrow would cast although it changes the meaning or breaks a rule of the lake."""
    if pa.types.is_dictionary(given):
        given = given.value_type
    if pa.types.is_null(given) or given == field.type:
        return
    if pa.types.is_unsigned_integer(given):
        raise _refusal(table, field, "unsigned", "is unsigned; cast it to int64 first")
    if pa.types.is_timestamp(given) and given.tz is None:
        raise _refusal(
            table, field, "naive_timestamp", "has times without a zone; state UTC (timestamp[us, UTC])"
        )
    if not _is_same_kind(given, field.type):
        raise _refusal(table, field, "wrong_type", f"is {given}, expected {field.type}")


def _is_same_kind(given: pa.DataType, wanted: pa.DataType) -> bool:
    if pa.types.is_list(wanted):
        is_list = pa.types.is_list(given) or pa.types.is_large_list(given)
        return is_list and _is_same_kind(given.value_type, wanted.value_type)
    kinds = {
        "string": (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view),
        "int64": (pa.types.is_signed_integer,),
        "double": (pa.types.is_floating, pa.types.is_signed_integer),
        "bool": (pa.types.is_boolean,),
        "date32[day]": (pa.types.is_date,),
        "timestamp[us, tz=UTC]": (pa.types.is_timestamp,),
    }[str(wanted)]
    return pa.types.is_null(given) or any(is_kind(given) for is_kind in kinds)


def _check_values(table: Table, field: pa.Field, values: pa.ChunkedArray) -> None:
    if values.null_count and not field.nullable:
        row = pc.index(pc.is_null(values), True).as_py()
        raise _refusal(table, field, "missing_value", "must not be empty; fill it or reject the row", row)
    if pa.types.is_floating(field.type):
        is_finite = pc.fill_null(pc.is_finite(values), fill_value=True)
        if not pc.all(is_finite, min_count=0).as_py():
            row = pc.index(is_finite, False).as_py()
            raise _refusal(table, field, "not_a_number", "holds NaN or infinity; use an empty value", row)
    if field.name in table.partition_by and pa.types.is_string(field.type):
        is_empty = pc.equal(values, "")
        if pc.any(is_empty, min_count=0).as_py():
            row = pc.index(is_empty, True).as_py()
            raise _refusal(table, field, "empty_partition", "must not be an empty text", row)


def _check_business_time(table: Table, rows: pa.Table) -> None:
    """The stored month is the month of the stored date, the hour one of 0 to 23."""
    names = {"local_month", "local_date", "local_hour"}
    if not names <= set(table.column_names) or not rows.num_rows:
        return
    days = rows.select(["local_month", "local_date"]).group_by(["local_month", "local_date"]).aggregate([])
    is_right = pc.equal(days["local_month"], pc.strftime(days["local_date"], format="%Y-%m"))
    if not pc.all(is_right).as_py():
        wrong = days.slice(pc.index(is_right, False).as_py(), 1).to_pylist()[0]
        raise _refusal(
            table,
            table.arrow_schema.field("local_month"),
            "wrong_month",
            f"is {wrong['local_month']!r} on {wrong['local_date']}; it must be the date's YYYY-MM",
        )
    hours = pc.min_max(rows["local_hour"]).as_py()
    if hours["min"] < 0 or hours["max"] > 23:
        raise _refusal(table, table.arrow_schema.field("local_hour"), "wrong_hour", "must lie in 0 to 23")


def _refusal(table: Table, field: pa.Field, code: str, what: str, row: int | None = None) -> InvalidRowsError:
    where = "" if row is None else f" (first in row {row})"
    return InvalidRowsError(
        f"Table {table.name}, column {field.name}: {what}{where}.",
        table=table.name,
        code=code,
        column=field.name,
        row=row,
    )
