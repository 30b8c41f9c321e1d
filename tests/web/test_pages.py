"""Every page of the frame for every role, and what they do."""

import re

import pytest

from shuke.platform.accounts.models import ApiToken, User
from shuke.platform.audit.models import AuditEntry
from shuke.platform.permissions import ROLES
from shuke.platform.retailer.queries import retailer

# What pages ask runs on PostgreSQL in tests/security/test_doors.py and tests/test_api_schema.py; texts are the same.
pytestmark = pytest.mark.once

PAGES = {
    "/profile/": "overview.view",
    "/settings/": "settings.view",
    "/settings/users/": "accounts.edit",
    "/settings/users/new/": "accounts.edit",
    "/settings/tokens/": "accounts.edit",
    "/settings/audit/": "audit.view",
    "/settings/jobs/": "jobs.view",
    "/members/": "members.view",
}
SETTINGS = {
    "name": "Corner shop",
    "time_zone": "Asia/Shanghai",
    "currency": "CNY",
    "default_language": "zh-hans",
    "control_percent": "15",
    "sender_name": "",
    "sender_address": "",
    "notice": "",
}


@pytest.mark.parametrize("role", sorted(ROLES))
@pytest.mark.parametrize(("address", "permission"), sorted(PAGES.items()))
def test_each_page_opens_for_those_who_may(client_of, lake_home, role, address, permission):
    answer = client_of(role).get(address)
    assert answer.status_code == (200 if permission in ROLES[role] else 403)


@pytest.mark.parametrize("role", sorted(ROLES))
def test_the_menu_shows_only_what_opens(client_of, lake_home, role):
    client = client_of(role)
    page = client.get("/profile/").text
    menu = re.findall(r'class="nav-link" href="([^"]+)"', page)
    assert menu
    assert [address for address in menu if client.get(address).status_code == 403] == []


def test_pages_carry_nothing_inline(client_of, lake_home):
    client = client_of("administrator")
    for address in [*PAGES, "/sign-in/", "/no-such-page/"]:
        page = client.get(address).text
        assert not re.search(r"\sstyle=|\son\w+=|<style", page), address
        scripts = re.findall(r"<script\b([^>]*)>", page)
        assert all("src=" in script or "application/json" in script for script in scripts), address
        policy = client.get(address).headers["Content-Security-Policy"]
        assert "unsafe" not in policy


def test_settings_are_saved_with_a_trace(client_of):
    client = client_of("administrator")
    assert client.post("/settings/", SETTINGS | {"needs_second_approval": "on"}).status_code == 302
    assert (retailer().name, retailer().control_percent) == ("Corner shop", 15)
    entry = AuditEntry.objects.get(verb="settings.changed")
    assert entry.changes["control_percent"] == [10, 15]
    assert "Corner shop" in client.get("/settings/audit/").text


@pytest.mark.parametrize(
    ("field", "value"), [("time_zone", "Mars/Olympus"), ("control_percent", "95"), ("sender_address", "x")]
)
def test_wrong_settings_are_refused_at_the_field(client_of, field, value):
    answer = client_of("administrator").post("/settings/", SETTINGS | {field: value})
    assert answer.status_code == 422
    assert "errorlist" in answer.text
    assert retailer().name == "My shop"


def test_only_administrators_change_settings(client_of):
    for role in ("analyst", "marketer", "approver", "viewer"):
        assert client_of(role).post("/settings/", SETTINGS).status_code == 403


def test_a_user_is_added_changed_and_switched_off(client_of):
    client = client_of("administrator")
    new = {"username": "ann", "role": "marketer", "language": "en", "password": "a long password 1"}
    assert client.post("/settings/users/new/", new).status_code == 302
    ann = User.objects.get(username="ann")
    address = f"/settings/users/{ann.public_id}/"
    assert client.get(address).status_code == 200
    assert client.post(address, {"role": "viewer", "display_name": "Ann"}).status_code == 302
    ann.refresh_from_db()
    assert (ann.role, ann.display_name, ann.is_active) == ("viewer", "Ann", False)


def test_a_user_with_a_taken_name_or_a_weak_password_is_refused(client_of):
    client = client_of("administrator")
    new = {"username": "administrator-1", "role": "viewer", "language": "en", "password": "a long password 1"}
    assert "Somebody already signs in" in client.post("/settings/users/new/", new).text
    weak = client.post("/settings/users/new/", new | {"username": "bob", "password": "password"})
    assert weak.status_code == 422
    assert User.objects.count() == 1


def test_the_last_administrator_stays(client_of):
    client = client_of("administrator")
    address = f"/settings/users/{User.objects.get().public_id}/"
    answer = client.post(address, {"role": "viewer", "is_active": "on"})
    assert answer.status_code == 422
    assert "last administrator" in answer.text


def test_a_new_password_ends_the_sessions(client_of, person, client):
    user = person("viewer")
    client.force_login(user)
    administrator = client_of("administrator")
    passwords = {"password": "another password 2", "repeated": "another password 2"}
    assert administrator.post(f"/settings/users/{user.public_id}/password/", passwords).status_code == 302
    assert client.get("/profile/").status_code == 302


def test_ones_own_password_needs_the_present_one(client_of):
    client = client_of("viewer")
    passwords = {"password": "another password 2", "repeated": "another password 2", "present": "wrong"}
    assert client.post("/profile/password/", passwords).status_code == 422
    answer = client.post("/profile/password/", passwords | {"present": "correct horse 9"})
    assert answer.status_code == 302
    assert client.get("/profile/").status_code == 200, "this session stays"


def test_a_token_is_shown_once_works_and_is_revoked(client_of, client):
    administrator = client_of("administrator")
    answer = administrator.post(
        "/settings/tokens/", {"name": "tills", "scopes": ["members.view"], "days": "30"}
    )
    secret = re.search(r"shk_[\w-]{40,}", answer.text)
    assert secret
    assert answer.headers["Cache-Control"] == "no-store"
    assert secret.group() not in administrator.get("/settings/tokens/").text
    bearer = {"authorization": f"Bearer {secret.group()}"}
    assert client.get("/api/v1/members", headers=bearer).status_code == 200
    token = ApiToken.objects.get()
    assert administrator.post(f"/settings/tokens/{token.public_id}/revoke/").status_code == 302
    assert client.get("/api/v1/members", headers=bearer).status_code == 401


def test_the_audit_is_filtered(client_of):
    client = client_of("administrator")
    client.post("/settings/", SETTINGS)
    assert '<td title="settings.changed">' in client.get("/settings/audit/?verb=settings").text
    assert '<td title="settings.changed">' not in client.get("/settings/audit/?verb=user").text
    assert client.get("/settings/audit/?page=99999999999").status_code == 200


def test_errors_are_pages(client_of, lake_home):
    client = client_of("administrator")
    missing = client.get("/no-such-page/")
    assert missing.status_code == 404
    assert "There is no such page" in missing.text
    refused = client.get("/members/mem_none/")
    assert refused.status_code == 404
    assert "There is no such member." in refused.text
