"""Background work can be seen, tried again and stopped."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils.translation import override

from shuke.platform.audit.models import AuditEntry
from shuke.platform.jobs.declarations import schedules
from shuke.platform.jobs.models import SCHEDULE_KEY, Job
from shuke.platform.outbox.models import OutboxRow
from shuke.platform.outbox.operations import record
from shuke.web.labels import label_of
from shuke.web.pages.job_words import rule_words

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
PRUNE = "shuke.platform.jobs.tasks.prune"


def job(public_id: str, state: str, **values: object) -> Job:
    ended = None if state in {"ready", "running"} else AT
    return Job.objects.create(
        public_id=public_id,
        task=PRUNE,
        state=state,
        enqueued_at=AT,
        run_after=AT,
        finished_at=ended,
        **values,
    )


@pytest.fixture
def administrator(client_of, lake_home):
    return client_of("administrator")


def test_failed_work_is_shown_with_its_reason_and_can_be_tried_again(administrator):
    job("job_f", "failed", error_kind="OSError", error_text="No space left on device", attempts=3)
    page = administrator.get("/settings/jobs/?state=failed").text
    assert "No space left on device" in page
    assert "Clear away old jobs" in page or "清理旧任务" in page
    assert administrator.post("/settings/jobs/job_f/retry/").status_code == 302
    assert Job.objects.get(public_id="job_f").state in {"ready", "running", "succeeded"}
    assert AuditEntry.objects.filter(verb="job.retried", subject_id="job_f").exists()


def test_a_waiting_job_can_be_stopped_and_an_ended_one_cannot(administrator):
    job("job_w", "ready")
    job("job_d", "succeeded")
    administrator.post("/settings/jobs/job_w/cancel/")
    administrator.post("/settings/jobs/job_d/cancel/")
    assert Job.objects.get(public_id="job_w").state == "cancelled"
    assert Job.objects.get(public_id="job_d").state == "succeeded"


def test_a_running_job_shows_how_far_it_is(administrator):
    job("job_r", "running", progress_done=3, progress_total=4, started_at=AT - timedelta(minutes=1))
    assert 'value="75"' in administrator.get("/settings/jobs/").text


def test_each_queue_shows_what_runs_what_waits_and_who_takes_it(administrator):
    job("job_r", "running", queue="long", worker_id="shop:7-2:ab", started_at=AT)
    job("job_w", "ready", queue="long")
    page = administrator.get("/settings/jobs/")
    quick, long = page.context["queues"]
    assert ([j.id for j in long.running], [j.id for j in long.next_up]) == (["job_r"], ["job_w"])
    assert (quick.running, quick.next_up) == ([], [])
    assert page.text.count("shop · 7-2") == 2, "at the queue and in the list"
    # Nobody takes either kind here, and the page says which command would.
    assert "shuke worker --queue long" in page.text


def test_routine_that_went_well_is_shown_only_if_asked_for(administrator):
    job("job_s", "succeeded", unique_key=f"{SCHEDULE_KEY}jobs: prune")
    job("job_h", "succeeded", unique_key=None)
    shown = {
        state: administrator.get(f"/settings/jobs/?state={state}").context["jobs"]
        for state in ("", "succeeded")
    }
    assert [j.id for j in shown[""]] == ["job_h"]
    assert {j.id for j in shown["succeeded"]} == {"job_h", "job_s"}


def test_facts_that_were_set_aside_are_shown_and_sent_again(administrator):
    record("identity_map", [{"person_key": "per_1", "member_id": "mem", "kind": "email", "valid_from": AT}])
    OutboxRow.objects.update(fault="draw: is missing")
    assert "draw: is missing" in administrator.get("/settings/jobs/").text
    administrator.post("/settings/jobs/facts/retry/")
    assert not OutboxRow.objects.exclude(fault="").exists()
    assert AuditEntry.objects.get(verb="outbox.retried").changes == {"rows": [0, 1]}


@pytest.mark.parametrize("address", ["job_f/retry/", "job_f/cancel/", "facts/retry/"])
def test_only_administrators_change_background_work(client_of, address):
    job("job_f", "failed")
    assert client_of("analyst").post(f"/settings/jobs/{address}").status_code == 403
    assert Job.objects.get(public_id="job_f").state == "failed"


def test_a_job_that_was_cleared_away_is_told_of(administrator):
    answer = administrator.post("/settings/jobs/job_none/retry/", follow=True)
    assert "There is no such job." in answer.text or "没有这个任务" in answer.text


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("cron 5 2 * * *", "Every day at 02:05"),
        ("cron 17 * * * *", "Every hour, 17 minutes past"),
        ("cron 30 5 1 * *", "On day 1 of every month at 05:30"),
        ("every 3 s", "Every 3 seconds"),
        ("every 60 s", "Every minute"),
        ("every 900 s", "Every 15 minutes"),
        ("cron 0 8 * * 1", "cron 0 8 * * 1"),
    ],
)
def test_a_rule_is_told_in_words(rule, words):
    with override("en"):
        assert rule_words(rule) == words


def test_work_that_starts_by_itself_has_words():
    wordless = [
        s.task.module_path for s in schedules() if label_of("task", s.task.module_path) == s.task.module_path
    ]
    assert wordless == []
