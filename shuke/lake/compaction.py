"""Keeping the lake in shape: joining small files, removing old ones, sweeping leftovers."""

from __future__ import annotations

import time
from pathlib import Path

from deltalake.exceptions import CommitFailedError

from shuke.lake.errors import WriteConflictError
from shuke.lake.layout import open_table
from shuke.lake.writing import ATTEMPTS, TARGET_FILE_BYTES, WRITER

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
