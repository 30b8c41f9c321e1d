"""The worker's append-only journal on disk; ``write(2)`` survives the death of the process."""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

SUFFIX = ".journal"
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def boot_id() -> str:
    """Changes with every start of the machine; empty where the system does not tell, which trusts no journal."""
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return ""


def home_id(folder: Path) -> str:
    """The lasting name of the home whose journals lie in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "home"
    if not path.exists():
        draft = folder / f".home.{secrets.token_hex(6)}"
        draft.write_text(secrets.token_hex(5))
        try:
            # A hard link refuses to overwrite: of two processes that start together one name wins.
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()


class FileJournal:
    """One worker's journal, locked as long as the worker lives."""

    def __init__(self, folder: Path) -> None:
        self.worker = f"{home_id(folder)}.{secrets.token_hex(8)}"
        self.path = folder / f"{self.worker}{SUFFIX}"
        draft = folder / f".{self.worker}"
        self._descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        self._write(f"H {boot_id()}\n")
        # Locked before it is visible: a recovering process can never take a living worker for dead.
        draft.rename(self.path)

    def _write(self, line: str) -> None:
        os.write(self._descriptor, line.encode())

    def before(self, message_id: str) -> None:
        """The next act may deliver this message."""
        self._write(f"B {message_id}\n")

    def after(self, message_id: str, code: int, at: datetime) -> None:
        """The other side answered."""
        self._write(f"A {message_id} {code} {at.timestamp():.6f}\n")

    def discard(self) -> None:
        """All its messages are recorded; the file is no longer needed."""
        self.path.unlink(missing_ok=True)
        os.close(self._descriptor)

    def abandon(self) -> None:
        """Leave the file to recovery, as death would."""
        os.close(self._descriptor)


def journal_paths(folder: Path) -> list[Path]:
    """All journals, of living and dead workers."""
    return sorted(folder.glob(f"*{SUFFIX}")) if folder.exists() else []


@contextmanager
def dead_journal(path: Path) -> Iterator[bytes | None]:
    """The bytes of a dead worker's journal, held so that nobody else recovers it; ``None`` if it lives or is gone."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        yield None
        return
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
            return
        # Another process may have recovered and removed it between our open and our lock.
        yield path.read_bytes() if path.exists() else None
    finally:
        os.close(descriptor)
