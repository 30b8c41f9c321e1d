"""Messages of shops: genuine ones are pulled once, all others change nothing."""

import json
from datetime import timedelta

import pytest

from shuke.apps.connections.models import Connection, SyncRun, WebhookDelivery
from shuke.apps.connections.operations import pause_connection, resume_connection, run_sync
from shuke.apps.connections.operations.webhooks import MOST_BYTES, delete_old_runs, forget_deliveries
from shuke.platform.clock import now
from shuke.platform.permissions import SYSTEM
from shuke.platform.privacy import Trace, Traced
from tests.apps.connections.sync_shop import signature
from tests.apps.connections.test_syncing import account, line, rows_of, server, shelf, village

__all__ = ["account", "server", "shelf", "village"]


@pytest.fixture
def post(client, village):
    """Sends a message as the shop does; what is given changes the envelope."""

    def send(body, *, stamp=None, **changed):
        when = str(int(now().timestamp()) if stamp is None else stamp)
        headers = {"HTTP_X_ID": "d1", "HTTP_X_TIME": when, "HTTP_X_SIGN": signature(body, when)} | changed
        headers = {name: value for name, value in headers.items() if value is not None}
        path = "/" + village.webhook_url.split("/", 3)[3]
        return client.post(path, data=body, content_type="application/json", **headers)

    return send


def news(number="A", stream="orders"):
    return json.dumps({"stream": stream, "id": number}).encode()


def run_what_waits():
    for run in SyncRun.objects.filter(state="queued"):
        assert run_sync(at=now(), run_id=run.public_id).state == "done"


def test_a_genuine_message_has_its_record_pulled_once(post, shelf):
    shelf.put("orders", "A", [line()], updated=1)
    shelf.put("orders", "B", [line("B")], updated=1)
    first = post(news())
    assert (first.status_code, first.json()) == (202, {"result": "accepted"})
    assert bytes(WebhookDelivery.objects.get().record) not in {b"", b"A"}
    run_what_waits()
    assert rows_of("orders").height == 1
    assert bytes(WebhookDelivery.objects.get().record) == b""
    again = post(news())
    assert (again.status_code, again.json(), SyncRun.objects.count()) == (200, {"result": "repeated"}, 1)


def test_one_delivery_id_with_two_bodies_is_two_messages(post, shelf):
    shelf.put("orders", "A", [line()], updated=1)
    shelf.put("orders", "B", [line("B")], updated=1)
    assert [post(news(number)).json()["result"] for number in "ABA"] == ["accepted", "accepted", "repeated"]
    assert SyncRun.objects.count() == 1
    run_what_waits()
    assert rows_of("orders").height == 2


def test_an_unsigned_first_ping_is_answered_and_changes_nothing(post):
    answer = post(b"ping", HTTP_X_SIGN=None)
    assert (answer.status_code, answer.json()) == (200, {"result": "ping"})
    assert (WebhookDelivery.objects.count(), SyncRun.objects.count()) == (0, 0)


@pytest.mark.parametrize(
    "changed",
    [
        {"HTTP_X_SIGN": None},
        {"HTTP_X_SIGN": "0" * 64},
        {"HTTP_X_SIGN": signature(news(), "0", secret="none")},
        {"stamp": 1_000_000_000},
    ],
    ids=["unsigned", "wrong", "empty secret", "replayed after a long time"],
)
def test_forged_and_old_messages_change_nothing_but_a_count(post, changed):
    assert post(news(), **changed).status_code == 401
    assert (WebhookDelivery.objects.count(), SyncRun.objects.count()) == (0, 0)
    assert Connection.objects.get().forged_webhooks == 1


def test_a_signature_of_another_body_or_connection_does_not_do(post):
    when = str(int(now().timestamp()))
    assert post(news("B"), HTTP_X_SIGN=signature(news("A"), when), stamp=int(when)).status_code == 401
    assert (
        post(news(), HTTP_X_SIGN=signature(news(), when, secret="another"), stamp=int(when)).status_code
        == 401
    )


def test_unknown_addresses_large_bodies_and_other_methods_are_refused(post, client, village):
    assert (
        client.post("/webhooks/whk_0000000000000000/", data=b"x", content_type="text/plain").status_code
        == 404
    )
    assert post(b"x" * (MOST_BYTES + 1)).status_code == 413
    assert client.get("/" + village.webhook_url.split("/", 3)[3]).status_code == 405
    assert WebhookDelivery.objects.count() == 0


def test_a_paused_connection_notes_messages_and_pulls_them_when_it_goes_on(post, shelf, village):
    shelf.put("orders", "A", [line()], updated=1)
    pause_connection(actor=SYSTEM, at=now(), connection_id=village.id)
    assert post(news()).status_code == 202
    assert SyncRun.objects.count() == 0
    resume_connection(actor=SYSTEM, at=now(), connection_id=village.id)
    assert post(news("A", "members")).status_code == 202
    run_what_waits()
    assert rows_of("orders").height == 1
    assert WebhookDelivery.objects.filter(pulled_at=None).count() == 0


def test_a_record_that_is_gone_brings_nothing(post):
    assert post(news("gone")).status_code == 202
    run_what_waits()
    assert rows_of("orders").height == 0


def test_erased_people_are_forgotten_in_messages_that_wait(post):
    post(news("C7", "members"))
    post(news("C8", "members"))
    trace = Trace("mem_1", (Traced("external", "C7"),))
    assert forget_deliveries([trace]) == 1
    assert sum(bytes(row.record) == b"" for row in WebhookDelivery.objects.all()) == 1
    assert forget_deliveries([trace]) == 0


def test_old_messages_and_runs_are_forgotten(post):
    post(news("gone"))
    run_what_waits()
    assert delete_old_runs(at=now() + timedelta(days=29)) == 0
    assert delete_old_runs(at=now() + timedelta(days=31)) == 1
    assert delete_old_runs(at=now() + timedelta(days=91)) >= 1
    assert SyncRun.objects.count() == 0
