"""Which events came in the last 30 days: hashes in sorted files that are mapped into memory, not read.

A run is the file of one part of the spool (or of several, joined).  It counts only once the lake's
commit of its part is there; see docs/algorithms/collector.md for what a kill leaves behind.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from shuke.sources.collector.spool import sync_folder, write_durably

Hashes = npt.NDArray[np.uint64]
KEPT_DAYS = 30
#: More small runs than this are joined into one for each day.
MOST_RUNS = 48
_NAME = re.compile(r"([0-9a-f]{16})\.(\d+)\.(one|many)\.npy")
DAY = 86_400 * 1_000_000


@dataclass(frozen=True)
class Run:
    """One file.  ``start`` is one more than the position after which its newest part begins, 0 for what was made
    from the lake; ``day`` that of the arrival (days since 1970); ``is_joined`` says whether several parts lie in it.
    """

    start: int
    day: int
    is_joined: bool

    @property
    def name(self) -> str:
        """The file's name."""
        return f"{self.start:016x}.{self.day}.{'many' if self.is_joined else 'one'}.npy"


class Seen:
    """The hashes of one spool, in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._key: bytes | None = None
        self._mapped: dict[Run, Hashes] = {}

    @property
    def is_new(self) -> bool:
        """Whether nothing was ever kept here, so that it must be made from the lake."""
        return not (self.folder / "key").exists()

    def begin(self) -> None:
        """Make the folder and its key."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for run in self.runs():
            self._remove(run)
        write_durably(self.folder / "key", secrets.token_bytes(32))
        sync_folder(self.folder)
        self._key = None

    def hashes(self, sources: Sequence[str], message_ids: Sequence[str]) -> Hashes:
        """Two columns of 64 bits for each event."""
        if self._key is None:
            self._key = (self.folder / "key").read_bytes()
        start = hashlib.blake2b(digest_size=16, key=self._key)
        parts = bytearray()
        begun: dict[str, Callable[[], object]] = {}
        for source, message_id in zip(sources, message_ids, strict=True):
            if source not in begun:
                prefix = start.copy()
                prefix.update(source.encode() + b"\0")
                begun[source] = prefix.copy
            one = begun[source]()
            one.update(message_id.encode("utf-8", "surrogatepass"))  # type: ignore[attr-defined]
            parts += one.digest()  # type: ignore[attr-defined]
        return np.frombuffer(bytes(parts), dtype=np.uint64).reshape(-1, 2)

    def known(self, hashes: Hashes, *, position: int) -> npt.NDArray[np.bool_]:
        """Which of the hashes lie in a run that counts: one that begins below the lake's position."""
        found = np.zeros(len(hashes), dtype=bool)
        order = np.argsort(hashes[:, 0])
        wanted = hashes[order]
        for run in self.runs():
            if run.start <= position:
                found[order] |= _among(self._map(run), wanted)
        return found

    def keep(self, hashes: Hashes, *, after: int, day: int) -> None:
        """Write the run of the part that follows a position, in place of one that a killed loader left for it."""
        self._write(Run(after + 1, day, is_joined=False), hashes)

    def keep_rebuilt(self, hashes: Hashes, *, day: int) -> None:
        """Write a day's run that was made from the lake."""
        self._write(Run(0, day, is_joined=True), hashes)

    def drop_uncounted(self, *, position: int) -> bool:
        """Remove runs that begin at or after the lake's position; whether joined ones were among them.

        Then older hashes went as well, and all must be made anew from the lake.
        """
        late = [run for run in self.runs() if run.start > position]
        for run in late:
            self._remove(run)
        return any(run.is_joined for run in late)

    def tend(self, *, today: int, position: int) -> None:
        """Join small runs that count, day by day, and remove days that are too old."""
        runs = [run for run in self.runs() if run.start <= position]
        for run in runs:
            if run.day < today - KEPT_DAYS:
                self._remove(run)
        if sum(not run.is_joined for run in runs) <= MOST_RUNS:
            return
        for day in sorted({run.day for run in runs if run.day >= today - KEPT_DAYS}):
            self._join([run for run in runs if run.day == day])

    def runs(self) -> list[Run]:
        """Every run, oldest first."""
        with suppress(FileNotFoundError):
            matches = [_NAME.fullmatch(path.name) for path in self.folder.iterdir()]
            found = [Run(int(m[1], 16), int(m[2]), m[3] == "many") for m in matches if m]
            return sorted(found, key=lambda run: (run.start, run.day, run.is_joined))
        return []

    def _join(self, runs: Sequence[Run]) -> None:
        if len(runs) < 2:
            return
        joined = Run(max(run.start for run in runs), runs[0].day, is_joined=True)
        self._write(joined, np.concatenate([self._map(run) for run in runs]))
        for run in runs:
            if run != joined:
                self._remove(run)

    def _write(self, run: Run, hashes: Hashes) -> None:
        ordered = np.ascontiguousarray(hashes[np.argsort(hashes[:, 0])])
        draft = self.folder / f"{run.name}.draft"
        write_durably(draft, ordered.tobytes())
        draft.rename(self.folder / run.name)
        sync_folder(self.folder)
        self._mapped.pop(run, None)

    def _map(self, run: Run) -> Hashes:
        if run not in self._mapped:
            path = self.folder / run.name
            is_empty = path.stat().st_size == 0
            flat = np.zeros(0, np.uint64) if is_empty else np.memmap(path, dtype=np.uint64, mode="r")
            self._mapped[run] = flat.reshape(-1, 2)
        return self._mapped[run]

    def _remove(self, run: Run) -> None:
        self._mapped.pop(run, None)
        (self.folder / run.name).unlink(missing_ok=True)


def _among(held: Hashes, wanted: Hashes) -> npt.NDArray[np.bool_]:
    """Which of the wanted hashes (sorted by their first half) are held.

    Two that share their first half and differ in the second may hide one another: an event is then kept twice,
    never lost, and that by a chance of one in 10¹⁰.
    """
    if not len(held):
        return np.zeros(len(wanted), dtype=bool)
    place = np.minimum(np.searchsorted(held[:, 0], wanted[:, 0]), len(held) - 1)
    return np.asarray((held[place] == wanted).all(axis=1))


def days_of(received_at: Iterable[int]) -> int:
    """The day (since 1970) of the newest of these times in microseconds, 0 if there is none."""
    return max(received_at, default=0) // DAY
