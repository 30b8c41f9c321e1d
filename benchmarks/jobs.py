"""How many jobs a second, and how long from queuing to done, on either engine.

    python benchmarks/jobs.py sqlite
    python benchmarks/jobs.py postgresql      # starts a server of its own, with fsync on

Queues ``--jobs`` empty jobs and lets ``--workers`` processes work them off; then queues one at a time to an
idle worker and measures until it is noted as done.
"""

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))


def _environment(engine: str, home: Path) -> dict[str, str]:
    environment = os.environ | {"SHUKE_HOME": str(home), "SHUKE_LOG_LEVEL": "ERROR"}
    if engine == "postgresql":
        from tests import postgresql

        postgresql.FAST.update(postgresql.SERVICE)
        server = postgresql.start_postgresql()
        import atexit

        atexit.register(server.stop)
        environment["SHUKE_DATABASE_URL"] = server.create_database()
    return environment


def _set_up(environment: dict[str, str]) -> None:
    os.environ.update(environment)
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.platform.jobs.settings"
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


def _start_workers(count: int, environment: dict[str, str]) -> list[subprocess.Popen]:
    command = [sys.executable, "-m", "tests.platform.jobs.process", "work"]
    workers = [
        subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE) for _ in range(count)
    ]
    for worker in workers:
        worker.stdout.readline()
    return workers


def _wait_for(count: int, state: str, pause: float) -> None:
    from shuke.platform.jobs.models import Job

    while Job.objects.filter(state=state).count() < count:
        time.sleep(pause)


def measure(engine: str, *, jobs: int, workers: int, singles: int, home: Path) -> dict[str, object]:
    environment = _environment(engine, home)
    _set_up(environment)
    from shuke.platform.jobs import enqueue
    from shuke.platform.jobs.models import Job
    from tests.platform.jobs import sample

    began = time.perf_counter()
    for _ in range(jobs):
        enqueue(sample.note, "x")
    queuing = time.perf_counter() - began
    crew = _start_workers(workers, environment)
    # Start-up is not part of it: the clock runs from the first start of a job to the last end.
    _wait_for(jobs, "succeeded", 0.2)
    times = Job.objects.order_by("started_at").values_list("started_at", "finished_at")
    span = (max(end for _, end in times) - times[0][0]).total_seconds()
    latencies = []
    for _ in range(singles):
        time.sleep(0.1)
        result = enqueue(sample.note, "y")
        while not (job := Job.objects.get(public_id=result.id)).finished_at:
            time.sleep(0.002)
        latencies.append((job.finished_at - job.enqueued_at).total_seconds() * 1000)
    for worker in crew:
        worker.send_signal(signal.SIGTERM)
    for worker in crew:
        worker.wait()
    return {
        "engine": engine,
        "workers": workers,
        "queued_per_second": round(jobs / queuing),
        "done_per_second": round(jobs / span),
        "latency_ms_median": round(statistics.median(latencies), 1),
        "latency_ms_p95": round(statistics.quantiles(latencies, n=20)[-1], 1),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("engine", choices=["sqlite", "postgresql"])
    parser.add_argument("--jobs", type=int, default=2000)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--singles", type=int, default=40)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="shuke-bench-") as folder:
        print(json.dumps(measure(
            options.engine, jobs=options.jobs, workers=options.workers, singles=options.singles, home=Path(folder)
        )))  # fmt: skip
