"""The spool: a folder of numbered segments, written by one process and read by others."""

from __future__ import annotations

import fcntl
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from shuke.sources.collector.records import Record, records

SUFFIX = ".seg"
#: Bits of a position that hold the offset in the segment.
OFFSET_BITS = 32
_OFFSET_MASK = (1 << OFFSET_BITS) - 1


class SpoolBusy(Exception):
    """Another process holds the lock."""


@dataclass(frozen=True)
class Part:
    """Records of one segment in a row.  ``until`` is the position after the last of them."""

    segment: int
    records: tuple[Record, ...]
    until: int


def position(segment: int, offset: int) -> int:
    """One number for a place in the spool; later places have higher ones."""
    return segment << OFFSET_BITS | offset


def place(number: int) -> tuple[int, int]:
    """The segment and the offset of a position."""
    return number >> OFFSET_BITS, number & _OFFSET_MASK


class Spool:
    """One folder.  Making it does no input or output."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def identity(self) -> str:
        """The random name of this spool, made at first use; it stands in the lake's commits."""
        path = self.folder / "identity"
        with suppress(FileNotFoundError):
            return path.read_text(encoding="ascii")
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self.folder / f"identity.{os.getpid()}.{secrets.token_hex(4)}"
        write_durably(draft, secrets.token_hex(16).encode())
        with suppress(FileExistsError):
            # A hard link refuses to overwrite: of two processes that start together one wins for both.
            os.link(draft, path)
        draft.unlink()
        sync_folder(self.folder)
        return path.read_text(encoding="ascii")

    def path(self, segment: int) -> Path:
        """The file of a segment."""
        return self.folder / f"{segment:012}{SUFFIX}"

    def segments(self) -> list[int]:
        """The numbers of all segments that are kept, oldest first."""
        with suppress(FileNotFoundError):
            return sorted(
                int(entry.name.removesuffix(SUFFIX))
                for entry in os.scandir(self.folder)
                if entry.name.endswith(SUFFIX) and entry.name.removesuffix(SUFFIX).isdigit()
            )
        return []

    @contextmanager
    def lock(self, name: str, *, wait_seconds: float = 0.0) -> Iterator[None]:
        """Hold a lock of the spool: ``writer`` or ``loader``.  The system lets go of it when a process dies.

        Raises ``SpoolBusy`` if another process still holds it after the wait.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self.folder / f"{name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            _take(descriptor, name=name, wait_seconds=wait_seconds)
            yield
        finally:
            os.close(descriptor)

    def read(self, after: int, *, limit_bytes: int) -> Part | None:
        """The records that follow a position, of one segment; ``None`` if nothing follows.

        Goes on to the next segment when this one is complete and read to its end.
        """
        segment, offset = place(after)
        for number in self.segments():
            if number < segment:
                continue
            start = offset if number == segment else 0
            found = self._records_of(number, start=start, limit_bytes=limit_bytes)
            if found:
                return Part(number, tuple(found), position(number, found[-1].end))
        return None

    def _records_of(self, segment: int, *, start: int, limit_bytes: int) -> list[Record]:
        with suppress(FileNotFoundError), self.path(segment).open("rb") as file:
            file.seek(start)
            data = file.read(limit_bytes)
            found = list(records(data, offset=start))
            if found or len(data) < limit_bytes:
                return found
            # One record larger than the part: take the rest of the segment.
            return list(records(data + file.read(), offset=start))
        return []

    def waiting(self, after: int) -> tuple[int, float | None]:
        """Bytes that follow a position, and when the oldest of their segments was last written (s since 1970)."""
        segment, offset = place(after)
        total, oldest = 0, None
        for number in self.segments():
            if number < segment:
                continue
            with suppress(FileNotFoundError):
                status = self.path(number).stat()
                left = status.st_size - (offset if number == segment else 0)
                if left > 0:
                    total, oldest = total + left, min(oldest or status.st_mtime, status.st_mtime)
        return total, oldest

    def complete_segments(self) -> list[int]:
        """Segments that nobody writes any more: all but the newest, and it too if no collector runs."""
        numbers = self.segments()
        try:
            with self.lock("writer"):
                return numbers
        except SpoolBusy:
            return numbers[:-1]

    def roll(self, *, wait_seconds: float) -> None:
        """Ask the collector for a new segment and wait for it.  Raises ``SpoolBusy`` if it does not answer."""
        request = self.folder / "roll"
        until = time.monotonic() + wait_seconds
        try:
            with self.lock("writer"):
                return
        except SpoolBusy:
            request.touch()
        while request.exists():
            if time.monotonic() > until:
                request.unlink(missing_ok=True)
                raise SpoolBusy("The collector did not begin a new segment in time.")
            time.sleep(0.02)


def _take(descriptor: int, *, name: str, wait_seconds: float) -> None:
    until = time.monotonic() + wait_seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() >= until:
                raise SpoolBusy(f"Another process holds the spool as its {name}.") from error
            time.sleep(0.02)
        else:
            return


def write_durably(path: Path, data: bytes) -> None:
    """Write a file and force it to disk."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Force names in a folder to disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
