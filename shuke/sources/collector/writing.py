"""Writing the spool: many requests wait together for one write that is forced to disk."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import ExitStack, suppress
from typing import Literal

from shuke.sources.collector.spool import Spool, sync_folder

log = logging.getLogger("shuke.collector")
Outcome = Literal["kept", "no_space", "stopped"]
_Waiting = tuple[bytes, "asyncio.Future[Outcome] | Future[Outcome]"]

SEGMENT_BYTES = 64 * 2**20
SEGMENT_SECONDS = 3600.0
#: Bytes that may wait for the disk.  More would be memory that a slow disk eats.
QUEUE_BYTES = 64 * 2**20
GROUP_BYTES = 16 * 2**20
LOOK_SECONDS = 0.1


class QueueFull(Exception):
    """More waits for the disk than may; come again in a moment."""


class GroupWriter:
    """The one writer of a spool.  ``append`` belongs to an event loop, ``keep`` to threads, the writing to a thread
    of its own."""

    def __init__(
        self, spool: Spool, *, segment_bytes: int = SEGMENT_BYTES, queue_bytes: int = QUEUE_BYTES
    ) -> None:
        self.spool, self._segment_bytes, self._queue_bytes = spool, segment_bytes, queue_bytes
        self._condition = threading.Condition()
        self._waiting: list[_Waiting] = []
        self._waiting_bytes = 0
        self._is_stopping = False
        self._held = ExitStack()
        self._thread: threading.Thread | None = None
        self._descriptor: int | None = None
        self._number = self._durable = 0
        self._begun = 0.0

    def start(self, *, wait_seconds: float = 10.0) -> None:
        """Become the spool's writer and begin a segment.  Raises ``SpoolBusy`` if another process is it."""
        self._held.enter_context(self.spool.lock("writer", wait_seconds=wait_seconds))
        _ = self.spool.identity
        # A writer that was killed may have torn the end of the newest segment: never write behind that.
        self._begin_segment()
        self._thread = threading.Thread(target=self._run, name="spool", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Write what waits, then let go of the spool."""
        with self._condition:
            self._is_stopping = True
            self._condition.notify()
        if self._thread is not None:
            self._thread.join()
        self._end_segment()
        self._held.close()

    async def append(self, record: bytes) -> Outcome:
        """Wait until the record is on disk, or could not be brought there.  Raises ``QueueFull`` at once."""
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        return await future if self._queued(record, future) else "stopped"

    def keep(self, record: bytes) -> Outcome:
        """The same for a thread without an event loop; ``record`` may be several behind one another."""
        future: Future[Outcome] = Future()
        return future.result() if self._queued(record, future) else "stopped"

    def _queued(self, record: bytes, future: asyncio.Future[Outcome] | Future[Outcome]) -> bool:
        with self._condition:
            if self._is_stopping:
                return False
            if self._waiting_bytes + len(record) > self._queue_bytes:
                raise QueueFull
            self._waiting.append((record, future))
            self._waiting_bytes += len(record)
            self._condition.notify()
        return True

    def _run(self) -> None:
        while True:
            with self._condition:
                if not self._waiting and not self._is_stopping:
                    self._condition.wait(LOOK_SECONDS)
                group = self._take_group()
                is_over = self._is_stopping and not group
            if group:
                _answer(group, self._write(group))
            if is_over:
                return
            self._roll_if_due()

    def _take_group(self) -> list[_Waiting]:
        size = count = 0
        for record, _future in self._waiting:
            size += len(record)
            count += 1
            if size >= GROUP_BYTES:
                break
        group, self._waiting = self._waiting[:count], self._waiting[count:]
        self._waiting_bytes -= size
        return group

    def _write(self, group: Sequence[_Waiting]) -> Outcome:
        data = b"".join(record for record, _future in group)
        try:
            if self._descriptor is None:
                self._begin_segment()
            self._write_all(data)
        except OSError:
            log.exception("The spool takes nothing: is the disk full?")
            self._cut_back()
            return "no_space"
        self._durable += len(data)
        return "kept"

    def _write_all(self, data: bytes) -> None:
        assert self._descriptor is not None  # noqa: S101 - tells the type checker what the caller checked
        view = memoryview(data)
        while view:
            view = view[os.write(self._descriptor, view) :]
        try:
            os.fdatasync(self._descriptor)
        except OSError:
            # What is on disk now nobody knows; a second sync would lie.  Give the segment up.
            self._end_segment()
            raise

    def _cut_back(self) -> None:
        """Remove what was half written, so that what follows can be read."""
        if self._descriptor is None:
            return
        try:
            os.ftruncate(self._descriptor, self._durable)
            os.fdatasync(self._descriptor)
        except OSError:
            self._end_segment()

    def _begin_segment(self) -> None:
        self._end_segment()
        number = max(self.spool.segments(), default=0) + 1
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        self._descriptor = os.open(self.spool.path(number), flags, 0o600)
        self._number, self._durable, self._begun = number, 0, time.monotonic()
        sync_folder(self.spool.folder)

    def _end_segment(self) -> None:
        if self._descriptor is not None:
            with suppress(OSError):
                os.close(self._descriptor)
            self._descriptor = None

    def _roll_if_due(self) -> None:
        request = self.spool.folder / "roll"
        is_asked = request.exists()
        is_due = self._durable >= self._segment_bytes or time.monotonic() - self._begun > SEGMENT_SECONDS
        if self._durable and (is_asked or is_due):
            try:
                self._begin_segment()
            except OSError:
                log.exception("No new segment can be begun: is the disk full?")
                return
        if is_asked:
            request.unlink(missing_ok=True)


def _answer(group: Sequence[_Waiting], outcome: Outcome) -> None:
    """Wake who waits for a group: threads one by one, the requests of a loop all with one call into it."""
    futures: list[asyncio.Future[Outcome]] = []
    for _record, future in group:
        if isinstance(future, Future):
            future.set_result(outcome)
        else:
            futures.append(future)
    if futures:
        with suppress(RuntimeError):  # The loop is closed: nobody waits any more.
            futures[0].get_loop().call_soon_threadsafe(_resolve, futures, outcome)


def _resolve(futures: Sequence[asyncio.Future[Outcome]], outcome: Outcome) -> None:
    for future in futures:
        if not future.done():
            future.set_result(outcome)
