"""Tasks that the tests of the jobs run."""

import os
import time
from pathlib import Path

from django_tasks import task

from shuke.platform.errors import Refused
from shuke.platform.jobs import LONG, has_had_its_turn, report_progress, retried

SEEN: list[str] = []


@task()
def note(text: str) -> str:
    SEEN.append(text)
    return text.upper()


@task()
@retried(max_attempts=3, backoff_seconds=5)
def fail(message: str) -> None:
    raise RuntimeError(message)


@task()
@retried(max_attempts=3)
def refuse() -> None:
    raise Refused("no", "This is not to be had.")


@task()
def count_to(total: int) -> int:
    for number in range(1, total + 1):
        report_progress(done=number, total=total, label="counting")
    return total


@task(queue_name=LONG)
def take_long() -> None:
    SEEN.append("long")


@task()
def ask_for_its_turn() -> bool:
    return has_had_its_turn()


@task()
def write_span(folder: str, name: str, seconds: float) -> None:
    """Leave a trace of when an attempt began and ended, as files."""
    stem = Path(folder) / f"{name}.{os.getpid()}.{time.time_ns()}"
    stem.with_suffix(stem.suffix + ".begun").write_text(str(time.monotonic_ns()))
    time.sleep(seconds)
    stem.with_suffix(stem.suffix + ".ended").write_text(str(time.monotonic_ns()))
