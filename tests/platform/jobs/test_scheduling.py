"""Schedules: read in the retailer's zone, fired once."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import close_old_connections, connection

from shuke.platform.jobs import declarations, schedule
from shuke.platform.jobs.models import Job, ScheduleTime
from shuke.platform.jobs.queries import schedule_views
from shuke.platform.jobs.scheduling import fire_due
from tests.platform.jobs import sample

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def only(monkeypatch):
    """Declare schedules into an empty register."""
    monkeypatch.setattr(declarations, "_schedules", {})
    monkeypatch.setattr(declarations, "autodiscover_modules", lambda _: None)
    return schedule


def test_a_cron_rule_is_read_in_the_retailers_zone(only):
    nightly = only("nightly", sample.note, cron="30 2 * * *", kwargs={"text": "n"})
    assert nightly.next_after(AT, "Asia/Shanghai") == datetime(2026, 3, 1, 18, 30, tzinfo=UTC)
    assert nightly.next_after(AT, "UTC") == datetime(2026, 3, 2, 2, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "rule", [{}, {"cron": "never"}, {"every_seconds": 0.1}, {"cron": "* * * * *", "every_seconds": 5}]
)
def test_a_rule_that_cannot_be_read_is_refused_at_declaration(only, rule):
    with pytest.raises(ValueError, match="Schedule 'bad'"):
        only("bad", sample.note, **rule)


def test_a_name_belongs_to_one_task(only):
    only("mine", sample.note, every_seconds=5)
    with pytest.raises(ValueError, match="already runs"):
        only("mine", sample.fail, every_seconds=5)


@pytest.mark.django_db
def test_a_schedule_fires_when_due_and_missed_times_only_once(only, engine):
    only("often", sample.note, every_seconds=10, kwargs={"text": "o"})
    assert fire_due(at=AT) == 0
    assert fire_due(at=AT) == 1
    assert fire_due(at=AT + timedelta(seconds=9)) == 0
    Job.objects.update(state="succeeded")
    assert fire_due(at=AT + timedelta(hours=5)) == 1
    assert fire_due(at=AT + timedelta(hours=5, seconds=9)) == 0
    assert schedule_views()[0].next_at == AT + timedelta(hours=5, seconds=10)


@pytest.mark.django_db
def test_a_job_that_still_waits_is_not_queued_a_second_time(only, engine):
    only("often", sample.note, every_seconds=10, kwargs={"text": "o"})
    for minute in range(5):
        fire_due(at=AT + timedelta(minutes=minute))
    assert Job.objects.count() == 1


@pytest.mark.django_db
def test_a_changed_rule_takes_effect(only, engine):
    only("nightly", sample.note, cron="30 2 * * *", kwargs={"text": "n"})
    fire_due(at=AT)
    only("nightly", sample.note, cron="30 3 * * *", kwargs={"text": "n"})
    fire_due(at=AT)
    assert ScheduleTime.objects.get().next_at.minute == 30
    assert ScheduleTime.objects.get().rule == "cron 30 3 * * *"


@pytest.mark.django_db(transaction=True)
def test_of_many_processes_that_look_at_once_one_fires(only, engine):
    if connection.vendor == "sqlite":
        pytest.skip("threads share one in-memory database; test_killed_workers.py does this with processes")
    only("often", sample.note, every_seconds=10, kwargs={"text": "o"})
    fire_due(at=AT)
    fired, barrier = [], threading.Barrier(8)

    def look():
        barrier.wait()
        fired.append(fire_due(at=AT + timedelta(seconds=1)))
        connection.close()

    threads = [threading.Thread(target=look) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    close_old_connections()
    assert sum(fired) == 1
    assert Job.objects.count() == 1
