"""Where tables lie on disk, how they are created and opened, and which files a version has."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

import pyarrow as pa
from deltalake import DeltaTable, Schema
from deltalake.exceptions import DeltaError, TableNotFoundError

from shuke.lake.errors import UnfitStorageError, UnreadableTableError
from shuke.tables import Table

#: Kept by every table: seven days of history, so that a reader's old file list stays readable, and
#: a checkpoint every hundred commits, so that opening a table stays a matter of milliseconds.
TABLE_CONFIGURATION: Mapping[str, str] = {
    "delta.logRetentionDuration": "interval 7 days",
    "delta.deletedFileRetentionDuration": "interval 7 days",
    "delta.checkpointInterval": "100",
}

#: Set on a table whose older files lack columns that were added later.
EVOLVED_PROPERTY = "shuke.evolved"

#: Features of the reader protocol that leave the plain reading of a file list correct.
HARMLESS_READER_FEATURES = frozenset({"v2Checkpoint", "vacuumProtocolCheck"})

#: How often a table is opened while an erasure renews its checkpoint (0.3 seconds in all).
OPENINGS = 6

#: A remembered version that nobody asked for during this time is looked up anew: the log entry
#: after it may have come and been cleaned up in between.
MEMORY_SECONDS = 600.0


@dataclass(frozen=True)
class FileList:
    """The files of one table at one version.  Empty for a table that was never written."""

    version: int | None
    files: tuple[str, ...]
    columns: frozenset[str]
    has_evolved: bool


NEVER_WRITTEN = FileList(version=None, files=(), columns=frozenset(), has_evolved=False)


def delta_schema(table: Table) -> pa.Schema:
    """The Arrow schema as stored: every column may be empty, because the lake itself checks that."""
    return pa.schema([pa.field(f.name, f.type) for f in table.arrow_schema])


def open_table(path: Path, *, version: int | None = None) -> DeltaTable | None:
    """The newest (or that) version of the table, or ``None`` if it was never written.

    Raises ``UnreadableTableError`` if another program switched on a feature that a reader of plain file
    lists would get wrong.
    """
    for attempt in range(OPENINGS):
        try:
            handle = DeltaTable(str(path), version=version)
        except TableNotFoundError:
            return None
        except DeltaError as error:
            if not (path / "_delta_log").is_dir():
                return None
            # An erasure removes older checkpoints; who listed one just before finds it gone, and the newer
            # one when listing again.
            if "not found" in str(error) and attempt < OPENINGS - 1:
                sleep(0.01 * 2**attempt)
                continue
            raise UnreadableTableError(f"Table {path.name} cannot be opened: {error}") from error
        break
    check_protocol(handle, name=path.name)
    return handle


def check_protocol(handle: DeltaTable, *, name: str) -> None:
    """Refuse deletion vectors, column mapping and timestamps without a zone."""
    protocol = handle.protocol()
    features = set(protocol.reader_features or ()) - HARMLESS_READER_FEATURES
    if protocol.min_reader_version == 2:
        features.add("columnMapping")
    if features:
        raise UnreadableTableError(
            f"Table {name} uses {', '.join(sorted(features))}, which its file list does not show. "
            "Another program wrote it: write the rows into a new table without that feature."
        )


def create_table(path: Path, table: Table) -> DeltaTable:
    """Create the table unless another process was faster, and open it.

    Delta's own creation writes a second first version when two processes race for it, so the log is
    made aside and moved into place: a directory is renamed onto an existing log by nobody.
    """
    check_hard_links(path.parent)
    path.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".new-", dir=path.parent) as aside:
        DeltaTable.create(
            aside,
            schema=delta_schema(table),
            partition_by=list(table.partition_by),
            name=table.name,
            description=table.grain,
            configuration=dict(TABLE_CONFIGURATION),
        )
        # The loser of the race finds the winner's table below.
        with suppress(OSError):
            Path(aside, "_delta_log").rename(path / "_delta_log")
    handle = open_table(path)
    if handle is None:
        raise UnfitStorageError(f"Table {table.name} could not be created under {path.parent}.")
    return handle


def widen(handle: DeltaTable, path: Path, table: Table) -> DeltaTable:
    """Add the columns that the table's definition has gained since it was written.

    Raises ``UnreadableTableError`` if it has lost columns or changed types: then the code is older than
    the table, and writing would drop what it does not know.
    """
    # Types are compared as types: Delta calls the member of a list otherwise than Arrow, so texts differ.
    stored = {field.name: pa.field(field).type for field in pa.schema(handle.schema().to_arrow())}
    wanted = {field.name: field for field in delta_schema(table)}
    strange = [n for n, kind in stored.items() if n not in wanted or kind != wanted[n].type]
    if strange:
        raise UnreadableTableError(
            f"Table {table.name} on disk has columns {', '.join(strange)} that this version of Shuke "
            "does not know in that shape. Install the version that wrote it, or move the table away."
        )
    new = [field for name, field in wanted.items() if name not in stored]
    if not new:
        return handle
    # First the mark, so that no reader ever meets files of both shapes without knowing it.
    handle.alter.set_table_properties({EVOLVED_PROPERTY: "true"}, raise_if_not_exists=False)
    handle.alter.add_columns(list(Schema.from_arrow(pa.schema(new)).fields))
    return open_table(path) or handle


_checked_roots: set[Path] = set()


def check_hard_links(root: Path) -> None:
    """Make sure that the place supports hard links: a Delta commit is one.

    Raises ``UnfitStorageError`` on file systems without them (exFAT, some network and FUSE mounts).
    """
    if root in _checked_roots:
        return
    try:
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".link-test-", dir=root) as folder:
            first = Path(folder, "first")
            first.touch()
            os.link(first, Path(folder, "second"))
    except OSError as error:
        raise UnfitStorageError(
            f"The lake cannot live in {root}: {error}. A commit needs a writable file system with "
            "hard links (ext4, xfs, btrfs, zfs, NTFS and APFS have them; exFAT and some network "
            "mounts do not). Choose another place."
        ) from error
    _checked_roots.add(root)


@dataclass(frozen=True)
class _Remembered:
    list: FileList
    log_entry: tuple[int, int]
    confirmed: float


class FileLists:
    """The newest file list of each table, remembered per process.

    Opening a Delta table costs 5 to 18 ms; asking whether the next log entry exists costs
    microseconds.  Versions follow one another without gaps, so a version without a successor is
    the newest.  Safe to use from several threads.
    """

    def __init__(self) -> None:
        self._remembered: dict[Path, _Remembered] = {}
        self._lock = threading.Lock()

    def newest(self, path: Path) -> FileList:
        """The file list of the table's newest version."""
        with self._lock:
            known = self._remembered.get(path)
        if known is not None and _is_newest(path, known):
            self._keep(path, known.list, known.log_entry)
            return known.list
        return self._look_up(path)

    def at_version(self, path: Path, version: int) -> FileList:
        """The file list of an older version.  Raises ``UnreadableTableError`` if it is gone."""
        try:
            handle = open_table(path, version=version)
        except DeltaError as error:  # pragma: no cover - wrapped by open_table
            raise UnreadableTableError(str(error)) from error
        if handle is None or handle.version() != version:
            raise UnreadableTableError(f"Table {path.name} has no version {version} any more.")
        return _file_list(handle)

    def _look_up(self, path: Path) -> FileList:
        handle = open_table(path)
        if handle is None:
            return NEVER_WRITTEN
        found = _file_list(handle)
        entry = _log_entry(path, handle.version())
        if entry is not None:
            self._keep(path, found, entry)
        return found

    def _keep(self, path: Path, found: FileList, entry: tuple[int, int]) -> None:
        with self._lock:
            self._remembered[path] = _Remembered(found, entry, monotonic())


def _file_list(handle: DeltaTable) -> FileList:
    has_evolved = EVOLVED_PROPERTY in handle.metadata().configuration
    columns = frozenset(field.name for field in handle.schema().fields)
    return FileList(handle.version(), tuple(sorted(handle.file_uris())), columns, has_evolved)


def _is_newest(path: Path, known: _Remembered) -> bool:
    version = known.list.version
    if version is None or monotonic() - known.confirmed > MEMORY_SECONDS:
        return False
    # The same entry under the same number: the table was not removed and made anew meanwhile.
    if _log_entry(path, version) != known.log_entry:
        return False
    return _log_entry(path, version + 1) is None


def _log_entry(path: Path, version: int) -> tuple[int, int] | None:
    try:
        status = (path / "_delta_log" / f"{version:020}.json").stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns
