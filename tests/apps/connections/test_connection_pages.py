"""Pages and API of connections: what they show, to whom, and that secrets stay where they are."""

import json

import pytest

from shuke.apps.connections.models import Connection, SyncRun
from shuke.apps.connections.operations import run_sync
from shuke.platform.accounts.models import User
from shuke.platform.accounts.operations import issue_token
from shuke.platform.clock import now
from shuke.platform.permissions import PERMISSIONS, SYSTEM
from tests.apps.connections.sync_shop import KEY, SECRET
from tests.apps.connections.test_syncing import account, line, server, shelf, village

# What pages ask runs on PostgreSQL in tests/security/test_doors.py and tests/test_api_schema.py; texts are the same.
pytestmark = pytest.mark.once

__all__ = ["account", "server", "shelf", "village"]
FORM = {
    "account": "__new__",
    "new_account": "The village",
    "sales_channel": "web",
    "secret_key": KEY,
    "secret_webhook_secret": SECRET,
    "every_minutes": "30",
    "requests_per_second": "",
    "rescan_days": "30",
    "listing_days": "7",
}


def signed_in(client, role):
    client.force_login(User.objects.create(username=f"one-{role}", role=role, created_at=now()))
    return client


@pytest.fixture
def administrator(client, account):
    return signed_in(client, "administrator")


def test_a_shop_is_tried_connected_and_synchronised_in_the_console(administrator, shelf):
    shelf.put("orders", "A", [line(), line(place=2, paid="oops")], updated=1)
    empty = administrator.get("/connections/")
    assert "No shop is connected yet" in empty.content.decode()
    form = FORM | {"setting_address": shelf.address}
    refused = administrator.post("/connections/new/village/", form | {"secret_key": "wrong", "test": "1"})
    assert refused.status_code == 422
    assert "refused the credentials" in refused.content.decode()
    tried = administrator.post("/connections/new/village/", form | {"test": "1"})
    assert "The village shop" in tried.content.decode()
    assert Connection.objects.count() == 0
    made = administrator.post("/connections/new/village/", form)
    row = Connection.objects.get()
    assert (made.status_code, row.pace["every_minutes"], row.account.name) == (302, 30, "The village")
    run = SyncRun.objects.get()
    waiting = administrator.get(f"/connections/runs/{run.public_id}/").content.decode()
    assert "Waiting for a worker" in waiting
    run_sync(at=now(), run_id=run.public_id)
    moved = administrator.get(f"/connections/runs/{run.public_id}/progress/")
    assert moved["HX-Refresh"] == "true"
    page = administrator.get(f"/connections/{row.public_id}/").content.decode()
    assert row.webhook_id in page
    edit = administrator.get(f"/connections/{row.public_id}/edit/").content.decode()
    assert KEY not in page + edit
    assert SECRET not in page + edit
    aside = administrator.get(f"/connections/runs/{run.public_id}/rejected/").content.decode()
    assert "is not a number" in aside
    assert administrator.post(f"/connections/{row.public_id}/turn/", {"pause": "1"}).status_code == 302
    assert "Resume" in administrator.get(f"/connections/{row.public_id}/").content.decode()
    assert administrator.post(f"/connections/{row.public_id}/forget/").status_code == 302
    assert Connection.objects.count() == 0


def test_every_page_is_there_in_chinese(administrator, village, shelf):
    shelf.put("orders", "A", [], updated=1)
    administrator.post(f"/connections/{village.id}/synchronise/")
    run = SyncRun.objects.get()
    run_sync(at=now(), run_id=run.public_id)
    User.objects.update(language="zh-hans")
    paths = ["/connections/", f"/connections/{village.id}/", f"/connections/runs/{run.public_id}/"]
    words = ["自动保持同步的商店", "已同步到的变更时间", "订单没有明细"]
    for path, word in zip(paths, words, strict=True):
        assert word in administrator.get(path).content.decode()


@pytest.mark.parametrize("role", ["viewer", "marketer"])
def test_only_administrators_see_forms_with_keys(client, village, role):
    signed_in(client, role)
    assert client.get(f"/connections/{village.id}/").status_code == 200
    for path in ("/connections/new/village/", f"/connections/{village.id}/edit/"):
        assert client.get(path).status_code == 403
    assert client.post(f"/connections/{village.id}/forget/").status_code == 403
    run = client.post(f"/connections/{village.id}/synchronise/").status_code
    assert run == (302 if role == "marketer" else 403)


def test_the_api_connects_runs_and_never_tells_a_secret(client, account, shelf):
    shelf.put("orders", "A", [line()], updated=1)
    user = User.objects.create(username="robot", role="administrator", created_at=now())
    issued = issue_token(actor=SYSTEM, at=now(), owner_id=user.public_id, name="t", scopes=PERMISSIONS)
    call = {"content_type": "application/json", "headers": {"authorization": f"Bearer {issued.secret}"}}
    given = {"system": "village", "settings": {"address": shelf.address}, "secrets": {"key": KEY}}
    assert client.post("/api/v1/connection-trials", json.dumps(given), **call).json() == {
        "name": "The village shop"
    }
    wrong = client.post("/api/v1/connection-trials", json.dumps(given | {"secrets": {"key": "x"}}), **call)
    assert (wrong.status_code, wrong.json()["code"]) == (409, "not_allowed")
    made = client.post("/api/v1/connections", json.dumps(given | {"account": account.id}), **call)
    assert made.status_code == 201
    number = made.json()["id"]
    run = client.post(f"/api/v1/connections/{number}/runs", "{}", **call)
    assert run.status_code == 202
    run_sync(at=now(), run_id=run.json()["id"])
    done = client.get(f"/api/v1/connection-runs/{run.json()['id']}", **call).json()
    assert (done["state"], done["parts"][2]["new"]) == ("done", 1)
    for path in ("/api/v1/connections", f"/api/v1/connections/{number}", "/api/v1/connection-systems"):
        answer = client.get(path, **call)
        assert (answer.status_code, KEY in answer.content.decode()) == (200, False)
    assert client.delete(f"/api/v1/connections/{number}", **call).status_code == 204
