"""Erasure: the rows of a person leave every table, and their bytes leave the disk."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from deltalake.exceptions import CommitFailedError

from shuke.lake.compaction import vacuum
from shuke.lake.errors import WriteConflictError
from shuke.lake.layout import open_table
from shuke.lake.writing import ATTEMPTS, WRITER, sql_literal

if TYPE_CHECKING:
    from pathlib import Path

    from shuke.lake.lake import Lake

#: Values per statement: the predicate of a longer list takes the engine too long to plan.
CHUNK = 2_000


def delete_rows(lake: Lake, *, column: str, values: Collection[str]) -> dict[str, int]:
    """Delete the rows with one of the values from every table that has the column.

    Afterwards no older version is kept and the files are gone, so run it when readers pause: a
    snapshot opened before loses its files.  Its cost is that of rewriting the files concerned,
    hardly that of the number of values: gather erasures into one nightly run.
    """
    removed: dict[str, int] = {}
    wanted = sorted(set(values))
    for name, table in lake.tables.items():
        if column not in table.column_names or not wanted:
            continue
        count = sum(
            _delete(lake.path(name), column=column, values=wanted[start : start + CHUNK])
            for start in range(0, len(wanted), CHUNK)
        )
        vacuum(lake.path(name), hours=0)
        removed[name] = count
    return removed


def _delete(path: Path, *, column: str, values: list[str]) -> int:
    predicate = f'"{column}" IN ({", ".join(sql_literal(value) for value in values)})'
    for _ in range(ATTEMPTS):
        handle = open_table(path)
        if handle is None:
            return 0
        try:
            metrics = handle.delete(predicate, writer_properties=WRITER)
        except CommitFailedError:
            # An append came in between; the rows that it added must be looked at too.
            continue
        return int(metrics["num_deleted_rows"])
    raise WriteConflictError(f"Table {path.name}: other writers kept winning; erasure is not complete.")
