"""``shuke serve`` as a real process: open, kept alive, ended together."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.migrated import place_database
from tests.ports import free_port

pytestmark = [pytest.mark.slow, pytest.mark.once]
ROOT = Path(__file__).resolve().parents[2]


def _shuke(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "shuke.config.cli", *arguments]


def _environment(home: Path) -> dict[str, str]:
    cleared = {name: value for name, value in os.environ.items() if not name.startswith("SHUKE_")}
    return cleared | {"SHUKE_HOME": str(home), "SHUKE_LOG_LEVEL": "WARNING"}


def _descendants(pid: int) -> set[int]:
    """Every living process below ``pid``, from /proc."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if fields[0] != "Z":
                parents[int(entry.name)] = int(fields[1])
    found, frontier = set(), {pid}
    while frontier:
        frontier = {child for child, parent in parents.items() if parent in frontier} - found
        found |= frontier
    return found


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def _wait(condition, seconds: float, what: str) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, what
        time.sleep(0.1)


class Server:
    """A running ``shuke serve`` on a port of its own."""

    def __init__(self, home: Path) -> None:
        self.home, self.port = home, free_port()
        self.errors = home / "stderr.txt"
        place_database(home)
        with self.errors.open("w") as errors:
            self.process = subprocess.Popen(
                _shuke("serve", "--port", str(self.port)),
                env=_environment(home), cwd=ROOT, stdout=subprocess.PIPE, stderr=errors, text=True,
            )  # fmt: skip
        try:
            _wait(lambda: self.answers("/health/live") or self.process.poll() is not None, 300, "it hangs")
            assert self.process.poll() is None, f"it ended with {self.process.poll()}"
        except AssertionError as error:
            self.end()
            raise AssertionError(
                f"the console did not open: {error}\n{self.errors.read_text()[-4000:]}"
            ) from error

    def answers(self, path: str) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=30) as response:
                return response.status == 200
        except (OSError, urllib.error.URLError):
            return False

    def read(self, path: str) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=60) as response:
            return response.read().decode()

    def end(self) -> None:
        """Kill it with all it started."""
        for pid in _descendants(self.process.pid):
            # It may end by itself meanwhile.
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.kill()
        self.process.communicate()

    def children(self) -> dict[str, int]:
        """The supervisor's own children by their command."""
        found = {}
        for pid in _descendants(self.process.pid):
            try:
                is_own = _parent(pid) == self.process.pid
                words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            except (FileNotFoundError, ProcessLookupError):
                continue  # It has ended since it was listed.
            # Between fork and exec a child still has its parent's command, or none.
            if is_own and len(words) > 4 and words[3] != b"serve":
                queue = words[words.index(b"--queue") + 1].decode() if b"--queue" in words else ""
                found[f"{words[3].decode()} {queue}".strip()] = pid
        return found


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path)
    yield server
    server.end()


def test_it_opens_revives_what_dies_and_leaves_nothing_behind(server):
    _wait(lambda: '"status": "ok"' in server.read("/health/ready"), 180, "the worker did not report")
    assert 'shuke_jobs{state="ready"}' in server.read("/metrics")
    expected = {"console", "collector", "relay", "loader", "worker default", "worker long"}
    _wait(lambda: set(server.children()) == expected, 120, "not everything was started")
    before = server.children()
    killed = {"worker default", "worker long", "relay"}
    for name in killed:
        os.kill(before[name], signal.SIGKILL)

    def others() -> set[str]:
        after = server.children()
        return {name for name in expected if after.get(name, before[name]) != before[name]}

    # A process may live on for a moment after it was killed.
    _wait(lambda: others() >= killed, 120, "what died was not started again")
    assert others() == killed

    family = _descendants(server.process.pid)
    assert len(family) >= 4
    server.process.send_signal(signal.SIGINT)
    output, _ = server.process.communicate(timeout=180)
    assert server.process.returncode == 0
    assert f"Shuke is open at http://127.0.0.1:{server.port}" in output
    assert not [pid for pid in family if _is_alive(pid)]


def test_when_the_supervisor_is_killed_its_children_end(server):
    family = _descendants(server.process.pid)
    assert len(family) >= 4
    server.process.kill()
    server.process.wait()
    _wait(lambda: not [pid for pid in family if _is_alive(pid)], 120, "children outlived their supervisor")


def test_a_taken_port_is_told_at_once(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        command = _shuke("serve", "--port", str(port))
        finished = subprocess.run(
            command, env=_environment(tmp_path), cwd=ROOT, capture_output=True, text=True, check=False
        )
    assert finished.returncode == 1
    assert f"Cannot listen on 127.0.0.1:{port}" in finished.stderr
    assert f"shuke serve --port {port + 1}" in finished.stderr


def test_a_database_that_was_never_set_up_is_told_at_once(tmp_path):
    port = free_port()
    environment = _environment(tmp_path) | {"SHUKE_DATABASE_URL": f"sqlite:///{tmp_path / 'new.sqlite3'}"}
    finished = subprocess.run(
        _shuke("serve", "--port", str(port)),
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 1
    assert "shuke migrate" in finished.stderr
    assert "Traceback" not in finished.stderr
