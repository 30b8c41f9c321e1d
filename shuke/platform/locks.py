"""Named locks over all processes: an advisory lock on PostgreSQL, a file lock beside SQLite."""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.db import connection

from shuke.platform.errors import Refused


class Busy(Refused):
    """Another process holds the lock and waiting was not asked for."""


@contextmanager
def exclusive(name: str, *, wait: bool = True) -> Iterator[None]:
    """Hold the lock ``name`` for the block.  Raises ``Busy`` if it is held and ``wait`` is false.

    The operating system or the database lets go when the process dies, so a kill leaves nothing
    locked.  Not re-entrant.
    """
    holder = _advisory_lock if connection.vendor == "postgresql" else _file_lock
    with holder(name, wait):
        yield


def until_commit(name: str) -> None:
    """Let transactions that name the same lock go one after the other; call it first in the transaction.

    On SQLite a transaction is the only writer anyway.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_key(name)])


def _key(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)


def _busy(name: str) -> Busy:
    return Busy(
        "busy", f"{name} is being worked on by another process; try again in a moment.", {"lock": name}
    )


@contextmanager
def _advisory_lock(name: str, wait: bool) -> Iterator[None]:
    key = _key(name)
    with connection.cursor() as cursor:
        if wait:
            cursor.execute("SELECT pg_advisory_lock(%s)", [key])
        else:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [key])
            row = cursor.fetchone()
            if not (row and row[0]):
                raise _busy(name)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [key])


@contextmanager
def _file_lock(name: str, wait: bool) -> Iterator[None]:
    folder = Path(settings.SHUKE_HOME) / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(
        folder / f"{hashlib.sha256(name.encode()).hexdigest()[:24]}.lock", os.O_RDWR | os.O_CREAT, 0o600
    )
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError as error:
            raise _busy(name) from error
        yield
    finally:
        os.close(descriptor)
