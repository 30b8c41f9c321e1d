"""Processes of their own that post points and may die at any moment, on the database of the test.

A child is forked, so it starts at once; it leaves the parent's connection alone and opens one of its own.
SQLite's test database lives in memory, so the children share a copy of it in a file.
"""

import os
import pickle
import select
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import connection, connections


@dataclass(frozen=True)
class Place:
    """The database that children work on; ``file`` is a copy of SQLite's, or empty on PostgreSQL."""

    file: str

    @classmethod
    def of_test(cls, folder: Path) -> "Place":
        """The test's database, or a copy of it that processes can share."""
        if connection.vendor != "sqlite":
            return cls("")
        file = folder / "ledger.sqlite3"
        connection.cursor().execute("VACUUM INTO %s", [str(file)])
        return cls(str(file))

    def start(self, task: Callable[[Callable[[Any], None]], object]) -> "Child":
        """Run a task in a child.  It gets a function that tells the parent something at once."""
        reading, writing = os.pipe()
        sys.stdout.flush()
        pid = os.fork()
        if pid:
            os.close(writing)
            return Child(pid, reading)
        status = 1
        try:
            os.close(reading)
            self._reconnect()
            with os.fdopen(writing, "wb", buffering=0) as pipe:
                task(lambda said: pipe.write(pickle.dumps(said)) and None)
            status = 0
        except Exception as error:  # noqa: BLE001
            os.write(2, f"{type(error).__name__}: {error}\n".encode())
        finally:
            os._exit(status)

    def ask(self, question: Callable[[], Any]) -> Any:
        """What a child answers that is left alone."""
        child = self.start(lambda tell: tell(question()))
        said = list(child.said())
        assert child.end() == 0
        return said[0]

    def _reconnect(self) -> None:
        # Not closed: that would end the parent's session.
        connection.connection = None
        connection.savepoint_ids, connection.in_atomic_block, connection.needs_rollback = [], False, False
        if self.file:
            connections.databases["default"]["NAME"] = self.file
            connection.settings_dict["NAME"] = self.file
            connection.is_in_memory_db = lambda: False  # type: ignore[method-assign]


@dataclass(frozen=True)
class Child:
    """A running child."""

    pid: int
    pipe: int

    def said(self) -> Iterator[Any]:
        """What it tells, until it is gone."""
        with os.fdopen(self.pipe, "rb") as pipe:
            while True:
                try:
                    yield pickle.load(pipe)
                except EOFError:
                    return

    def wait_until_heard(self) -> None:
        """Until it has told something, or is gone."""
        waiting = (
            select.poll()
        )  # ``select`` knows no descriptor above 1,023, and a worker may have as many open.
        waiting.register(self.pipe, select.POLLIN | select.POLLHUP)
        waiting.poll(300_000)

    def kill(self) -> None:
        """SIGKILL."""
        os.kill(self.pid, signal.SIGKILL)

    def end(self) -> int:
        """Wait for its end; its exit code, or minus the signal that it died of."""
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


@contextmanager
def death_after(statements: int) -> Iterator[None]:
    """Kill this process right after so many statements; zero: right after the commit."""
    left = statements

    def counted(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal left
        result = execute(sql, params, many, context)
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    if statements == 0:
        commit = connection._commit

        def committed() -> None:
            commit()
            os.kill(os.getpid(), signal.SIGKILL)

        connection._commit = committed  # type: ignore[method-assign]
        yield
        return
    with connection.execute_wrapper(counted):
        yield
