"""``shuke serve``: console, collector, loader, relay and workers as processes, kept alive and ended together."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import structlog

log = structlog.get_logger("shuke.serve")
STOP_SECONDS = 20.0
#: A child that lived this long is started again at once, one that did not waits longer each time.
STEADY_SECONDS = 10.0
LONGEST_PAUSE_SECONDS = 30.0


@dataclass
class Child:
    """A process that is to run, and how it fared."""

    name: str
    arguments: list[str]
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    start_at: float = 0.0
    quick_deaths: int = 0

    def start(self) -> None:
        """Start a fresh interpreter.  Never a fork of this one: the lake's threads do not survive a fork."""
        command = [sys.executable, "-m", "shuke.config.cli", *self.arguments]
        environment = os.environ | {"SHUKE_SUPERVISOR_PID": str(os.getpid())}
        # A session of its own, so that Ctrl-C reaches only the supervisor, who stops the children in order.
        self.process = subprocess.Popen(  # noqa: S603 - our own interpreter and our own arguments.
            command, env=environment, stdin=subprocess.DEVNULL, start_new_session=True
        )
        self.started_at = time.monotonic()

    def signal_all(self, number: signal.Signals) -> None:
        """Signal the process and those it started."""
        if self.process is not None and self.process.poll() is None:
            with_group = number == signal.SIGKILL
            (os.killpg if with_group else os.kill)(self.process.pid, number)

    def note_death(self) -> None:
        """Decide when to start again: at once, or later if it died early more than once."""
        if self.process is None:
            return
        lived = time.monotonic() - self.started_at
        self.quick_deaths = 0 if lived >= STEADY_SECONDS else self.quick_deaths + 1
        pause = min(LONGEST_PAUSE_SECONDS, 2.0 ** (self.quick_deaths - 2)) if self.quick_deaths > 1 else 0.0
        log.warning("process died", child=self.name, status=self.process.returncode, restart_in_s=pause)
        self.process, self.start_at = None, time.monotonic() + pause


@dataclass
class Supervisor:
    """Starts the children, starts again what dies, and stops them all."""

    children: list[Child]
    stopping: threading.Event = field(default_factory=threading.Event)
    is_killing: bool = False

    def run(self, *, until_open: Callable[[], None]) -> None:
        """Block until SIGTERM or SIGINT.  ``until_open`` is called once, when everything was started."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        try:
            for child in self.children:
                child.start()
            threading.Thread(target=until_open, daemon=True).start()
            while not self.stopping.wait(0.2):
                self._revive()
        finally:
            self._end()

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        # The second signal means: now.
        self.is_killing = self.stopping.is_set()
        self.stopping.set()

    def _revive(self) -> None:
        for child in self.children:
            if child.process is None:
                if time.monotonic() >= child.start_at:
                    child.start()
            elif child.process.poll() is not None:
                child.note_death()

    def _end(self) -> None:
        for child in self.children:
            child.signal_all(signal.SIGTERM)
        until = time.monotonic() + STOP_SECONDS
        while any(child.process and child.process.poll() is None for child in self.children):
            if self.is_killing or time.monotonic() > until:
                for child in self.children:
                    child.signal_all(signal.SIGKILL)
            time.sleep(0.05)
        log.info("stopped")


def serve(
    *, host: str, port: int, workers: int | None, long_workers: int = 1, collector_port: int | None = None
) -> None:
    """Run everything that one machine needs; events are sent to the port after the console's unless another is given.

    Long work has workers of its own, so that a fit of minutes keeps no campaign waiting; with no
    ``long_workers`` the others do it too.  Raises ``PortTaken`` or ``NotMigrated`` before anything is started.
    """
    from django.conf import settings
    from django.db import connection
    from django.utils.log import configure_logging

    from shuke.config.migrated import check_database

    # Django's applications are not loaded here: the supervisor stays small and opens no database.
    configure_logging(settings.LOGGING_CONFIG, settings.LOGGING)
    events_port = collector_port or (port + 1 if port < 65535 else port - 1)
    check_port(host, port)
    check_port(host, events_port, option="collector-port")
    check_database()
    metrics = Path(settings.SHUKE_HOME) / "metrics"
    shutil.rmtree(metrics, ignore_errors=True)
    metrics.mkdir(parents=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(metrics)
    # More workers of a kind make SQLite slower, since it takes one writer at a time.
    count = workers or (2 if connection.vendor == "postgresql" else 1)
    children = [
        Child("console", ["console", "--host", host, "--port", str(port)]),
        Child("collector", ["collector", "--host", host, "--port", str(events_port)]),
        Child("relay", ["relay"]),
        Child("loader", ["loader"]),
    ]
    queues = ("default",) if long_workers else ()
    children += [_worker(number, *queues) for number in range(1, count + 1)]
    children += [_worker(count + number, "long") for number in range(1, long_workers + 1)]
    Supervisor(children).run(until_open=lambda: announce(host, port, events_port=events_port))


def _worker(number: int, *queues: str) -> Child:
    # A worker that is started again keeps its id, and by that knows which jobs its former life held.
    worker_id = f"{socket.gethostname()[:60]}:{os.getpid()}-{number}:{secrets.token_hex(4)}"
    chosen = [word for queue in queues for word in ("--queue", queue)]
    return Child(f"worker {number}", ["worker", "--id", worker_id, *chosen])


class PortTaken(Exception):
    """Another program listens there."""


def check_port(host: str, port: int, *, option: str = "port") -> None:
    """Raise ``PortTaken`` with the way out if nobody could listen there; ``option`` says whose port it is."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise PortTaken(
                f"Cannot listen on {host}:{port} ({error.strerror}). Stop the program that does, "
                f"or choose another port: shuke serve --{option} {port + 1 if port < 65535 else 8001}"
            ) from error


def announce(host: str, port: int, *, events_port: int) -> None:
    """Print the addresses as soon as the console accepts connections."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound.
    while True:
        try:
            socket.create_connection((reachable, port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
            continue
        shown = f"[{reachable}]" if ":" in reachable else reachable
        sys.stdout.write(f"\nShuke is open at http://{shown}:{port}  (stop with Ctrl-C)\n")
        sys.stdout.write(f"Events are taken in at http://{shown}:{events_port}\n\n")
        sys.stdout.flush()
        return
