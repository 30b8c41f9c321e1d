"""Health and metrics as a supervisor sees them."""

from datetime import timedelta

import pytest
from django.test import Client

from shuke.platform.clock import now
from shuke.platform.jobs.models import Job, Worker
from shuke.platform.outbox.models import OutboxRow

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_lake(lake_home):
    """An empty lake."""


def _checks(response):
    return {check["name"]: check for check in response.json()["checks"]}


def test_alive_needs_nothing(client):
    response = client.get("/health/live")
    assert (response.status_code, response.content) == (200, b"ok\n")


def test_ready_and_degraded_without_workers(client):
    response = client.get("/health/ready")
    assert response.status_code == 200
    assert response.json()["status"] == "degraded"
    assert _checks(response)["database"]["is_ok"]
    assert _checks(response)["lake"]["detail"] == "empty"
    assert not _checks(response)["workers"]["is_ok"]


def test_ready_with_a_worker(client):
    Worker.objects.create(worker_id="w", started_at=now(), beat_at=now() - timedelta(seconds=5))
    assert client.get("/health/ready").json()["status"] == "ok"


def test_a_lagging_or_faulty_outbox_shows(client):
    row = OutboxRow.objects.create(table="orders", payload=[])
    OutboxRow.objects.filter(pk=row.pk).update(recorded_at=now() - timedelta(minutes=6))
    assert not _checks(client.get("/health/ready"))["outbox"]["is_ok"]
    OutboxRow.objects.filter(pk=row.pk).update(relayed_at=now())
    assert _checks(client.get("/health/ready"))["outbox"]["is_ok"]
    OutboxRow.objects.create(table="orders", payload=[], fault="does not fit")
    assert not _checks(client.get("/health/ready"))["outbox"]["is_ok"]


def test_an_unreadable_lake_is_not_ready(client, settings, tmp_path):
    orders = tmp_path / "lake2" / "orders" / "_delta_log"
    orders.mkdir(parents=True)
    (orders / "00000000000000000000.json").write_text("{broken")
    settings.LAKE_ROOT = str(tmp_path / "lake2")
    assert client.get("/health/ready").status_code == 503


def test_metrics_tell_of_requests_jobs_and_outbox(client):
    client.get("/health/live")
    Job.objects.create(task="t", enqueued_at=now(), run_after=now())
    OutboxRow.objects.create(table="orders", payload=[])
    text = client.get("/metrics").content.decode()
    assert 'shuke_jobs{state="ready"} 1.0' in text
    assert "shuke_workers 0.0" in text
    assert "shuke_outbox_lag_seconds" in text
    assert 'shuke_request_seconds_count{method="GET",route="health:live",status="2xx"}' in text


def test_labels_hold_route_names_and_never_paths(client):
    client.get("/members/mem_secretperson00000?q=zhang.wei@example.com")
    client.get("/nothing/here/13800138000")
    text = client.get("/metrics").content.decode()
    assert "secretperson" not in text
    assert "zhang" not in text
    assert "13800138000" not in text
    assert 'route="unknown"' in text


@pytest.mark.parametrize(
    "headers",
    [
        {"REMOTE_ADDR": "203.0.113.9"},
        {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "203.0.113.9"},
        {"REMOTE_ADDR": "203.0.113.9", "HTTP_AUTHORIZATION": "Bearer wrong"},
        {"REMOTE_ADDR": ""},
    ],
)
def test_metrics_are_closed_to_others_and_readiness_tells_them_no_details(settings, headers):
    settings.METRICS_TOKEN = "right-token"
    assert Client(**headers).get("/metrics").status_code == 403
    assert set(Client(**headers).get("/health/ready").json()) == {"status"}


def test_without_a_configured_token_no_token_opens(settings):
    settings.METRICS_TOKEN = ""
    assert Client(REMOTE_ADDR="203.0.113.9", HTTP_AUTHORIZATION="Bearer ").get("/metrics").status_code == 403


def test_the_token_opens_from_anywhere(settings):
    settings.METRICS_TOKEN = "right-token"
    client = Client(REMOTE_ADDR="203.0.113.9", HTTP_AUTHORIZATION="Bearer right-token")
    assert client.get("/metrics").status_code == 200


def test_each_answer_has_a_request_id_and_a_well_formed_one_is_kept(client):
    assert len(client.get("/health/live")["X-Request-Id"]) == 16
    assert (
        client.get("/health/live", headers={"X-Request-Id": "from-the-proxy-1"})["X-Request-Id"]
        == "from-the-proxy-1"
    )
    assert client.get("/health/live", headers={"X-Request-Id": "bad id\n"})["X-Request-Id"] != "bad id\n"


def test_the_log_has_the_route_and_not_the_query(client, caplog):
    with caplog.at_level("INFO", logger="shuke.request"):
        client.get("/sign-in/?next=zhang.wei@example.com")
    record = next(r for r in caplog.records if r.name == "shuke.request")
    assert record.status in {200, 404}
    assert "zhang" not in str(vars(record))
