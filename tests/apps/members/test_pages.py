"""The list of members and the page of one, on a small shop."""

import pytest
from django.test import Client

from shuke.apps.compliance.operations import suppress
from shuke.apps.compliance.queries import consents_of, suppressions_of
from shuke.apps.members.queries.directory import Wanted, directory
from shuke.apps.members.queries.person import favourites, portrait
from shuke.apps.members.queries.timeline import timeline
from shuke.platform.accounts.models import User
from shuke.platform.accounts.operations import create_user, issue_token
from shuke.platform.audit.models import AuditEntry
from shuke.platform.clock import now
from shuke.platform.outbox.relay import drain
from shuke.platform.permissions import PERMISSIONS, SYSTEM
from tests.browser.shop import remembered_shop

# What pages ask runs on PostgreSQL in tests/security/test_doors.py and tests/test_api_schema.py; texts are the same.
pytestmark = pytest.mark.once


@pytest.fixture
def shop(db, lake_home):
    """Four members: the first bought most often, the last least."""
    return remembered_shop(lake_home)


@pytest.fixture
def client_of(db):
    def sign_in(role):
        view = create_user(actor=SYSTEM, at=now(), username=role, password="correct horse 9", role=role)
        client = Client()
        client.force_login(User.objects.get(public_id=view.id))
        return client

    return sign_in


def listed(**wanted):
    rows, total = directory(wanted=Wanted(**wanted), limit=50, offset=0)
    assert len(rows) == total
    return [row.id for row in rows]


def test_the_list_is_sorted_by_spend_and_filtered(shop):
    assert listed() == shop, "who bought more often spent more"
    assert listed(ids=[shop[2]]) == [shop[2]]
    assert listed(ids=[]) == []
    assert set(listed(sort="newest")) == set(shop)
    stages = {row.lifecycle_stage for row in directory(wanted=Wanted(), limit=50, offset=0)[0]}
    assert sorted(member for stage in stages for member in listed(stage=stage)) == sorted(shop)
    assert listed(stage="prospect") == []


def test_a_part_of_the_list(shop):
    rows, total = directory(wanted=Wanted(), limit=1, offset=2)
    assert ([row.id for row in rows], total) == ([shop[2]], 4)


def test_search_finds_by_email_card_name_and_id(shop, client_of):
    client = client_of("viewer")
    for text in ("m2@example.com", " M2@Example.com", "王小明", "小明", shop[1]):
        answer = client.get("/members/", {"q": text})
        assert answer.headers.get("Location") == f"/members/{shop[1]}/", text
    assert "Nobody found" in client.get("/members/", {"q": "somebody else"}).text


def test_the_page_masks_and_knows_the_traits(shop, client_of):
    page = client_of("viewer").get(f"/members/{shop[0]}/").text
    assert "Ann Lee" not in page
    assert "m1@example.com" not in page
    assert "m***@example.com" in page
    assert "Shanghai" in page
    assert "Unmask" not in page
    assert "Withdraw" not in page


def test_portrait_counts_months_and_favourites(shop):
    known = portrait(member_id=shop[0], today=now().date())
    assert sum(month.orders for month in known.months) == known.traits["orders_total"] == 10
    assert sum(month.paid_minor for month in known.months) == 18000
    assert [row.attribute for row in known.attributes] == ["city"]
    found = favourites(member_id=shop[0], today=now().date())
    assert [(row.category, row.paid_minor) for row in found] == [("Tea", 18000)]
    nobody = portrait(member_id="mem_none", today=now().date())
    assert (nobody.traits, nobody.months, nobody.attributes) == (None, [], [])


def test_unmasking_needs_the_right_and_leaves_a_trace(shop, client_of):
    address = f"/members/{shop[0]}/unmask/"
    assert client_of("marketer").post(address).status_code == 403
    assert not AuditEntry.objects.filter(verb="member.unmasked").exists()
    answer = client_of("administrator").post(address)
    assert "m1@example.com" in answer.text
    assert "Ann Lee" in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert AuditEntry.objects.get(verb="member.unmasked").subject_id == shop[0]


def test_consent_is_withdrawn_and_granted_by_who_may(shop, client_of):
    address = f"/members/{shop[0]}/consents/"
    decision = {"channel": "email", "purpose": "marketing", "state": "withdrawn"}
    assert client_of("viewer").post(address, decision).status_code == 403
    client = client_of("marketer")
    assert client.post(address, decision).status_code == 302
    assert [row.state for row in consents_of(shop[0])] == ["withdrawn"]
    assert client.post(address, decision | {"state": "maybe"}).status_code == 422
    assert client.post(address, decision | {"channel": "pigeon"}).status_code == 422
    drain()
    assert timeline(member_id=shop[0])[0].what == "withdrawn"


def test_a_suppression_is_shown_and_lifted(shop, client_of):
    suppress(at=now(), member_ids=[shop[0]], channel="email", reason="bounced")
    client = client_of("marketer")
    assert "Messages bounced" in client.get(f"/members/{shop[0]}/").text
    assert client.post(f"/members/{shop[0]}/suppressions/lift/", {"channel": "email"}).status_code == 302
    assert suppressions_of(shop[0]) == {}


def test_nonsense_in_addresses_is_no_fault(shop, client_of):
    client = client_of("viewer")
    for query in (
        "?page=-1",
        "?page=x",
        "?stage=none&sort=none",
        "?bought=x&channel=%00%27",
        "?audience=none",
        "?q=%00",
        "?q=" + "x" * 500,
    ):
        assert client.get(f"/members/{query}").status_code in {200, 302}, query
    for query in ("?until=nonsense", "?until=2026-13-45T00:00:00Z", "?kind=none", "?skip=-1&channel=%00"):
        assert client.get(f"/members/{shop[0]}/timeline/{query}").status_code == 200, query


def test_the_api_lists_shows_and_decides(shop, client_of, client):
    client_of("administrator")
    owner = User.objects.get().public_id
    token = issue_token(actor=SYSTEM, at=now(), owner_id=owner, name="t", scopes=PERMISSIONS)
    bearer = {"authorization": f"Bearer {token.secret}"}
    page = client.get("/api/v1/members?limit=2", headers=bearer).json()
    assert ([row["id"] for row in page["items"]], page["total"]) == (shop[:2], 4)
    address = f"/api/v1/members/{shop[0]}"
    assert client.get(address, headers=bearer).json()["name"].startswith("A*")
    assert client.get(f"{address}?unmask=true", headers=bearer).json()["name"] == "Ann Lee"
    assert AuditEntry.objects.filter(verb="member.unmasked").count() == 1
    assert len(client.get(f"{address}/timeline?kind=order&limit=3", headers=bearer).json()) == 3
    assert client.get(f"{address}/identifiers", headers=bearer).json()[0]["value"] == "C1"
    body = {"channel": "email", "purpose": "marketing", "state": "withdrawn"}
    held = client.post(f"{address}/consents", body, content_type="application/json", headers=bearer).json()
    assert [row["state"] for row in held] == ["withdrawn"]
    assert client.get("/api/v1/members/mem_none", headers=bearer).status_code == 404
