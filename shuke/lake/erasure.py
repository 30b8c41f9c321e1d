"""Erasure: the rows of a person leave every table, and their bytes leave the disk."""

from __future__ import annotations

import time
from collections.abc import Collection
from typing import TYPE_CHECKING

from deltalake.exceptions import CommitFailedError

from shuke.lake.compaction import vacuum
from shuke.lake.errors import WriteConflictError
from shuke.lake.layout import open_table
from shuke.lake.scrubbing import scrub_log
from shuke.lake.writing import ATTEMPTS, WRITER, sql_literal

if TYPE_CHECKING:
    from pathlib import Path

    from shuke.lake.lake import Lake

#: Values per statement: the predicate of a longer list takes the engine too long to plan.
CHUNK = 2_000
#: Words looked for in one statement.
MENTIONS = 100
#: A file that no version names and that is this old was left by a writer that died.
ORPHAN_SECONDS = 3_600


def delete_rows(
    lake: Lake, *, column: str, values: Collection[str], words: Collection[str] = ()
) -> dict[str, int]:
    """Delete the rows with one of the values from every table that has the column.

    Afterwards no older version is kept, the files are gone, and the log mentions neither the values nor
    the ``words`` (further texts by which the rows could be told), so run it when readers pause: a
    snapshot opened before loses its files.  Its cost is that of rewriting the files concerned,
    hardly that of the number of values: gather erasures into one nightly run.
    """
    removed: dict[str, int] = {}
    wanted = sorted(set(values))
    for name, table in lake.tables.items():
        if column not in table.column_names or not wanted:
            continue
        path = lake.path(name)
        removed[name] = sum(
            _delete(path, column=column, values=wanted[start : start + CHUNK])
            for start in range(0, len(wanted), CHUNK)
        )
        vacuum(path, hours=0)
        remove_orphans(path)
        scrub_log(path, words={*wanted, *words})
    return removed


def _delete(path: Path, *, column: str, values: list[str]) -> int:
    predicate = f'"{column}" IN ({", ".join(sql_literal(value) for value in values)})'
    return delete_where(path, predicate)


def delete_mentions(lake: Lake, name: str, *, columns: Collection[str], words: Collection[str]) -> int:
    """Delete the rows of a table whose text columns hold one of the words anywhere; returns how many.

    Like ``delete_rows`` it leaves no older version and no mention in the log.
    """
    path, removed = lake.path(name), 0
    wanted = sorted(word for word in set(words) if word)
    for start in range(0, len(wanted), MENTIONS):
        tests = [
            f'strpos("{column}", {sql_literal(word)}) > 0'
            for word in wanted[start : start + MENTIONS]
            for column in columns
        ]
        removed += delete_where(path, " OR ".join(tests))
    if removed:
        vacuum(path, hours=0)
    scrub_log(path, words=wanted)
    return removed


def delete_where(path: Path, predicate: str) -> int:
    """Delete the rows for which a condition holds, in one commit; returns how many."""
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


def remove_orphans(path: Path, *, older_than_seconds: float = ORPHAN_SECONDS) -> int:
    """Remove files that no version names, left by writers that were killed; returns how many.

    Call it right after a vacuum of all older versions.  A file that a running writer has written and
    not committed yet is younger.
    """
    handle = open_table(path)
    if handle is None:
        return 0
    limit = time.time() - older_than_seconds
    old = [file for file in path.rglob("*.parquet*") if "_delta_log" not in file.parts]
    old = [file for file in old if file.stat().st_mtime < limit]
    named = {file.removeprefix("file://") for file in handle.file_uris()} if old else set()
    orphans = [file for file in old if str(file) not in named]
    for file in orphans:
        file.unlink(missing_ok=True)
    return len(orphans)
