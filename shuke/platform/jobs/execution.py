"""Running one job and writing down what came of it; the same on both backends."""

import logging
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import IntegrityError, OperationalError, close_old_connections, transaction
from django.db.models import F, Q
from django_tasks.base import Task, TaskContext
from django_tasks.signals import task_finished, task_started
from django_tasks.utils import get_module_path, normalize_json

from shuke.platform.clock import now
from shuke.platform.errors import Refused
from shuke.platform.jobs.backend import result_of, task_of
from shuke.platform.jobs.declarations import policy_of
from shuke.platform.jobs.models import CANCELLED, FAILED, READY, RUNNING, SCHEDULE_KEY, SUCCEEDED, Job
from shuke.platform.jobs.running import Cancelled, progress_writer, turn
from shuke.platform.observability.metrics import observe_job
from shuke.platform.observability.redaction import redact

log = logging.getLogger(__name__)
#: A job that killed its worker this often is not tried again.
MOST_INTERRUPTIONS = 20
PROGRESS_EVERY_SECONDS = 1.0
#: So long a job works before it is asked to let others through: much longer than it takes to begin anew.
TURN_SECONDS = 20.0
#: On SQLite each waits 30 s for the lock.
CONCLUDING_ATTEMPTS = 5


@dataclass(frozen=True)
class Outcome:
    """How an attempt ended.  ``retry_in`` is set if the job shall be tried again."""

    state: str
    return_value: Any = None
    error: BaseException | None = None
    retry_in: timedelta | None = None


def run(job: Job) -> datetime | None:
    """Run a job that this worker holds; returns when it shall be tried again, or ``None`` at its end."""
    structlog.contextvars.bind_contextvars(job_id=job.public_id, task=job.task)
    began = time.perf_counter()
    try:
        outcome = _attempt(job)
        retry_at = _conclude_patiently(job, outcome)
        seconds = time.perf_counter() - began
        observe_job(task=job.task, state="retried" if retry_at else outcome.state, seconds=seconds)
        # A schedule of every few seconds would drown the log in its successes.
        is_routine = outcome.state == SUCCEEDED and (job.unique_key or "").startswith(SCHEDULE_KEY)
        log.log(
            logging.DEBUG if is_routine else logging.INFO, "job ended", extra=_facts(outcome.state, seconds)
        )
        return retry_at
    finally:
        structlog.contextvars.unbind_contextvars("job_id", "task")


def _facts(state: str, seconds: float) -> dict[str, Any]:
    return {"state": state, "seconds": round(seconds, 3)}


def _conclude_patiently(job: Job, outcome: Outcome) -> datetime | None:
    """An outcome that cannot be written would have the whole job done again, so a lock is waited for longer."""
    for _ in range(CONCLUDING_ATTEMPTS - 1):
        try:
            return conclude(job, outcome, at=now())
        except OperationalError:
            log.warning("no lock to write an outcome", exc_info=True)
            close_old_connections()
    return conclude(job, outcome, at=now())


def conclude(job: Job, outcome: Outcome, *, at: datetime) -> datetime | None:
    """Write the outcome, unless another worker has taken the job over meanwhile."""
    held = Job.objects.filter(pk=job.pk, state=RUNNING, worker_id=job.worker_id, attempts=job.attempts)
    if outcome.retry_in is not None:
        retry_at = at + outcome.retry_in
        try:
            with transaction.atomic():
                held.update(state=READY, run_after=retry_at, lease_until=None, **_error_fields(outcome.error))
        except IntegrityError:
            # A newer job with the same key waits already, and does what this one would have done.
            held.update(state=CANCELLED, finished_at=at, lease_until=None, **_error_fields(outcome.error))
            return None
        return retry_at
    written = held.update(
        state=outcome.state,
        finished_at=at,
        lease_until=None,
        return_value=outcome.return_value,
        **_error_fields(outcome.error),
    )
    if not written:
        log.warning("job was taken over by another worker", extra={"job_id": job.public_id})
    return None


def _attempt(job: Job) -> Outcome:
    if job.is_cancel_requested:
        return Outcome(CANCELLED)
    if job.interruptions > MOST_INTERRUPTIONS:
        return Outcome(FAILED, error=RuntimeError(f"Its worker died {job.interruptions} times."))
    tokens = progress_writer.set(_progress_writer(job)), turn.set(_turn(job))
    try:
        task = task_of(job)
        value = normalize_json(_call(task, job))
    except Cancelled:
        return Outcome(CANCELLED)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a task raises is its outcome.
        return _failure(job, error)
    finally:
        progress_writer.reset(tokens[0])
        turn.reset(tokens[1])
    return Outcome(SUCCEEDED, return_value=value)


def _call(task: Task, job: Job) -> Any:
    result = result_of(job, task)
    task_started.send(Task, task_result=result)
    before = (TaskContext(task_result=result),) if task.takes_context else ()
    value = task.call(*before, *job.args, **job.kwargs)
    task_finished.send(Task, task_result=result)
    return value


def _failure(job: Job, error: BaseException) -> Outcome:
    log.error("job failed", exc_info=error, extra={"attempt": job.attempts})
    if isinstance(error, (Refused, ImportError)):
        return Outcome(FAILED, error=error)
    policy = policy_of(task_of(job))
    failures = job.attempts - job.interruptions
    if failures >= policy.max_attempts or not isinstance(error, policy.retry_on):
        return Outcome(FAILED, error=error)
    return Outcome(FAILED, error=error, retry_in=policy.wait_after(failures))


def _error_fields(error: BaseException | None) -> dict[str, str]:
    if error is None:
        return {"error_kind": "", "error_text": "", "error_trace": ""}
    # Lines of code only: the message and the values of an exception may quote a person's data.
    frames = traceback.extract_tb(error.__traceback__)
    trace = "".join(f"{frame.filename}:{frame.lineno} {frame.name}\n" for frame in frames)
    return {
        "error_kind": get_module_path(type(error))[:200],
        "error_text": redact(str(error))[:500].replace("\x00", ""),
        "error_trace": trace,
    }


def _progress_writer(job: Job) -> Callable[[int, int | None, str], None]:
    written_at = 0.0

    def write(done: int, total: int | None, label: str) -> None:
        nonlocal written_at
        moment = time.monotonic()
        if moment - written_at < PROGRESS_EVERY_SECONDS and (total is None or done < total):
            return
        written_at = moment
        held = Job.objects.filter(pk=job.pk, state=RUNNING, attempts=job.attempts)
        held.update(progress_done=done, progress_total=total, progress_label=label[:200])
        if Job.objects.filter(pk=job.pk, is_cancel_requested=True).exists():
            raise Cancelled

    return write


def _turn(job: Job) -> Callable[[], bool]:
    ask_at = time.monotonic() + TURN_SECONDS
    is_over = False

    def ask() -> bool:
        nonlocal ask_at, is_over
        moment = time.monotonic()
        if not is_over and moment >= ask_at:
            ask_at = moment + PROGRESS_EVERY_SECONDS
            waiting = Job.objects.filter(state=READY, queue=job.queue, run_after__lte=now())
            # One of the same key waits for the end of this very job, not for its worker.
            others = waiting.exclude(unique_key=job.unique_key) if job.unique_key else waiting
            is_over = others.exists()
        return is_over

    return ask


def start(public_id: str, *, worker_id: str, at: datetime) -> Job | None:
    """Note that a delivered job runs here now; ``None`` if it has ended or must not run yet.

    For a backend whose engine hands out jobs.  A row that still says ``running`` was interrupted: the
    engine delivers a job again only after its worker died.
    """
    due = Job.objects.filter(public_id=public_id).filter(Q(state=READY, run_after__lte=at) | Q(state=RUNNING))
    with transaction.atomic():
        job = due.select_for_update().first()
        if job is None:
            return None
        job.interruptions = F("interruptions") + (1 if job.state == RUNNING else 0)
        job.attempts = F("attempts") + 1
        job.state, job.worker_id, job.started_at = RUNNING, worker_id, at
        job.save(update_fields=["interruptions", "attempts", "state", "worker_id", "started_at"])
    job.refresh_from_db()
    return job
