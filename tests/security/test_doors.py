"""Every address of the product: who is nobody gets nothing, who may only look changes nothing, and no
change comes without the form's token.  A new page is looked at by itself: there is no list to forget."""

from urllib.parse import urljoin, urlsplit

import pytest
from django.test import Client

from tests.security.conftest import addresses, rows_held

#: Addresses that answer people and machines that are not signed in, each for its reason.
OPEN = {
    "web:sign_in": "the door itself",
    "web:sign_out": "ends a session, if there is one",
    "web:language": "the language of the door",
    "channels:opened": "the pixel in a letter; its token is signed",
    "channels:clicked": "a link in a letter; its token is signed",
    "channels:leave": "the way out of letters; its token is signed",
    "connections:webhook": "called by shops; signed",
    "loyalty:own": "a member's own page; its token is signed",
    "loyalty:own_offers": "vouchers for that member to take; the same token",
    "loyalty:own_gift": "passing a voucher of that member on; the same token",
    "health:live": "whether the process lives",
    "health:ready": "whether it can work",
    "metrics": "for this machine, or with a token of its own",
}
#: Addresses that take a post without the form's token, since who posts has no form.
WITHOUT_FORM_TOKEN = {"channels:leave", "connections:webhook"}
#: What a person who may only look may still change: their own session and profile.
ONES_OWN = {"web:sign_in", "web:sign_out", "web:language", "web:profile", "web:own_password"}


def is_api(path: str) -> bool:
    return path.startswith("/api/")


def is_open(name: str) -> bool:
    return name in OPEN or name.startswith(("preference", "compliance:preference", "compliance:letter"))


PAGES = [(name, path) for name, path in addresses() if not is_api(path)]
API = [(name, path) for name, path in addresses() if is_api(path)]


def test_the_sweep_sees_the_product():
    assert len(PAGES) > 60
    assert len(API) > 40
    assert {"members:member", "connections:run", "web:users"} <= {name for name, _path in PAGES}


def test_who_is_not_signed_in_is_sent_to_the_door(db, lake_home):
    client, wrong = Client(), []
    before = rows_held()
    for name, path in PAGES:
        if is_open(name):
            continue
        for method in ("get", "post"):
            answer = getattr(client, method)(path)
            is_away = answer.status_code == 302 and answer["Location"].startswith("/sign-in/")
            if not is_away and answer.status_code not in {403, 405}:
                wrong.append((method, name, path, answer.status_code))
    assert wrong == []
    assert rows_held() == before


def test_the_api_answers_nobody_without_a_token(db, lake_home):
    client, wrong = Client(), []
    before = rows_held()
    for name, path in API:
        for method in ("get", "post", "put", "delete"):
            status = getattr(client, method)(path, content_type="application/json").status_code
            if status not in {401, 404, 405} and name not in {"api_reference", "api:openapi-json"}:
                wrong.append((method, name, path, status))
    assert wrong == []
    assert rows_held() == before


def test_open_addresses_give_nothing_away(db, lake_home):
    """Guessed tokens at the doors that are open: no fault, nothing told, nothing changed."""
    client, before = Client(), rows_held()
    guesses = ("x1", "0", "a" * 200, "%00", "..%2f..%2f", "eyJhIjoxfQ:1:abc", "%F0%9F%8D%B5", "'%20OR%201=1")
    for template in ("/t/c/{}", "/t/o/{}.gif", "/u/{}", "/webhooks/{}/"):
        for guess in guesses:
            path = template.format(guess)
            for method in ("get", "post"):
                status = getattr(client, method)(path).status_code
                assert status in ({200} if path.startswith("/t/o/") else set()) | {400, 404, 405, 413}, (
                    method,
                    path,
                )
    assert rows_held() == before


def test_who_may_only_look_changes_nothing(client_of, lake_home):
    client, wrong = client_of("viewer"), []
    before = rows_held()
    for name, path in PAGES:
        if is_open(name) or name in ONES_OWN:
            continue
        status = client.post(path).status_code
        if status >= 500:
            wrong.append((name, path, status))
    assert wrong == []
    after = rows_held()
    assert {label: after[label] - count for label, count in before.items() if after[label] != count} == {}


def test_no_change_without_the_forms_token(client_of, lake_home):
    client, wrong = client_of("administrator", enforce_csrf_checks=True), []
    before = rows_held()
    for name, path in PAGES:
        if name in WITHOUT_FORM_TOKEN or is_open(name):
            continue
        status = client.post(path).status_code
        if status not in {403, 404, 405}:
            wrong.append((name, path, status))
    assert wrong == []
    assert rows_held() == before


def test_the_consoles_session_needs_the_token_at_the_api_too(client_of, lake_home):
    client = client_of("administrator", enforce_csrf_checks=True)
    before = rows_held()
    for _name, path in API:
        for method in ("post", "put", "delete"):
            status = getattr(client, method)(path, content_type="application/json").status_code
            assert status in {401, 403, 404, 405}, (method, path, status)
    assert rows_held() == before


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "127.0.0.1:8000@evil.example", ""]
)
def test_a_foreign_host_name_is_refused(db, lake_home, host):
    assert Client().get("/sign-in/", headers={"host": host}).status_code == 400
    answer = Client().get("/members/", headers={"x-forwarded-host": host})
    assert "evil.example" not in answer.headers.get("Location", "")


TARGETS = (
    "//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "\thttps://evil.example",
    "https:evil.example", "///evil.example", "%2f%2fevil.example", "http:///evil.example", "@evil.example",
    "/\x00//evil.example",
)  # fmt: skip


@pytest.mark.parametrize("target", TARGETS)
def test_nothing_leads_away_from_the_console(client_of, lake_home, target):
    """After signing in, and after the switch of language."""
    client = client_of("viewer")
    for answer in (
        client.get("/sign-in/", {"next": target}),
        client.post("/language/", {"language": "en", "next": target}),
    ):
        assert answer.status_code == 302
        where = urlsplit(urljoin("https://console.example/sign-in/", answer["Location"].replace("\\", "/")))
        assert (where.scheme, where.netloc) == ("https", "console.example")


def test_every_page_carries_the_protections(client_of, lake_home):
    client, wrong = client_of("administrator"), []
    for name, path in PAGES:
        answer = client.get(path)
        if not answer.headers.get("Content-Type", "").startswith("text/html"):
            continue
        policy = answer.headers.get("Content-Security-Policy", "")
        is_strict = "script-src 'self'" in policy or "sandbox" in policy
        is_plain = "unsafe-eval" not in policy and ("unsafe-inline" not in policy or "sandbox" in policy)
        if not (is_strict and is_plain and answer.headers.get("X-Content-Type-Options") == "nosniff"):
            wrong.append((name, path, answer.status_code, policy[:80]))
        if answer.status_code >= 500:
            wrong.append((name, path, answer.status_code))
    assert wrong == []
