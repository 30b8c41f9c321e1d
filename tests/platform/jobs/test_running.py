"""A job from its queuing to its outcome, on the engine of this run's database."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django_tasks import TaskResultStatus

from shuke.platform.clock import now
from shuke.platform.errors import NotFound, Refused
from shuke.platform.jobs import enqueue, execution, operations, queries, sqlite
from shuke.platform.jobs.models import Job, Worker
from shuke.platform.jobs.worker import release_jobs
from shuke.platform.permissions import SYSTEM
from tests.platform.jobs import sample

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_seen():
    sample.SEEN.clear()


def test_a_job_runs_and_its_value_is_kept(run_next):
    result = enqueue(sample.note, "hello")
    assert result.status == TaskResultStatus.READY
    assert sample.SEEN == []
    run_next()
    result.refresh()
    assert (result.status, result.return_value, result.attempts) == (TaskResultStatus.SUCCESSFUL, "HELLO", 1)
    assert sample.SEEN == ["hello"]
    assert run_next() is None


def test_the_tasks_api_itself_queues_too(run_next):
    result = sample.note.enqueue(text="direct")
    run_next()
    assert sample.note.get_result(result.id).return_value == "DIRECT"


@pytest.mark.django_db(transaction=True)
def test_a_rolled_back_transaction_takes_its_job_along(engine):
    def queue_and_fail() -> None:
        with transaction.atomic():
            enqueue(sample.note, "never")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        queue_and_fail()
    assert Job.objects.count() == 0
    if engine == "procrastinate":
        from procrastinate.contrib.django.models import ProcrastinateJob

        assert ProcrastinateJob.objects.count() == 0


def test_failures_are_tried_again_with_doubled_waits_and_then_end(run_next):
    enqueue(sample.fail, "no luck")
    begun = now()
    first = run_next()
    assert first.state == "ready"
    assert first.run_after >= begun + timedelta(seconds=5)
    assert run_next() is None, "it must wait"
    second = run_next(at=first.run_after)
    assert second.run_after >= begun + timedelta(seconds=10)
    third = run_next(at=second.run_after)
    assert (third.state, third.attempts, third.error_kind) == ("failed", 3, "builtins.RuntimeError")
    assert run_next(at=now() + timedelta(days=1)) is None


def test_a_refusal_is_final(run_next):
    enqueue(sample.refuse)
    assert run_next().state == "failed"


def test_an_error_is_kept_without_the_person_it_quotes(run_next):
    enqueue(sample.fail, "cannot reach zhang.wei@example.com at 13800138000")
    job = run_next()
    view = queries.job(job.public_id)
    assert view.error == "cannot reach [redacted] at [redacted]"
    assert "example.com" not in job.error_trace
    assert "sample.py" in job.error_trace


def test_higher_priority_first_then_the_order_of_queuing(run_next):
    for text, priority in [("b", 0), ("c", 0), ("a", 50)]:
        enqueue(sample.note.using(priority=priority), text)
    while run_next():
        pass
    assert sample.SEEN == ["a", "b", "c"]


def test_run_after_is_waited_for(run_next):
    later = now() + timedelta(hours=1)
    enqueue(sample.note, "later", run_after=later)
    assert run_next() is None
    assert run_next(at=later).state == "succeeded"


def test_one_job_waits_per_unique_key_and_a_new_one_once_it_runs(run_next):
    first = enqueue(sample.note, "x", unique_key="k")
    assert enqueue(sample.note, "y", unique_key="k").id == first.id
    assert enqueue(sample.note, "z", unique_key="other").id != first.id
    Job.objects.filter(public_id=first.id).update(state="running", worker_id="w", attempts=1)
    assert enqueue(sample.note, "y", unique_key="k").id != first.id


def test_a_failed_job_gives_way_to_the_newer_one_of_its_key(engine):
    first = enqueue(sample.fail, "x", unique_key="k")
    job = execution.start(first.id, worker_id="w", at=now())
    enqueue(sample.fail, "x", unique_key="k")
    assert execution.run(job) is None
    job.refresh_from_db()
    assert job.state == "cancelled"
    assert Job.objects.get(state="ready").unique_key == "k"


def test_progress_can_be_read(run_next):
    enqueue(sample.count_to, 3, unique_key="count")
    run_next()
    view = queries.job_of_key("count")
    assert (view.progress_done, view.progress_total, view.progress_label) == (3, 3, "counting")
    assert view.progress_percent == 100


def test_a_running_job_stops_at_its_next_report_once_cancelled(engine):
    result = enqueue(sample.count_to, 5)
    job = execution.start(result.id, worker_id="w", at=now())
    operations.cancel_job(actor=SYSTEM, at=now(), job_id=result.id)
    execution.run(job)
    assert queries.job(result.id).state == "cancelled"


def test_a_waiting_job_is_cancelled_and_can_be_run_again(run_next):
    result = enqueue(sample.note, "again")
    operations.cancel_job(actor=SYSTEM, at=now(), job_id=result.id)
    assert run_next() is None
    with pytest.raises(Refused):
        operations.cancel_job(actor=SYSTEM, at=now(), job_id=result.id)
    operations.retry_job(actor=SYSTEM, at=now(), job_id=result.id)
    assert run_next().state == "succeeded"
    with pytest.raises(Refused):
        operations.retry_job(actor=SYSTEM, at=now(), job_id=result.id)
    with pytest.raises(NotFound):
        operations.retry_job(actor=SYSTEM, at=now(), job_id="job_none")


def test_a_worker_that_lost_its_job_cannot_write_its_outcome(engine):
    result = enqueue(sample.note, "twice")
    slow = execution.start(result.id, worker_id="slow", at=now())
    taken_over = execution.start(result.id, worker_id="quick", at=now())
    assert (taken_over.attempts, taken_over.interruptions) == (2, 1)
    execution.conclude(slow, execution.Outcome("failed", error=RuntimeError("late")), at=now())
    assert queries.job(result.id).state == "running"
    execution.run(taken_over)
    assert queries.job(result.id).state == "succeeded"


def test_a_job_that_keeps_killing_its_worker_ends(run_next):
    result = enqueue(sample.note, "deadly")
    Job.objects.filter(public_id=result.id).update(interruptions=execution.MOST_INTERRUPTIONS + 1)
    assert run_next().state == "failed"
    assert sample.SEEN == []


def test_a_vanished_task_fails_its_jobs_and_nothing_else(run_next):
    enqueue(sample.note, "x")
    Job.objects.update(task="shuke.no.such.task")
    assert run_next().state == "failed"


def test_counts_pages_and_pruning(run_next):
    enqueue(sample.note, "a")
    enqueue(sample.note, "b")
    run_next()
    assert queries.job_counts() == {"ready": 1, "running": 0, "succeeded": 1, "failed": 0, "cancelled": 0}
    page = queries.jobs_page(state="succeeded", limit=1)
    assert (page.total, len(page.items)) == (1, 1)
    assert operations.prune_jobs(before=now() - timedelta(days=14)) == 0
    assert operations.prune_jobs(before=now() + timedelta(seconds=1)) == 1


def test_only_workers_heard_of_lately_count():
    at = now()
    Worker.objects.create(worker_id="old", started_at=at, beat_at=at - timedelta(minutes=5))
    Worker.objects.create(worker_id="young", started_at=at, beat_at=at)
    assert [worker.id for worker in queries.workers(at=at)] == ["young"]


def test_a_worker_that_is_started_again_gives_back_what_it_held(run_next, engine):
    result = enqueue(sample.note, "held")
    if engine == "sqlite":
        sqlite.claim(worker_id="mine", at=now(), lease=timedelta(hours=1))
        assert run_next() is None
        assert release_jobs(worker_id="another") == 0
        assert release_jobs(worker_id="mine") == 1
        assert run_next().interruptions == 1
        return
    from procrastinate.contrib.django.models import ProcrastinateJob

    execution.start(result.id, worker_id="mine", at=now())
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET status = 'doing'")
    assert release_jobs(worker_id="another") == 0
    assert release_jobs(worker_id="mine") == 1
    assert ProcrastinateJob.objects.get().status == "todo"
