"""What a table is: columns with types and meaning, a grain, a key and a layout.

This is the shared language of Shuke.  Sources produce these tables, the lake stores them, science
computes on them.  Types map one to one to Arrow and Ibis.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Literal

import ibis.expr.schema as ibis_schema
import pyarrow as pa

ColumnType = Literal["id", "text", "ts", "date", "int", "minor", "bool", "float", "json", "id_list"]
TableKind = Literal["fact", "snapshot", "derived"]

ARROW_TYPES: Mapping[str, pa.DataType] = MappingProxyType(
    {
        "id": pa.string(),
        "text": pa.string(),
        "ts": pa.timestamp("us", tz="UTC"),
        "date": pa.date32(),
        "int": pa.int64(),
        "minor": pa.int64(),
        "bool": pa.bool_(),
        "float": pa.float64(),
        "json": pa.string(),
        "id_list": pa.list_(pa.string()),
    }
)


@dataclass(frozen=True)
class Column:
    """One column: its type (see ``ColumnType``), whether it may be empty, and its meaning."""

    name: str
    type: ColumnType
    meaning: str
    nullable: bool = False


@dataclass(frozen=True)
class Table:
    """One table of the lake.

    ``fact``: appended, corrected by key.  ``snapshot``: the newest state of a dimension, replaced
    by key.  ``derived``: computed from the others and rebuilt at will.  ``key`` names the columns
    that identify a row; ``partition_by`` and ``sort_by`` say how the files lie.
    """

    name: str
    kind: TableKind
    grain: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    partition_by: tuple[str, ...] = ()
    sort_by: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        names = [column.name for column in self.columns]
        if len(names) != len(set(names)):
            raise ValueError(f"Table {self.name} names a column twice.")
        for name in (*self.key, *self.partition_by, *self.sort_by):
            if name not in names:
                raise ValueError(f"Table {self.name} has no column {name!r}.")

    @cached_property
    def arrow_schema(self) -> pa.Schema:
        """The Arrow schema; every time is UTC with microseconds."""
        return pa.schema([pa.field(c.name, ARROW_TYPES[c.type], nullable=c.nullable) for c in self.columns])

    @cached_property
    def ibis_schema(self) -> ibis_schema.Schema:
        """The same columns as an Ibis schema, all nullable (engines differ on nullability)."""
        return ibis_schema.Schema.from_pyarrow(
            pa.schema([pa.field(f.name, f.type) for f in self.arrow_schema])
        )

    @cached_property
    def column_names(self) -> tuple[str, ...]:
        """The names in their order."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column:
        """The column of that name.  Raises ``KeyError`` with the table's name."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"Table {self.name} has no column {name!r}.")

    def empty(self) -> pa.Table:
        """A table of this shape with no rows."""
        return self.arrow_schema.empty_table()


#: The retailer's business time of a fact, stored because engines disagree on time-zone arithmetic.
BUSINESS_TIME: tuple[Column, ...] = (
    Column("local_month", "text", "Month of the business date, YYYY-MM; the partition."),
    Column("local_date", "date", "Business date in the retailer's time zone."),
    Column("local_hour", "int", "Hour 0-23 in the retailer's time zone."),
)
