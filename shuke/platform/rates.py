"""Counting calls per minute over all processes of a machine.

The counters lie in one small file under a file lock: a call costs some microseconds, survives no
more than the minute it counts, and takes no write of the database, which on SQLite would make every
read wait for the one writer.  Several machines count apart, so a limit holds per machine.
"""

import fcntl
import hashlib
import os
import struct
from pathlib import Path

_SLOT = struct.Struct("<QII")  # fingerprint of the key, minute, count
SLOTS = 4096
PROBES = 8


def count_call(path: Path, *, key: str, minute: int) -> int:
    """Count one call of ``key`` in ``minute`` (whole minutes since 1970); returns the calls so far, this included.

    A full neighbourhood of slots is shared: then a call may be counted against a stranger as well,
    which errs on the side of refusing and happens only with thousands of callers a minute.
    """
    fingerprint = _fingerprint(key)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        # A descriptor of our own for each call, so that the lock holds between threads as well.
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        position, count = _find(descriptor, fingerprint=fingerprint, minute=minute)
        os.pwrite(descriptor, _SLOT.pack(fingerprint, minute, min(count + 1, 2**32 - 1)), position)
        return count + 1
    finally:
        os.close(descriptor)


def calls_so_far(path: Path, *, key: str, minute: int) -> int:
    """How often ``count_call`` counted the key in that minute; counts nothing."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return 0
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        return _find(descriptor, fingerprint=_fingerprint(key), minute=minute)[1]
    finally:
        os.close(descriptor)


def _fingerprint(key: str) -> int:
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), "little") or 1


def _find(descriptor: int, *, fingerprint: int, minute: int) -> tuple[int, int]:
    """Where the key's counter lies, and what it says; a slot of an earlier minute is free."""
    free: int | None = None
    first = fingerprint % SLOTS
    for step in range(PROBES):
        position = (first + step) % SLOTS * _SLOT.size
        raw = os.pread(descriptor, _SLOT.size, position).ljust(_SLOT.size, b"\0")
        owner, counted_minute, count = _SLOT.unpack(raw)
        if counted_minute != minute:
            free = position if free is None else free
        elif owner == fingerprint:
            return position, count
    if free is not None:
        return free, 0
    return first * _SLOT.size, _SLOT.unpack(os.pread(descriptor, _SLOT.size, first * _SLOT.size))[2]
