"""Keeping the lake in shape: joining small files, removing old ones, sweeping leftovers."""

from __future__ import annotations

import time
from pathlib import Path

import polars as pl
import pyarrow as pa
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import CommitFailedError

from shuke.lake.errors import WriteConflictError
from shuke.lake.layout import open_table
from shuke.lake.writing import ATTEMPTS, TARGET_FILE_BYTES, WRITER, in_one_commit, ordered, sql_literal
from shuke.tables import Table

#: A reader's file list stays readable for this long.
KEEP_HOURS = 168
LEFTOVER_SECONDS = 24 * 3600


def compact(path: Path) -> int:
    """Join small files into large ones; returns by how many files the table shrank."""
    for _ in range(ATTEMPTS):
        handle = open_table(path)
        if handle is None:
            return 0
        try:
            metrics = handle.optimize.compact(target_size=TARGET_FILE_BYTES, writer_properties=WRITER)
        except CommitFailedError:
            continue
        return int(metrics["numFilesRemoved"]) - int(metrics["numFilesAdded"])
    raise WriteConflictError(f"Table {path.name}: other writers kept winning; it was not compacted.")


def sort_months(path: Path, table: Table, *, before: str) -> int:
    """Rewrite the months below ``before`` (YYYY-MM) that lie in several files as sorted ones.

    For months that are closed: a member's rows come to lie side by side, so that reads skip most of
    them.  Returns how many months were rewritten.
    """
    if table.partition_by != ("local_month",):
        return 0
    column, count = "local_month", 0
    for value in _scattered(path, column, before=before):

        def rewrite(handle: DeltaTable, value: str = value) -> None:
            files = handle.file_uris(file_pruning_predicate=[(column, "=", value)])
            frame = pl.read_parquet(files, hive_partitioning=False, missing_columns="insert")
            rows = frame.with_columns(pl.lit(value).alias(column)).select(table.column_names)
            write_deltalake(
                handle,
                ordered(table, rows.to_arrow()),
                mode="overwrite",
                predicate=f'"{column}" = {sql_literal(value)}',
                target_file_size=TARGET_FILE_BYTES,
                writer_properties=WRITER,
            )

        in_one_commit(path, table, rewrite, rows=0)
        count += 1
    return count


def _scattered(path: Path, column: str, *, before: str) -> list[str]:
    handle = open_table(path)
    if handle is None:
        return []
    files = pl.DataFrame(pa.table(handle.get_add_actions(flatten=True)))
    name = f"partition.{column}"
    counts = files.group_by(name).len().filter((pl.col("len") > 1) & (pl.col(name) < before))
    values: list[str] = counts[name].sort().to_list()
    return values


def vacuum(path: Path, *, hours: int = KEEP_HOURS) -> int:
    """Remove files that no version of the last ``hours`` uses; returns how many.

    From a week on, files that no commit ever mentioned go too: no writer is that slow.  With fewer
    hours only files are removed that a commit took out, so that a running writer's are safe.
    """
    handle = open_table(path)
    if handle is None:
        return 0
    removed = handle.vacuum(
        retention_hours=hours,
        dry_run=False,
        enforce_retention_duration=False,
        full=hours >= KEEP_HOURS,
    )
    return len(removed)


def sweep(root: Path, *, older_than_seconds: float = LEFTOVER_SECONDS) -> int:
    """Remove the temporary files (``*.parquet#*``) of killed writers, which vacuum does not list."""
    limit = time.time() - older_than_seconds
    count = 0
    for leftover in root.rglob("*.parquet#*"):
        if leftover.stat().st_mtime < limit:
            leftover.unlink(missing_ok=True)
            count += 1
    return count
