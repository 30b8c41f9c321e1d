"""Campaigns over the API, from draft to report, with a token; approval needs a person."""

from typing import Any

import pytest
from django.test import Client

from shuke.apps.campaigns.operations import approve_campaign, continue_campaign
from shuke.apps.campaigns.tasks import carry_on_all
from shuke.platform.accounts.operations import issue_token
from shuke.platform.outbox.relay import drain
from shuke.platform.permissions import PERMISSIONS, SYSTEM
from tests.apps.campaigns.conftest import AT, Shop


@pytest.fixture
def api(shop: Shop) -> Client:
    token = issue_token(actor=SYSTEM, at=AT, owner_id=shop.author.id, name="t", scopes=list(PERMISSIONS))
    return Client(headers={"authorization": f"Bearer {token.secret}"})


def call(api: Client, method: str, path: str, body: Any = None) -> Any:
    answer = api.generic(method, f"/api/v1{path}", _json(body), content_type="application/json")
    return answer.status_code, answer.json()


def _json(body: Any) -> bytes:
    import json

    return b"" if body is None else json.dumps(body).encode()


def plan(shop: Shop, **changes: Any) -> dict[str, Any]:
    return {
        "name": "By program",
        "audience_id": shop.audience_id,
        "channel": "console",
        "starts_on": "2026-05-04",
        "ends_on": "2026-05-17",
        "control_percent": 20,
    } | changes


def test_from_draft_to_report(api: Client, shop: Shop) -> None:
    status, made = call(api, "POST", "/campaigns", plan(shop))
    assert (status, made["state"]) == (201, "draft")
    path = f"/campaigns/{made['id']}"
    status, problem = call(api, "POST", f"{path}/submit")
    assert (status, problem["code"]) == (409, "not_ready")
    content = {"channel": "console", "subject": "Hi", "html": "<p>Hi {{ member.first_name }}</p>"}
    assert call(api, "PUT", f"{path}/contents", content)[0] == 200
    assert call(api, "GET", f"{path}/checklist")[1]["reachable"] == 160
    preview = call(api, "GET", f"{path}/preview?member_id={shop.member_ids[1]}")[1]
    assert preview["html"].startswith("<p>Hi A***")
    assert call(api, "POST", f"{path}/submit")[1]["state"] == "in_review"
    assert call(api, "POST", f"{path}/approve")[0] == 403
    approve_campaign(actor=shop.approver, at=AT, campaign_id=made["id"])
    assert call(api, "GET", f"{path}/report")[1]["code"] == "not_sent"
    assert call(api, "POST", f"{path}/schedule", {"starts_at": "2026-05-04T10:00:00Z"})[0] == 200
    carry_on_all.func()
    progress = call(api, "GET", f"{path}/progress")[1]
    assert (progress["state"], progress["percent"]) == ("done", 100)
    drain()
    status, report = call(api, "GET", f"{path}/report?cuped=true")
    assert status == 200
    assert {arm["arm"] for arm in report["effect"]["arms"]} == {"control", "a"}
    messages = call(api, "GET", f"/messages?campaign_id={made['id']}&state=delivered&limit=1")[1]
    message_id = messages["items"][0]["id"]
    assert messages["total"] == progress["counts"]["delivered"]
    assert "Hi" in call(api, "GET", f"/messages/{message_id}/content")[1]["html"]
    assert call(api, "POST", f"/messages/{message_id}/resolve", {"decision": "sent"})[0] == 409
    assert continue_campaign(campaign_id=made["id"], clock=lambda: AT).state == "done"


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"name": ""}, 422),
        ({"ends_on": "2026-05-01"}, 422),
        ({"audience_id": "aud_none"}, 404),
        ({"control_percent": 91}, 422),
        ({"channel": "pigeon"}, 422),
    ],
)
def test_bad_plans_are_refused(api: Client, shop: Shop, changes: dict[str, Any], status: int) -> None:
    assert call(api, "POST", "/campaigns", plan(shop, **changes))[0] == status


def test_a_scheduled_campaign_that_cannot_start_says_why(api: Client, shop: Shop) -> None:
    made = call(api, "POST", "/campaigns", plan(shop))[1]
    path = f"/campaigns/{made['id']}"
    call(api, "PUT", f"{path}/contents", {"channel": "console", "subject": "Hi", "text": "Hi"})
    call(api, "POST", f"{path}/submit")
    approve_campaign(actor=shop.approver, at=AT, campaign_id=made["id"])
    call(api, "POST", f"{path}/schedule", {"starts_at": "2026-05-04T10:00:00Z"})
    from shuke.apps.campaigns.models import Campaign

    Campaign.objects.update(budget_minor=1)
    carry_on_all.func()
    found = call(api, "GET", path)[1]
    assert found["state"] == "approved"
    assert "approval" in found["problem"]
