"""The page of points and its API: rules are written by form, tried, published; who may not, may not."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from shuke.apps.loyalty.operations import define_points_type
from shuke.apps.loyalty.queries.earning_plans import draft_version, earning_versions, version_in_force
from shuke.apps.members.operations import create_members
from shuke.apps.members.schemas import MemberProfile
from shuke.platform.accounts.operations import create_user
from shuke.platform.clock import now
from shuke.platform.permissions import SYSTEM
from shuke.platform.retailer.operations import change_retailer
from tests.apps.loyalty.earning_shop import GROUND, event_rule, publish

# What pages ask runs on PostgreSQL in tests/security/test_doors.py and tests/test_api_schema.py; texts are the same.
pytestmark = pytest.mark.once

URL = "/membership/points/"
AT = datetime(2026, 1, 1, tzinfo=UTC)
FORM = {
    "name": "Basic",
    "name_zh": "基础",
    "code": "ground",
    "points_type": "points",
    "rate": "per",
    "points": "1",
    "per_amount": "1.00",
    "group": "ground",
    "rounding": "floor",
    "leaves_out_vouchers": "on",
    "departments": "PRODUCE\n\nDAIRY ",
    "weekdays": ["6", "7"],
}


def signed_in(role: str) -> Client:
    create_user(actor=SYSTEM, at=AT, username=role, password="a password of ten", role=role)
    client = Client()
    assert client.login(username=role, password="a password of ten")
    return client


@pytest.fixture
def shop(db, lake_home):
    change_retailer(actor=SYSTEM, at=AT, time_zone="UTC", currency="CNY")
    define_points_type(actor=SYSTEM, at=AT, code="points", name="Points")


def test_a_rule_is_written_tried_and_published(shop):
    client = signed_in("administrator")
    assert "No rules yet" in client.get(URL).content.decode()
    made = client.post(f"{URL}purchase/new/", FORM)
    assert made.status_code == 302, made.content.decode()
    draft = draft_version()
    assert draft is not None
    rule = draft.body.rules[0]
    assert (rule.where.departments, rule.where.weekdays, rule.per_minor) == (
        ["PRODUCE", "DAIRY"],
        [6, 7],
        100,
    )
    client.post(
        f"{URL}event/new/",
        {
            "name": "Check-in",
            "code": "in",
            "points_type": "points",
            "event": "Checked In",
            "points": "5",
            "day_limit": "1",
        },
    )
    page = client.get(f"{URL}?draft=1").content.decode()
    assert "Points: 1 per" in page
    assert "once a day" in page
    tried = client.get(
        f"{URL}example/",
        {"on": "2026-11-28", "amount_1": "50", "department_1": "", "sales_channel": "store", "draft": "1"},
    ).content.decode()
    assert "earns nothing" in tried
    changed = client.post(f"{URL}purchase/ground/", FORM | {"departments": "", "weekdays": [], "times": ""})
    assert changed.status_code == 302
    tried = client.get(
        f"{URL}example/",
        {"on": "2026-11-28", "amount_1": "50", "department_1": "", "sales_channel": "store", "draft": "1"},
    ).content.decode()
    assert "<b>50</b> Points" in tried
    assert version_in_force(at=now()) is None
    client.post(f"{URL}publish/", {"starts_on": ""})
    found = version_in_force(at=now() + timedelta(seconds=1))
    assert found is not None
    assert [rule.code for rule in found.body.rules] == ["ground", "in"]
    client.post(f"{URL}rules/in/drop/")
    client.post(f"{URL}discard/")
    assert [version.number for version in earning_versions()] == [1]


def test_a_form_says_what_is_wrong_with_a_rule(shop):
    client = signed_in("administrator")
    answer = client.post(f"{URL}purchase/new/", FORM | {"rate": "times", "times": "1"})
    assert answer.status_code == 422
    assert "must be more than 1" in answer.content.decode()
    assert client.get(f"{URL}purchase/nothing/").status_code == 404
    added = client.post(
        f"{URL}types/new/",
        {
            "name_zh": "Growth",
            "code": "growth",
            "policy": "never",
            "months": "0",
            "activation_days": "0",
            "return_policy": "debt",
        },
    )
    assert added.status_code == 302
    assert "Growth" in client.get(f"{URL}?type=growth").content.decode()


def test_who_may_only_look_changes_nothing(shop):
    client = signed_in("analyst")
    publish(GROUND)
    assert client.get(URL).status_code == 200
    assert client.post(f"{URL}purchase/new/", FORM).status_code == 403
    assert client.post(f"{URL}publish/").status_code == 403
    assert draft_version() is None


def test_the_api_writes_publishes_quotes_and_takes_events(shop):
    client = signed_in("administrator")
    member = create_members(at=AT, source="test", profiles=[MemberProfile(name="Ann")])[0].public_id

    def call(method: str, path: str, body: object = None, **headers: str):
        send = getattr(client, method)
        data = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
        return send(f"/api/v1/earning/{path}", **data, headers=headers)

    body = {"body": {"rules": [GROUND, event_rule("checkin", event="Checked In", day_limit=1)]}}
    assert call("put", "draft", body).json()["state"] == "draft"
    bad = call("put", "draft", {"body": {"rules": [GROUND, GROUND]}})
    assert (bad.status_code, bad.json()["code"]) == (422, "repeated_code")
    assert call("post", "draft/publish", {}).json()["number"] == 1
    assert [item["state"] for item in call("get", "versions").json()] == ["published"]
    quote = call("post", "quote", {"member_id": member, "lines": [{"line_no": 1, "paid_minor": 1250}]}).json()
    assert [(item["points_type"], item["points"]) for item in quote["types"]] == [("points", 12)]
    event = {"member_id": member, "event": "Checked In"}
    first = call("post", "events", event, **{"Idempotency-Key": "check-in-1"}).json()
    again = call("post", "events", event, **{"Idempotency-Key": "check-in-1"}).json()
    other = call("post", "events", event, **{"Idempotency-Key": "check-in-2"}).json()
    assert [item["outcome"] for item in (first, again, other)] == ["created", "replayed", "nothing"]
    assert other["refusals"] == {"checkin": "day_limit"}
    assert call("get", "orders/none").status_code == 404
