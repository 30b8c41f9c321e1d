"""A worker process: takes jobs one after the other, and lets others know that it lives."""

import logging
import os
import secrets
import signal
import socket
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import OperationalError, close_old_connections, connection

from shuke.platform.clock import now
from shuke.platform.jobs import execution, sqlite
from shuke.platform.jobs.declarations import schedules
from shuke.platform.jobs.models import Job, Worker
from shuke.platform.jobs.queues import QUEUES
from shuke.platform.jobs.scheduling import fire_due

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Pace:
    """How often a worker does what, in seconds.  A lease is long against the heartbeat that prolongs it."""

    heartbeat: float = 10.0
    lease: float = 60.0
    look: float = 0.05
    longest_wait: float = 5.0
    schedules: float = 1.0

    @classmethod
    def from_environment(cls) -> "Pace":
        """The usual pace; ``SHUKE_JOB_LEASE_SECONDS`` shortens lease and heartbeat together."""
        lease = float(os.environ.get("SHUKE_JOB_LEASE_SECONDS", cls.lease))
        return cls(lease=lease, heartbeat=lease / 6)


def new_worker_id() -> str:
    """Machine, process and a random part, since process numbers come again."""
    return f"{socket.gethostname()[:60]}:{os.getpid()}:{secrets.token_hex(4)}"


def work(*, worker_id: str, queues: Sequence[str] = QUEUES, pace: Pace | None = None) -> None:
    """Work off the jobs of these queues until SIGTERM or SIGINT; the job that runs then is ended first."""
    pace = pace or Pace.from_environment()
    schedules()  # Imports every app's tasks, so that a missing one shows at once.
    # A supervisor starts a dead worker again under its id: what its former life held is free at once.
    release_jobs(worker_id=worker_id)
    keeper = Keeper(worker_id=worker_id, queues=queues, pace=pace)
    keeper.start()
    try:
        if connection.vendor == "postgresql":
            _work_on_postgresql(worker_id=worker_id, queues=queues, pace=pace)
        else:
            _work_on_sqlite(worker_id=worker_id, queues=queues, pace=pace)
    finally:
        keeper.stop()


def release_jobs(*, worker_id: str) -> int:
    """Give back the jobs of a worker that is known not to run; returns how many."""
    if connection.vendor == "postgresql":
        from shuke.platform.jobs.procrastinate import requeue_held

        return requeue_held(worker_id=worker_id)
    return sqlite.release(worker_id=worker_id, at=now())


def _work_on_postgresql(*, worker_id: str, queues: Sequence[str], pace: Pace) -> None:
    from shuke.platform.jobs.procrastinate import run_worker

    options: dict[str, Any] = {
        "concurrency": 1,
        "update_heartbeat_interval": pace.heartbeat,
        "stalled_worker_timeout": pace.lease,
        "fetch_job_polling_interval": pace.longest_wait,
    }
    # Who takes all takes also what a version with other queues has left.
    names = None if set(queues) == set(QUEUES) else list(queues)
    run_worker(worker_id=worker_id, queues=names, options=options)


def _work_on_sqlite(*, worker_id: str, queues: Sequence[str], pace: Pace) -> None:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    lease = timedelta(seconds=pace.lease)
    while not stop.is_set():
        job = _claim(worker_id=worker_id, queues=queues, lease=lease)
        if job is None:
            _wait_for_work(stop, queues=queues, pace=pace)
        else:
            execution.run(job)
            close_old_connections()


def _claim(*, worker_id: str, queues: Sequence[str], lease: timedelta) -> Job | None:
    try:
        return sqlite.claim(worker_id=worker_id, at=now(), lease=lease, queues=queues)
    except OperationalError:
        # Somebody has written for longer than one waits for a lock (30 s): that is no reason to end.
        log.warning("no lock to take a job", exc_info=True)
        return None


def _wait_for_work(stop: threading.Event, *, queues: Sequence[str], pace: Pace) -> None:
    """Sleep until something was written, a job becomes due, or the longest wait is over."""
    began = now()
    counter = sqlite.change_counter()
    due = sqlite.next_run_after(at=began, queues=queues)
    until = began + timedelta(seconds=pace.longest_wait)
    until = min(until, due) if due else until
    while not stop.wait(pace.look):
        if sqlite.change_counter() != counter or now() >= until:
            return


class Keeper(threading.Thread):
    """Beside the worker: heartbeat, leases, stalled jobs, schedules.  A fault is logged, never fatal."""

    def __init__(self, *, worker_id: str, queues: Sequence[str], pace: Pace) -> None:
        super().__init__(name="keeper", daemon=True)
        self.worker_id, self.queues = worker_id, " ".join(queues)
        self.pace = pace
        self._stopped = threading.Event()
        self._beat_at: datetime | None = None

    def run(self) -> None:
        """Until stopped: beat in the worker's rhythm, look at the schedules each second."""
        while True:
            for duty in (self._beat_if_due, self._fire_schedules):
                try:
                    duty()
                except Exception:
                    log.exception("keeper failed")
                close_old_connections()
            if self._stopped.wait(min(self.pace.schedules, self.pace.heartbeat)):
                break
        connection.close()

    def stop(self) -> None:
        """Stop, and forget the worker."""
        self._stopped.set()
        self.join(timeout=5)
        Worker.objects.filter(worker_id=self.worker_id).delete()

    def _fire_schedules(self) -> None:
        fire_due(at=now())

    def _beat_if_due(self) -> None:
        at = now()
        if self._beat_at and at - self._beat_at < timedelta(seconds=self.pace.heartbeat):
            return
        self._beat_at = at
        Worker.objects.update_or_create(
            worker_id=self.worker_id,
            defaults={"beat_at": at, "queues": self.queues},
            create_defaults={"beat_at": at, "queues": self.queues, "started_at": at},
        )
        Worker.objects.filter(beat_at__lt=at - timedelta(days=1)).delete()
        if connection.vendor == "postgresql":
            from shuke.platform.jobs.procrastinate import requeue_stalled

            requeue_stalled(seconds=self.pace.lease)
        else:
            sqlite.prolong(worker_id=self.worker_id, until=at + timedelta(seconds=self.pace.lease))
