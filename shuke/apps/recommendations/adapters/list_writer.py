"""This process's writer of answers: its own folder below the spools, so that processes do not wait for one another."""

from __future__ import annotations

import os
from pathlib import Path
from threading import Lock

from shuke.sources.collector.spool import Spool, SpoolBusy
from shuke.sources.collector.writing import GroupWriter

#: Processes that may answer at a time on one machine.
MOST = 64
_writers: dict[tuple[int, Path], GroupWriter] = {}
_lock = Lock()


def list_writer(root: Path) -> GroupWriter:
    """The writer of this process, begun at first use: it takes the first spool that no other process writes.

    Raises ``SpoolBusy`` if all of them are taken, and ``OSError`` where nothing can be written.
    """
    key = (os.getpid(), root)
    found = _writers.get(key)
    if found is not None:
        return found
    with _lock:
        if key not in _writers:
            _writers[key] = _begun(root)
        return _writers[key]


def _begun(root: Path) -> GroupWriter:
    for number in range(MOST):
        writer = GroupWriter(Spool(root / str(number)))
        try:
            writer.start(wait_seconds=0.0)
        except SpoolBusy:
            continue
        return writer
    raise SpoolBusy(f"{MOST} processes answer on this machine already.")


def list_spools(root: Path) -> list[Spool]:
    """Every spool that was ever begun, oldest number first."""
    if not root.exists():
        return []
    numbers = sorted(int(entry.name) for entry in os.scandir(root) if entry.name.isdecimal())
    return [Spool(root / str(number)) for number in numbers]
