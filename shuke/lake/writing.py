"""Writing: every change of a table is one commit, checked first and repeated on conflict."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, Transaction, WriterProperties, write_deltalake
from deltalake.exceptions import CommitFailedError

from shuke.lake.errors import InvalidRowsError, WriteConflictError
from shuke.lake.layout import create_table, delta_schema, open_table
from shuke.lake.validation import check_unique_key, validated

if TYPE_CHECKING:
    from pathlib import Path

    from shuke.tables import Table

#: How often a commit that lost a race is repeated, each time on the newest version.
ATTEMPTS = 40

TARGET_FILE_BYTES = 128 * 1024 * 1024
WRITER = WriterProperties(compression="ZSTD", compression_level=3, max_row_group_size=250_000)

TransactionId = tuple[str, int]


@dataclass(frozen=True)
class WriteResult:
    """What a write did: rows given, version of the table afterwards, and whether the transaction
    had been written before, in which case nothing was."""

    rows: int
    version: int
    skipped: bool = False


def append(path: Path, table: Table, data: Any, *, transaction: TransactionId | None) -> WriteResult:
    """Add rows in one commit.

    A transaction ``(app_id, version)`` at or below the newest one of that app is skipped, so that
    a repeated call writes once.  Raises ``InvalidRowsError`` and ``WriteConflictError``.
    """
    rows = ordered(table, validated(table, data))

    def commit(handle: DeltaTable) -> None:
        # The handle, never the path: only a known version lets Delta see a rival's transaction.
        write_deltalake(
            handle,
            rows,
            mode="append",
            target_file_size=TARGET_FILE_BYTES,
            writer_properties=WRITER,
            commit_properties=commit_properties(transaction),
        )

    return in_one_commit(path, table, commit, rows=rows.num_rows, transaction=transaction)


def upsert(path: Path, table: Table, data: Any, *, transaction: TransactionId | None) -> WriteResult:
    """Add rows, or replace those of the same key, in one commit.

    Raises ``InvalidRowsError``, also if two of the given rows share a key, and ``WriteConflictError``.
    """
    rows = validated(table, data)
    check_unique_key(table, rows)
    rows = ordered(table, rows)
    predicate = " AND ".join(f'target."{name}" = source."{name}"' for name in table.key)

    def commit(handle: DeltaTable) -> None:
        merger = handle.merge(
            rows,
            predicate=predicate,
            source_alias="source",
            target_alias="target",
            writer_properties=WRITER,
            commit_properties=commit_properties(transaction),
        )
        merger.when_matched_update_all().when_not_matched_insert_all().execute()

    return in_one_commit(path, table, commit, rows=rows.num_rows, transaction=transaction)


def replace(
    path: Path,
    table: Table,
    data: Any,
    *,
    where: Mapping[str, str | date | int],
    transaction: TransactionId | None,
) -> WriteResult:
    """Put the rows in the place of those that match ``where`` (all rows if empty), in one commit.

    ``where`` names partition columns.  Raises ``InvalidRowsError`` if a given row lies outside.
    """
    rows = ordered(table, validated(table, data))
    _check_inside(table, rows, where)
    predicate = " AND ".join(f'"{name}" = {sql_literal(value)}' for name, value in where.items())

    def commit(handle: DeltaTable) -> None:
        write_deltalake(
            handle,
            rows,
            mode="overwrite",
            predicate=predicate or None,
            target_file_size=TARGET_FILE_BYTES,
            writer_properties=WRITER,
            commit_properties=commit_properties(transaction),
        )

    return in_one_commit(path, table, commit, rows=rows.num_rows, transaction=transaction)


def in_one_commit(
    path: Path,
    table: Table,
    commit: Callable[[DeltaTable], None],
    *,
    rows: int,
    transaction: TransactionId | None = None,
) -> WriteResult:
    """Run ``commit`` on the newest version, again on a newer one whenever another writer won."""
    for attempt in range(ATTEMPTS):
        handle = open_for_writing(path, table)
        if transaction is not None and newest_transaction(handle, transaction[0]) >= transaction[1]:
            return WriteResult(rows=0, version=handle.version(), skipped=True)
        try:
            commit(handle)
        except CommitFailedError:
            time.sleep(random.uniform(0, min(0.02 * 2**attempt, 1.0)))  # noqa: S311 - spreads rivals
            continue
        return WriteResult(rows=rows, version=handle.version())
    raise WriteConflictError(
        f"Table {table.name}: other writers won {ATTEMPTS} times in a row; nothing was written. "
        "Write fewer, larger batches, or one writer per table."
    )


def open_for_writing(path: Path, table: Table) -> DeltaTable:
    """The newest version, created or widened to the table's columns if need be."""
    handle = open_table(path)
    if handle is None:
        return create_table(path, table)
    stored = pa.schema(handle.schema().to_arrow())
    wanted = delta_schema(table)
    if stored.names == wanted.names:
        return handle
    return _with_new_columns(path, table, handle)


def newest_transaction(handle: DeltaTable, app_id: str) -> int:
    """The version that the app wrote last, 0 if it never did."""
    return handle.transaction_version(app_id) or 0


def commit_properties(transaction: TransactionId | None) -> CommitProperties:
    """Commit properties that carry the transaction."""
    if transaction is None:
        return CommitProperties()
    return CommitProperties(app_transactions=[Transaction(*transaction)])


def ordered(table: Table, rows: pa.Table) -> pa.Table:
    """The rows in the table's order on disk, so that reads can skip row groups."""
    names = [*table.partition_by, *table.sort_by]
    if not names or rows.num_rows < 2:
        return rows
    return pl.DataFrame(rows).sort(names).to_arrow().cast(rows.schema)


def sql_literal(value: str | date | int) -> str:
    """The value in the SQL of Delta's predicates."""
    if isinstance(value, date):
        return f"DATE '{value.isoformat()}'"
    if isinstance(value, int):
        return str(value)
    return "'" + value.replace("'", "''") + "'"


def _with_new_columns(path: Path, table: Table, handle: DeltaTable) -> DeltaTable:
    raise NotImplementedError


def _check_inside(table: Table, rows: pa.Table, where: Mapping[str, str | date | int]) -> None:
    for name, value in where.items():
        if name not in table.partition_by:
            raise InvalidRowsError(
                f"Table {table.name} is not partitioned by {name!r}, so one value of it cannot be replaced.",
                table=table.name,
                code="not_a_partition",
                column=name,
            )
        given = rows[name].unique().to_pylist()
        if any(other != value for other in given):
            raise InvalidRowsError(
                f"Table {table.name}, column {name}: replaces {value} only, but rows of "
                f"{', '.join(str(v) for v in given if v != value)} were given.",
                table=table.name,
                code="outside",
                column=name,
            )
