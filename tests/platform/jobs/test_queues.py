"""Long work waits for long work only; each queue has workers of its own, or one worker takes all."""

from datetime import timedelta

import pytest
from django.conf import settings as configured
from django.db import OperationalError
from django_tasks.base import Task
from django_tasks.exceptions import InvalidTaskError

from shuke.platform.clock import now
from shuke.platform.jobs import LONG, enqueue, execution, queries, sqlite, worker
from shuke.platform.jobs.declarations import schedules
from shuke.platform.jobs.models import Job, Worker
from shuke.platform.jobs.queues import DEFAULT, QUEUES, UnknownQueue, chosen_queues
from tests.platform.jobs import sample

pytestmark = pytest.mark.django_db
LEASE = timedelta(seconds=60)


@pytest.fixture
def only_sqlite(engine):
    """Where the rows are the queue; procrastinate filters by itself, see test_killed_workers.py."""
    if engine != "sqlite":
        pytest.skip("procrastinate hands out jobs here")


def _taken(*queues, worker_id="w", at=None):
    job = sqlite.claim(worker_id=worker_id, at=at or now(), lease=LEASE, queues=queues or QUEUES)
    return job and job.task.rpartition(".")[2]


def test_a_job_is_in_the_queue_of_its_task(engine):
    enqueue(sample.note, "x")
    enqueue(sample.take_long)
    enqueue(sample.note.using(queue_name=LONG), "y")
    assert list(Job.objects.order_by("id").values_list("queue", flat=True)) == [DEFAULT, LONG, LONG]
    if engine == "procrastinate":
        from procrastinate.contrib.django.models import ProcrastinateJob

        queues = ProcrastinateJob.objects.order_by("id").values_list("queue_name", flat=True)
        assert list(queues) == [DEFAULT, LONG, LONG]


def test_a_worker_takes_only_the_jobs_of_its_queues(only_sqlite):
    enqueue(sample.take_long)
    enqueue(sample.note, "x")
    assert _taken(DEFAULT) == "note"
    assert _taken(DEFAULT) is None
    assert _taken(LONG) == "take_long"


def test_a_worker_for_all_takes_whatever_comes_first(only_sqlite):
    enqueue(sample.take_long)
    enqueue(sample.note, "x")
    assert [_taken(), _taken(), _taken()] == ["take_long", "note", None]


def test_a_dead_workers_job_stays_in_its_queue(only_sqlite):
    enqueue(sample.take_long)
    at = now()
    assert _taken(LONG, at=at, worker_id="dead") == "take_long"
    later = at + LEASE + timedelta(seconds=1)
    assert _taken(DEFAULT, at=later) is None
    # With work of its own the worker does more than look.
    enqueue(sample.note, "x")
    assert [_taken(DEFAULT, at=later), _taken(DEFAULT, at=later)] == ["note", None]
    assert _taken(LONG, at=later) == "take_long"


def test_a_worker_does_not_wake_for_the_times_of_another_queue(only_sqlite):
    at = now()
    enqueue(sample.take_long, run_after=at + timedelta(hours=1))
    assert sqlite.next_run_after(at=at, queues=(DEFAULT,)) is None
    assert sqlite.next_run_after(at=at, queues=(LONG,)) == at + timedelta(hours=1)


def test_what_was_queued_before_there_were_kinds_still_runs(only_sqlite):
    """Rows of the version before are all in the default queue, whatever their task declares by now."""
    result = enqueue(sample.take_long)
    Job.objects.update(queue=DEFAULT)
    assert _taken(DEFAULT) == "take_long"
    execution.run(Job.objects.get())
    assert queries.job(result.id).state == "succeeded"


def test_a_task_for_a_queue_that_nobody_takes_is_refused(engine, settings):
    settings.TASKS = {"default": {**settings.TASKS["default"], "QUEUES": list(QUEUES)}}
    with pytest.raises(InvalidTaskError, match="reports"):
        sample.note.using(queue_name="reports").enqueue("x")
    assert Job.objects.count() == 0


def test_a_worker_is_told_of_a_queue_that_does_not_exist():
    assert chosen_queues([]) == QUEUES
    assert chosen_queues([LONG]) == (LONG,)
    with pytest.raises(UnknownQueue, match="'large'; there are default, long"):
        chosen_queues(["large"])


def test_settings_and_workers_know_the_same_queues():
    """The settings of the product, which tests override, cannot import them."""
    text = (configured.PACKAGE / "config/settings.py").read_text()
    assert f'"QUEUES": ["{DEFAULT}", "{LONG}"]' in text


def test_every_task_is_in_a_queue_that_exists_and_minutes_are_long():
    declared = {item.task.module_path: item.task.queue_name for item in schedules()}
    assert set(declared.values()) <= set(QUEUES)
    assert declared["shuke.apps.campaigns.tasks.carry_on_all"] == DEFAULT
    from shuke.apps.connections.tasks import run_small_import, start_syncs, synchronise
    from shuke.apps.insights.tasks import build_traits_of_yesterday, make_study
    from shuke.apps.recommendations.tasks.bundles import fit_bundle_of_yesterday
    from shuke.apps.recommendations.tasks.evaluations import evaluate_history

    long: list[Task] = [
        synchronise,
        build_traits_of_yesterday,
        make_study,
        fit_bundle_of_yesterday,
        evaluate_history,
    ]
    assert {task.queue_name for task in long} == {LONG}
    assert {start_syncs.queue_name, run_small_import.queue_name} == {DEFAULT}


def test_a_job_lets_others_through_only_after_its_turn_and_only_if_they_wait(engine, monkeypatch):
    monkeypatch.setattr(execution, "TURN_SECONDS", 0.0)
    monkeypatch.setattr(execution, "PROGRESS_EVERY_SECONDS", 0.0)
    enqueue(sample.take_long)
    mine = execution.start(enqueue(sample.ask_for_its_turn, unique_key="k").id, worker_id="w", at=now())
    execution.run(mine)
    assert queries.job(mine.public_id).state == "succeeded"
    assert Job.objects.get(pk=mine.pk).return_value is False, "long work does not wait for this worker"
    enqueue(sample.note, "waits")
    again = execution.start(enqueue(sample.ask_for_its_turn, unique_key="k").id, worker_id="w", at=now())
    enqueue(sample.ask_for_its_turn, unique_key="k")
    execution.run(again)
    assert Job.objects.get(pk=again.pk).return_value is True
    monkeypatch.setattr(execution, "TURN_SECONDS", 60.0)
    third = execution.start(Job.objects.get(unique_key="k", state="ready").public_id, worker_id="w", at=now())
    execution.run(third)
    assert Job.objects.get(pk=third.pk).return_value is False, "its turn has only begun"


def test_one_of_the_same_key_is_no_reason_to_stop(engine, monkeypatch):
    monkeypatch.setattr(execution, "TURN_SECONDS", 0.0)
    mine = execution.start(enqueue(sample.ask_for_its_turn, unique_key="k").id, worker_id="w", at=now())
    enqueue(sample.ask_for_its_turn, unique_key="k")
    execution.run(mine)
    assert Job.objects.get(pk=mine.pk).return_value is False


def test_a_locked_database_ends_no_worker_and_loses_no_outcome(only_sqlite, monkeypatch):
    enqueue(sample.note, "x")
    real, refusals = sqlite.claim, [OperationalError("database is locked")]

    def locked_once(**how):
        if refusals:
            raise refusals.pop()
        return real(**how)

    monkeypatch.setattr(sqlite, "claim", locked_once)
    assert worker._claim(worker_id="w", queues=QUEUES, lease=LEASE) is None
    job = worker._claim(worker_id="w", queues=QUEUES, lease=LEASE)
    concluding, troubles = execution.conclude, [OperationalError("database is locked")] * 2

    def conclude(*what, **how):
        if troubles:
            raise troubles.pop()
        return concluding(*what, **how)

    monkeypatch.setattr(execution, "conclude", conclude)
    execution.run(job)
    assert queries.job(job.public_id).state == "succeeded"


def test_what_waits_is_shown_in_its_turn_with_who_takes_it(engine):
    at = now()
    Worker.objects.create(worker_id="shop:7-1:ab", queues="default", started_at=at, beat_at=at)
    enqueue(sample.take_long)
    first = enqueue(sample.note, "a", unique_key="k")
    urgent = enqueue(sample.note.using(priority=50), "b")
    enqueue(sample.note, "tomorrow", run_after=at + timedelta(days=1))
    execution.start(first.id, worker_id="shop:7-1:ab", at=now())
    behind = enqueue(sample.note, "c", unique_key="k")
    quick, long = queries.queue_views(at=now())
    assert [view.id for view in quick.running] == [first.id]
    assert quick.running[0].worker == "shop · 7-1"
    assert [(view.id, view.waits_for_its_like) for view in quick.next_up] == [
        (urgent.id, False),
        (behind.id, True),
    ]
    assert (quick.waiting, quick.later, [w.name for w in quick.workers]) == (2, 1, ["shop · 7-1"])
    assert (len(long.next_up), long.workers) == (1, [])


def test_a_worker_of_the_version_before_takes_all():
    at = now()
    Worker.objects.create(worker_id="old", started_at=at, beat_at=at)
    assert [worker.queues for worker in queries.workers(at=at)] == [list(QUEUES)]
