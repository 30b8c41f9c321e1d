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
from shuke.lake.layout import create_table, open_table, widen
from shuke.lake.validation import check_unique_key, validated

if TYPE_CHECKING:
    from pathlib import Path

    from shuke.tables import Table

#: How often a commit that lost a race is repeated, each time on the newest version.
ATTEMPTS = 40

TARGET_FILE_BYTES = 128 * 1024 * 1024
WRITER = WriterProperties(compression="ZSTD", compression_level=1, max_row_group_size=250_000)

#: Who writes (an app id per stream of rows) and how far it has come; it travels in the commit.
TransactionId = tuple[str, int]


@dataclass(frozen=True)
class WriteResult:
    """What a write did: rows given, version of the table afterwards, and whether the transaction
    had been written before, in which case nothing was."""

    rows: int
    version: int
    skipped: bool = False


def append(
    path: Path, table: Table, data: Any, *, transaction: TransactionId | None, after: int | None = None
) -> WriteResult:
    """Add rows in one commit.

    A transaction at or below the newest one of its app is skipped, so that a repeated call writes
    once.  ``after`` is the transaction that the caller saw last: if the table has moved on, the
    call is skipped too, because its rows may overlap with a rival's.
    Raises ``InvalidRowsError`` and ``WriteConflictError``.
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

    return in_one_commit(path, table, commit, rows=rows.num_rows, transaction=transaction, after=after)


def upsert(
    path: Path, table: Table, data: Any, *, transaction: TransactionId | None, after: int | None = None
) -> WriteResult:
    """Add rows, or replace those of the same key, in one commit.

    ``transaction`` and ``after`` work as in ``append``.  Raises ``WriteConflictError`` and
    ``InvalidRowsError``, also if two of the given rows share a key.
    """
    rows = validated(table, data)
    if not rows.num_rows:
        return append(path, table, rows, transaction=transaction, after=after)
    check_unique_key(table, rows)
    rows = ordered(table, rows)
    same_key = " AND ".join(f'target."{name}" = source."{name}"' for name in table.key)

    def commit(handle: DeltaTable) -> None:
        merger = handle.merge(
            rows,
            predicate=same_key + _only_touched_partitions(handle, table, rows),
            source_alias="source",
            target_alias="target",
            writer_properties=WRITER,
            commit_properties=commit_properties(transaction),
        )
        merger.when_matched_update_all().when_not_matched_insert_all().execute()

    return in_one_commit(path, table, commit, rows=rows.num_rows, transaction=transaction, after=after)


def _only_touched_partitions(handle: DeltaTable, table: Table, rows: pa.Table) -> str:
    """Narrow a merge to the partitions where the keys lie now or are going to lie.

    A merge reads every column of every partition that it may touch; finding the keys first reads
    their columns only.  The partitions of the given rows are named even if no key lies there yet,
    so that a rival who adds the same key there makes this commit fail and start anew.
    """
    files = handle.file_uris()
    if len(table.partition_by) != 1 or not files:
        return ""
    name = table.partition_by[0]
    given = pl.DataFrame(rows.select([name, *(k for k in table.key if k != name)])).lazy()
    stored = pl.scan_parquet(
        files,
        hive_partitioning=True,
        hive_schema={name: given.collect_schema()[name]},
        missing_columns="insert",
        extra_columns="ignore",
    )
    touched = stored.join(given, on=list(table.key), how="semi").select(name)
    values = pl.concat([touched, given.select(name)]).unique().collect(engine="streaming")[name]
    return f' AND target."{name}" IN ({", ".join(sql_literal(value) for value in values.sort())})'


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
    after: int | None = None,
) -> WriteResult:
    """Run ``commit`` on the newest version, again on a newer one whenever another writer won."""
    for attempt in range(ATTEMPTS):
        handle = open_for_writing(path, table)
        if transaction is not None and _is_overtaken(handle, transaction, after):
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
    return widen(handle, path, table)


def _is_overtaken(handle: DeltaTable, transaction: TransactionId, after: int | None) -> bool:
    newest = newest_transaction(handle, transaction[0])
    return newest >= transaction[1] or (after is not None and newest != after)


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
    # Text comes back with 64-bit offsets, which Delta stores all the same: casting would copy it.
    return pl.DataFrame(rows).sort(names).to_arrow()


def sql_literal(value: str | date | int) -> str:
    """The value in the SQL of Delta's predicates."""
    if isinstance(value, date):
        return f"DATE '{value.isoformat()}'"
    if isinstance(value, int):
        return str(value)
    return "'" + value.replace("'", "''") + "'"


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
