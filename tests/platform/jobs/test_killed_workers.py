"""Real worker processes, killed with SIGKILL while they work; on SQLite and on PostgreSQL."""

import itertools
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest

from tests.migrated import place_database
from tests.series import series

pytestmark = pytest.mark.slow

LEASE_SECONDS = 5
KILLS = series(5, long=22)
ROOT = Path(__file__).resolve().parents[3]


@dataclass
class Site:
    """An installation of its own, with processes of its own."""

    home: Path
    database_url: str
    processes: list[subprocess.Popen] = field(default_factory=list)
    killed_at: dict[int, int] = field(default_factory=dict)

    def spawn(self, *arguments: str) -> subprocess.Popen:
        environment = os.environ | {
            "SHUKE_HOME": str(self.home),
            "SHUKE_DATABASE_URL": self.database_url,
            "SHUKE_JOB_LEASE_SECONDS": str(LEASE_SECONDS),
            "SHUKE_LOG_LEVEL": "WARNING",
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.platform.jobs.process", *arguments],
            env=environment, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.processes.append(process)
        return process

    def run(self, *arguments: str) -> str:
        process = self.spawn(*arguments)
        output, _ = process.communicate(timeout=300)
        assert process.returncode == 0
        return output

    def worker(self, *arguments: str) -> subprocess.Popen:
        process = self.spawn("work", *arguments)
        assert process.stdout.readline() == "working\n"
        return process

    def kill(self, pid: int) -> None:
        os.kill(pid, signal.SIGKILL)
        while Path(f"/proc/{pid}").exists():
            time.sleep(0.001)
        self.killed_at[pid] = time.monotonic_ns()

    def rows(self, query: str) -> list[tuple]:
        if self.database_url.startswith("sqlite"):
            connection = sqlite3.connect(self.home / "db.sqlite3", timeout=30)
            try:
                return connection.execute(query).fetchall()
            finally:
                connection.close()
        import psycopg

        with psycopg.connect(self.database_url, autocommit=True) as connection:
            return connection.execute(query).fetchall()

    def wait_until_done(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while self.rows("SELECT count(*) FROM jobs_job WHERE state IN ('ready', 'running')") != [(0,)]:
            assert time.monotonic() < until, self.rows("SELECT state, count(*) FROM jobs_job GROUP BY state")
            time.sleep(0.2)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def site(request, tmp_path):
    if request.param == "postgresql":
        url = request.getfixturevalue("postgresql_server").create_database(is_migrated=True)
    else:
        url = f"sqlite:///{tmp_path / 'db.sqlite3'}"
        place_database(tmp_path)
    site = Site(tmp_path, url)
    yield site
    for process in site.processes:
        if process.poll() is None:
            process.kill()
        process.communicate()


def _spans(folder: Path) -> dict[str, list[tuple[int, int | None, int]]]:
    """Per job its attempts as (begun, ended or None, process), in order."""
    attempts = defaultdict(list)
    for begun in folder.glob("*.begun"):
        ended = begun.with_suffix(".ended")
        name, pid, *_ = begun.name.split(".")
        end = int(ended.read_text()) if ended.exists() and ended.read_text() else None
        # A process killed between making the file and writing to it leaves it empty; its name has the time.
        start = int(begun.read_text() or 0)
        attempts[name].append((start, end, int(pid)))
    return {name: sorted(spans) for name, spans in attempts.items()}


def _awaits_its_end(pid: int) -> bool:
    """Whether the process has a handler for SIGTERM by now: until then the signal kills it."""
    status = Path(f"/proc/{pid}/status").read_text()
    caught = int(status.split("SigCgt:")[1].split()[0], 16)
    return bool(caught >> (signal.SIGTERM - 1) & 1)


def test_killed_workers_lose_no_job_and_run_none_twice_at_once(site, tmp_path):
    folder = tmp_path / "spans"
    folder.mkdir()
    jobs = series(80, long=300)
    site.run("spans", str(folder), str(jobs))
    nursery = site.spawn("crew")
    assert nursery.stdout.readline() == "ready\n"

    #: Of every worker that ever was, the queue it takes; empty: all.
    kinds: dict[int, str] = {}

    def new_worker(kind: str) -> int:
        nursery.stdin.write(f"{kind}\n")
        nursery.stdin.flush()
        pid = int(nursery.stdout.readline())
        kinds[pid] = kind
        return pid

    crew = {new_worker(kind) for kind in ("default", "long", "")}
    chance = random.Random(7)
    mid_job = 0
    while mid_job < KILLS:
        time.sleep(chance.uniform(0.02, 0.3))
        busy = site.rows("SELECT worker_id FROM jobs_job WHERE state = 'running'")
        pids = sorted(crew & {int(worker_id.split(":")[1]) for (worker_id,) in busy})
        if not pids:
            if site.rows("SELECT count(*) FROM jobs_job WHERE state = 'ready'") == [(0,)]:
                # The workers were quicker than we are.
                site.run("spans", str(folder), "30", str(jobs))
                jobs += 30
            continue
        victim = chance.choice(pids)
        site.kill(victim)
        # The job may have ended between the look and the kill.
        held = f"SELECT count(*) FROM jobs_job WHERE state = 'running' AND worker_id LIKE '%:{victim}:%'"
        mid_job += site.rows(held)[0][0]
        crew = crew - {victim} | {new_worker(kinds[victim])}
    site.wait_until_done(300)

    for pid in crew:
        os.kill(pid, signal.SIGTERM)
    rows = site.rows("SELECT state, attempts, interruptions FROM jobs_job")
    assert [state for state, _, _ in rows] == ["succeeded"] * jobs
    assert all(attempts == interruptions + 1 for _, attempts, interruptions in rows), "every start is counted"
    interrupted = sum(interruptions for _, _, interruptions in rows)
    assert interrupted == mid_job
    spans = _spans(folder)
    assert len(spans) == jobs
    for name, attempts in spans.items():
        takers = {kinds[pid] for _, _, pid in attempts}
        assert takers <= {"", name.rstrip("0123456789")}, "a worker took a job of another queue"
        assert attempts[-1][1] is not None, "the last attempt ended"
        for (_, end, pid), (following, _, _) in itertools.pairwise(attempts):
            assert following > (end or site.killed_at[pid]), "two attempts ran at once"


def test_unique_keys_hold_under_racing_enqueuers(site, tmp_path):
    racers = [site.spawn("race", str(tmp_path), "8") for _ in range(3)]
    for racer in racers:
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:
        racer.stdin.write("go\n")
        racer.stdin.flush()
    found = [tuple(item) for racer in racers for item in json.loads(racer.communicate(timeout=300)[0])]
    assert len(found) == 3 * 8 * 5
    assert len(set(found)) == 3, "every enqueuer got the one job of its key"
    assert site.rows("SELECT count(*) FROM jobs_job") == [(3,)]


def test_a_schedule_fires_once_though_several_workers_look(site, tmp_path):
    folder = tmp_path / "spans"
    folder.mkdir()
    declared = json.dumps({"folder": str(folder), "name": "tick", "seconds": 0.0})
    crew = [site.worker(declared) for _ in range(3)]
    until = time.monotonic() + 300
    # The first look may come before the first second of the schedule is over.
    while len(_spans(folder).get("tick", [])) < 6 or not all(
        _awaits_its_end(process.pid) for process in crew
    ):
        assert time.monotonic() < until, "it does not fire"
        time.sleep(0.2)
    for process in crew:
        process.send_signal(signal.SIGTERM)
    for process in crew:
        assert process.wait(timeout=120) == 0
    fired = sorted(datetime.fromisoformat(str(at)) for (at,) in site.rows("SELECT enqueued_at FROM jobs_job"))
    seconds = (fired[-1] - fired[0]).total_seconds()
    assert len(fired) <= seconds + 2, "one job a second, not one per worker and second"
    assert site.rows("SELECT max(attempts) FROM jobs_job") == [(1,)]
    assert site.rows("SELECT count(*) FROM jobs_worker") == [(0,)], "a worker that stops says so"


def test_a_stopping_worker_ends_the_job_it_runs(site, tmp_path):
    folder = tmp_path / "spans"
    folder.mkdir()
    site.run("spans", str(folder), "5")
    worker = site.worker()
    while not list(folder.glob("*.begun")):
        time.sleep(0.01)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=120) == 0
    begun, ended = len(list(folder.glob("*.begun"))), len(list(folder.glob("*.ended")))
    assert begun == ended
    assert site.rows("SELECT count(*) FROM jobs_job WHERE state = 'running'") == [(0,)]
