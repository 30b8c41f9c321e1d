"""Pages, API and command line of sources: the way of somebody who connects a shop, and what each role may do."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import translation
from typer.testing import CliRunner

from shuke.apps.collector.management.cli import cli
from shuke.apps.collector.models import PlanViolation, Source, SourceDay, WriteKey
from shuke.apps.collector.operations import create_source, create_write_key, expect_event
from shuke.apps.collector.pages.plans import spark
from shuke.apps.collector.queries.reasons import REASON_WORDS, reason_text
from shuke.apps.collector.schemas import PropertyRule
from shuke.apps.connections.operations import create_account
from shuke.platform.accounts.models import User
from shuke.platform.accounts.operations import issue_token
from shuke.platform.audit.models import AuditEntry
from shuke.platform.clock import now
from shuke.platform.permissions import PERMISSIONS, ROLES, SYSTEM
from shuke.sources.collector.reasons import REASONS

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEY = re.compile(r"wk_[0-9a-z]{32}")
PLACES = ("", "live/", "live/rows/", "plan/", "settings/")

pytestmark = pytest.mark.django_db


def client_of(role: str, language: str = "en") -> Client:
    client = Client()
    client.force_login(
        User.objects.create(username=f"{role}-{language}", role=role, language=language, created_at=AT)
    )
    return client


@pytest.fixture
def account():
    return create_account(actor=SYSTEM, at=AT, name="Web shop", sales_channel="web")


@pytest.fixture
def source_id(account, lake_home):
    return create_source(actor=SYSTEM, at=AT, account_id=account.id, name="Site", kind="web")


def test_from_nothing_to_a_key_and_code_to_paste(account, lake_home):
    client = client_of("analyst")
    assert "Nothing sends yet" in client.get("/sources/").text
    assert client.get("/sources/new/").status_code == 200
    page = client.post(
        "/sources/new/", {"name": "Site", "kind": "web", "account": account.id, "events_per_second": ""}
    )
    key = KEY.search(page.text)[0]
    assert f"data-write-key=&quot;{key}&quot;" in page.text
    assert "http://testserver:8001/shuke.js" in page.text
    assert page.headers["Cache-Control"].find("no-store") >= 0
    source = Source.objects.get()
    assert WriteKey.objects.get().role == "web"
    # The second look shows the key no more, and neither does the audit.
    again = client.get(f"/sources/{source.public_id}/")
    assert not KEY.search(again.text)
    assert key[:7] in again.text
    assert key not in str(list(AuditEntry.objects.values()))


def test_an_account_is_made_along_the_way(lake_home):
    client_of("analyst").post("/sources/new/", {"name": "Tills", "kind": "server", "account": "__new__"})
    source = Source.objects.select_related("account").get()
    assert (source.account.name, source.account.sales_channel) == ("Tills", "store")
    assert WriteKey.objects.get().role == "server"


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": " "},
        {"name": "x" * 81},
        {"kind": "toaster"},
        {"account": "acc_none"},
        {"events_per_second": "0"},
    ],
)
def test_a_wrong_form_is_explained_and_makes_nothing(account, lake_home, wrong):
    good = {"name": "Site", "kind": "web", "account": account.id, "events_per_second": "5"}
    answer = client_of("analyst").post("/sources/new/", good | wrong)
    assert answer.status_code == 422
    assert "errorlist" in answer.text
    assert not Source.objects.exists()


def test_a_name_that_is_taken_is_said_on_the_form(source_id, account):
    answer = client_of("analyst").post(
        "/sources/new/", {"name": "Site", "kind": "web", "account": account.id}
    )
    assert answer.status_code == 422
    assert "already a source" in answer.text


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_page_in_both_languages(source_id, language):
    client = client_of("administrator", language)
    expect_event(
        actor=SYSTEM, at=AT, source_id=source_id, name="冰 & <Tea>", properties=[PropertyRule(name="sku")]
    )
    today = now()
    row = Source.objects.get()
    SourceDay.objects.create(source=row, day=today.date(), accepted=5, rejected=1, last_at=today)
    PlanViolation.objects.create(
        source=row, day=today.date(), event="X<b>", property="p", code="wrong_type", count=3, last_at=today
    )
    for place in ("/sources/", "/sources/new/", *(f"/sources/{source_id}/{place}" for place in PLACES)):
        page = client.get(place)
        assert page.status_code == 200, place
        assert "<b>" not in page.text.replace("<body", "")
        assert not re.search(r"\sstyle=|\son\w+=\"|<style", page.text), place
    plan = client.get(f"/sources/{source_id}/plan/").text
    assert "X&lt;b&gt;" in plan
    assert "冰 &amp; &lt;Tea&gt;" in plan
    link = re.search(r'href="(/sources/[^"]+/plan/event/\?name=%E5%86%B0[^"]+)"', plan)[1]
    assert 'value="冰 &amp; &lt;Tea&gt;"' in client.get(link).text


def test_roles(source_id, account):
    key = create_write_key(actor=SYSTEM, at=AT, source_id=source_id, role="web")
    for role in sorted(ROLES):
        client, may_edit = client_of(role), "sources.edit" in ROLES[role]
        assert client.get(f"/sources/{source_id}/").status_code == 200
        assert ("New source" in client.get("/sources/").text) == may_edit
        if may_edit:
            continue
        for place, data in (
            ("new/", {"name": "Other", "kind": "web", "account": account.id}),
            (f"{source_id}/keys/", {"role": "web"}),
            (f"{source_id}/keys/{key.id}/revoke/", {}),
            (f"{source_id}/settings/", {"name": "Hacked", "is_active": "on"}),
            (f"{source_id}/delete/", {}),
            (f"{source_id}/plan/event/", {"name": "Event"}),
        ):
            assert client.post(f"/sources/{place}", data).status_code == 403, (role, place)
    assert Source.objects.get().name == "Site"
    assert WriteKey.objects.get().revoked_at is None
    assert Client().get(f"/sources/{source_id}/live/rows/").status_code == 302


def test_keys_are_added_and_revoked(source_id):
    client = client_of("administrator")
    page = client.post(f"/sources/{source_id}/keys/", {"role": "trusted_web"})
    assert KEY.search(page.text)
    key = WriteKey.objects.get()
    assert client.post(f"/sources/{source_id}/keys/{key.public_id}/revoke/").status_code == 302
    key.refresh_from_db()
    assert key.revoked_at is not None
    assert "Revoked" in client.get(f"/sources/{source_id}/").text
    assert client.post(f"/sources/{source_id}/keys/", {"role": "king"}, follow=True).status_code == 200
    assert WriteKey.objects.count() == 1
    assert client.post(f"/sources/{source_id}/keys/wky_none/revoke/").status_code == 404
    assert client.get(f"/sources/{source_id}/keys/").status_code == 405


def test_settings_close_a_source_and_only_an_unused_one_is_deleted(source_id):
    client = client_of("administrator")
    client.post(f"/sources/{source_id}/settings/", {"name": "Shop", "events_per_second": "50"})
    row = Source.objects.get()
    assert (row.name, row.events_per_second, row.is_active) == ("Shop", 50, False)
    SourceDay.objects.create(source=row, day=AT.date(), accepted=1, last_at=AT)
    client.post(f"/sources/{source_id}/delete/")
    assert Source.objects.exists()
    SourceDay.objects.all().delete()
    client.post(f"/sources/{source_id}/delete/")
    assert not Source.objects.exists()


def test_the_plan_is_written_row_by_row(source_id):
    client = client_of("analyst")
    form = {
        "name": "Product Added",
        "note": "In the basket",
        "property": ["product_id", "", "price"],
        "type": ["text", "text", "number"],
        "required": ["0", "2"],
    }
    assert client.post(f"/sources/{source_id}/plan/event/", form).status_code == 302
    page = client.get(f"/sources/{source_id}/plan/event/?name=Product+Added").text
    assert page.count(" checked") == 2
    assert (
        client.post(
            f"/sources/{source_id}/plan/event/", form | {"type": ["text", "text", "soup"]}
        ).status_code
        == 422
    )
    assert (
        client.post(f"/sources/{source_id}/plan/event/", form | {"property": ["a", "a", ""]}).status_code
        == 422
    )
    assert client.post(f"/sources/{source_id}/plan/event/", {"name": ""}).status_code == 422
    plan = client.get(f"/sources/{source_id}/plan/").text
    forget = re.search(r'action="([^"]+/forget/)"', plan)[1]
    assert client.post(forget).status_code == 302
    assert client.post(forget, follow=True).status_code == 200
    assert "No plan yet" in client.get(f"/sources/{source_id}/plan/").text


def test_a_spark_has_a_point_for_each_day_and_stays_in_its_box():
    points = [tuple(map(float, point.split(","))) for point in spark([0, 5, 10]).split()]
    assert points == [(0.0, 21.0), (42.0, 11.0), (84.0, 1.0)]
    assert spark([0]) == "0.0,21.0"
    assert spark([]) == ""


def test_the_api_does_what_the_pages_do(account, lake_home):
    user = User.objects.create(username="ann", role="administrator", created_at=AT)
    token = issue_token(actor=SYSTEM, at=now(), owner_id=user.public_id, name="t", scopes=PERMISSIONS)
    client = Client(headers={"Authorization": f"Bearer {token.secret}"})

    def call(method: str, path: str, body: object = None):
        return getattr(client, method)(f"/api/v1/sources{path}", body, content_type="application/json")

    made = call("post", "", {"name": "Site", "kind": "web", "account": account.id})
    assert made.status_code == 201
    source_id = made.json()["id"]
    key = call("post", f"/{source_id}/keys", {"role": "web"})
    assert (key.status_code, bool(KEY.fullmatch(key.json()["key"]))) == (201, True)
    assert not KEY.search(client.get(f"/api/v1/sources/{source_id}").content.decode())
    changed = call("put", f"/{source_id}", {"name": "Shop", "events_per_second": 9, "is_active": True})
    assert changed.json()["events_per_second"] == 9
    event = {"name": "Paid", "properties": [{"name": "total", "type": "number", "is_required": True}]}
    expected = call("put", f"/{source_id}/plan", event)
    assert client.get(f"/api/v1/sources/{source_id}/plan").json() == [expected.json()]
    for part in ("days", "events", "violations"):
        assert client.get(f"/api/v1/sources/{source_id}/{part}").status_code == 200
    assert len(client.get(f"/api/v1/sources/{source_id}/days?days=3").json()) == 3
    assert call("delete", f"/plan/{expected.json()['id']}").status_code == 204
    assert call("delete", f"/keys/{key.json()['id']}").status_code == 204
    assert call("delete", f"/{source_id}").status_code == 204
    assert client.get(f"/api/v1/sources/{source_id}").status_code == 404
    assert call("post", "", {"name": "Site", "kind": "web", "account": "nobody"}).status_code == 404


def test_the_command_line_makes_keys_that_are_printed_once(lake_home):
    runner = CliRunner()
    made = runner.invoke(cli, ["add", "Tills", "--account", "Shop 12", "--kind", "server"])
    assert made.exit_code == 0, made.output
    assert KEY.fullmatch(made.output.splitlines()[-1])
    assert KEY.search(runner.invoke(cli, ["key", "Tills", "--role", "web"]).output)
    listed = runner.invoke(cli, ["list"]).output
    assert "Tills" in listed
    assert not KEY.search(listed)
    key = WriteKey.objects.first()
    assert runner.invoke(cli, ["revoke", key.public_id]).exit_code == 0
    assert runner.invoke(cli, ["revoke", "wky_none"]).exit_code == 1
    assert runner.invoke(cli, ["add", "Tills", "--account", "Shop 12"]).exit_code == 1
    assert runner.invoke(cli, ["key", "Nobody"]).exit_code == 1


def test_every_reason_of_the_loader_is_said_in_both_languages():
    assert {code: str(words) for code, words in REASON_WORDS.items()} == dict(REASONS)
    with translation.override("zh-hans"):
        for code, english in REASONS.items():
            assert reason_text(code=code, message="") != english
    assert reason_text(code="new", message="As it was written.") == "As it was written."


def test_the_week_is_shown_in_the_list(source_id):
    row, today = Source.objects.get(), now()
    for back in (0, 6, 8):
        moment = today - timedelta(days=back)
        SourceDay.objects.create(source=row, day=moment.date(), accepted=1000, rejected=7, last_at=moment)
    page = client_of("viewer").get("/sources/").text
    assert "2,000" in page
    assert f"/sources/{source_id}/live/?state=quarantined" in page
