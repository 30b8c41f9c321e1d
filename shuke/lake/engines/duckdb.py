"""DuckDB through Ibis: one database in memory per process, one connection per snapshot.

The database holds no data, only settings and the cache of file footers, so that all readers of a
process share one memory limit.
"""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb
import ibis
import ibis.expr.operations as ops
import pyarrow as pa

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend

    from shuke.lake.layout import FileList
    from shuke.tables import Table


@dataclass(frozen=True)
class DuckDBSettings:
    """What a process may use: ``threads`` (None: all cores) and ``memory_limit`` such as "4GB"."""

    threads: int | None = None
    memory_limit: str | None = None
    temp_directory: str | None = None


def _to_arrow_reader(connection: Any, rows_per_batch: int = 1_000_000, **_: Any) -> Any:
    return connection.to_arrow_reader(rows_per_batch)


def restore_removed_methods() -> None:
    """Give DuckDB 2's connections back the three methods that Ibis 12 still calls."""
    connection: Any = duckdb.DuckDBPyConnection
    if not hasattr(connection, "fetch_arrow_table"):
        connection.fetch_arrow_table = lambda self, *_: self.to_arrow_table()
    if not hasattr(connection, "arrow"):
        connection.arrow = lambda self, *_: self.to_arrow_table()
    if not hasattr(connection, "fetch_record_batch"):
        connection.fetch_record_batch = _to_arrow_reader


restore_removed_methods()
# Ibis fetches small catalogue answers that way; the copy costs nothing and cannot be avoided here.
warnings.filterwarnings("ignore", message="Arrow output on a DB-API result", category=UserWarning)

_databases: dict[tuple[int, DuckDBSettings], duckdb.DuckDBPyConnection] = {}
_lock = threading.Lock()


def connect(settings: DuckDBSettings) -> Backend:
    """A new Ibis backend on a connection of its own, for one thread."""
    with _lock:
        # A forked child must not use its parent's database: its threads are gone.
        key = (os.getpid(), settings)
        database = _databases.get(key)
        if database is None:
            database = _databases[key] = _open_database(settings)
        cursor = database.cursor()
    return ibis.duckdb.from_connection(cursor)


def _open_database(settings: DuckDBSettings) -> duckdb.DuckDBPyConnection:
    config: dict[str, Any] = {
        # Nothing is ever fetched from the network: what Shuke needs is built into the wheel.
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
    }
    for name in ("threads", "memory_limit", "temp_directory"):
        value = getattr(settings, name)
        if value is not None:
            config[name] = value
    database = duckdb.connect(":memory:", config=config)
    # A file of the lake never changes under its name, so its footer may be remembered.
    database.execute("SET GLOBAL parquet_metadata_cache = true")
    # Business dates are stored columns; a session zone other than UTC would move instants.
    database.execute("SET GLOBAL TimeZone = 'UTC'")
    return database


def disconnect(backend: Backend) -> None:
    """Close the connection, and with it the tables that expressions have cached on it."""
    backend.disconnect()
    # An expression may outlive its snapshot and would then drop its cached table on a closed connection.
    backend._drop_cached_table = lambda _name: None


def register(backend: Backend, table: Table, files: FileList) -> ir.Table:
    """Show the files of one version as a view of the table's name, and return it as an expression.

    Rows come back in the table's column order and types, also when there is no file at all.
    """
    source = _read_parquet(table, files) if files.files else "(SELECT 1 WHERE false)"
    columns = ", ".join(
        # A column that the table gained after its last write is empty in every row.
        _quoted(field.name) if field.name in files.columns and files.files else _typed_null(field)
        for field in table.arrow_schema
    )
    view = _quoted(table.name)
    # Names come from the table's definition and are quoted, file names are literals.
    select = f"SELECT {columns} FROM {source}"  # noqa: S608
    backend.con.execute(f"CREATE OR REPLACE TEMP VIEW {view} AS {select}")
    # Built from the known schema: asking the engine for it would cost a round trip per table.
    return ops.DatabaseTable(table.name, schema=table.ibis_schema, source=backend).to_expr()


def _read_parquet(table: Table, files: FileList) -> str:
    hive_types = ", ".join(
        f"{_quoted(name)}: {sql_type(table.arrow_schema.field(name).type)}" for name in table.partition_by
    )
    options = ["hive_partitioning = true"] if table.partition_by else ["hive_partitioning = false"]
    if hive_types:
        # Without types DuckDB would guess: 2018-01-01 becomes a date, 2018-01 stays text.
        options.append(f"hive_types = {{{hive_types}}}")
    if files.has_evolved:
        options.append("union_by_name = true")
    return f"read_parquet([{_literals(files.files)}], {', '.join(options)})"


def _typed_null(field: pa.Field) -> str:
    return f"CAST(NULL AS {sql_type(field.type)}) AS {_quoted(field.name)}"


def sql_type(arrow_type: pa.DataType) -> str:
    """DuckDB's name of one of the types that tables use."""
    if pa.types.is_list(arrow_type):
        return f"{sql_type(arrow_type.value_type)}[]"
    return {
        "string": "VARCHAR",
        "int64": "BIGINT",
        "double": "DOUBLE",
        "bool": "BOOLEAN",
        "date32[day]": "DATE",
        "timestamp[us, tz=UTC]": "TIMESTAMPTZ",
    }[str(arrow_type)]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literals(values: Iterable[str]) -> str:
    return ", ".join("'" + value.replace("'", "''") + "'" for value in values)
