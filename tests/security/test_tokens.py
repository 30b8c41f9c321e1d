"""Guessed, changed, worn out and borrowed secrets: none opens anything."""

import string
from datetime import timedelta

import pytest
from django.test import Client

from shuke.platform.accounts.models import ApiToken, User
from shuke.platform.accounts.operations import change_user, create_user, issue_token, revoke_token
from shuke.platform.clock import now
from shuke.platform.permissions import PERMISSIONS, SYSTEM
from tests.security.conftest import rows_held


@pytest.fixture
def issued(db):
    owner = create_user(
        actor=SYSTEM, at=now(), username="owner", password="correct horse 9", role="administrator"
    )
    return issue_token(
        actor=SYSTEM, at=now(), owner_id=owner.id, name="t", scopes=PERMISSIONS, requests_per_minute=10**6
    )


def status(secret, path="/api/v1/members", scheme="Bearer"):
    return Client().get(path, headers={"authorization": f"{scheme} {secret}"}).status_code


def test_every_change_of_a_token_is_refused(issued, lake_home):
    """One character more, less, other, in the other case: each is another token."""
    secret = issued.secret
    assert status(secret) == 200
    guesses = {
        secret[:-1],
        secret + "A",
        secret[1:],
        secret.swapcase(),
        secret.upper(),
        secret.lower(),
        f" {secret} x",
    }
    for place in range(0, len(secret), 3):
        other = next(letter for letter in string.ascii_letters if letter != secret[place])
        guesses.add(secret[:place] + other + secret[place + 1 :])
    guesses |= {
        "",
        "null",
        "undefined",
        "shk_",
        "' OR '1'='1",
        "*",
        "%",
        "x" * 10_000,
        issued.token.id,
    }
    guesses -= {secret}
    assert {guess: status(guess) for guess in guesses if status(guess) != 401} == {}
    assert status(secret, scheme="Basic") == 401
    assert status(secret, scheme="") == 401


def test_the_secret_is_kept_nowhere(issued):
    row = ApiToken.objects.get()
    kept = " ".join(
        str(getattr(row, field.name)) for field in ApiToken._meta.get_fields() if hasattr(row, field.name)
    )
    assert issued.secret not in kept
    assert issued.secret[8:] not in kept


def test_a_token_ends_when_it_ends(issued, lake_home):
    secret = issued.secret
    worn = issue_token(
        actor=SYSTEM, at=now() - timedelta(days=2), owner_id=User.objects.get().public_id, name="old",
        scopes=PERMISSIONS, expires_at=now() - timedelta(days=1),
    )  # fmt: skip
    assert status(worn.secret) == 401
    revoke_token(actor=SYSTEM, at=now(), token_id=issued.token.id)
    assert status(secret) == 401


def test_a_token_never_may_more_than_its_owner(issued, lake_home):
    owner = User.objects.get()
    create_user(actor=SYSTEM, at=now(), username="other", password="correct horse 9", role="administrator")
    assert status(issued.secret, "/api/v1/jobs") in {200, 404}
    change_user(actor=SYSTEM, at=now(), user_id=owner.public_id, role="viewer")
    before = rows_held()
    answer = Client().post(
        "/api/v1/accounts", {"name": "x"}, content_type="application/json",
        headers={"authorization": f"Bearer {issued.secret}"},
    )  # fmt: skip
    assert answer.status_code in {403, 422}
    assert rows_held() == before
    change_user(actor=SYSTEM, at=now(), user_id=owner.public_id, is_active=False)
    assert status(issued.secret) == 401


def test_a_wrong_token_is_refused_whatever_cookie_came_with_it(issued, client_of, lake_home):
    client = client_of("administrator")
    assert client.get("/api/v1/members").status_code == 200
    assert client.get("/api/v1/members", headers={"authorization": "Bearer guessed"}).status_code == 401


def test_a_session_gets_a_new_key_at_signing_in(db):
    """A key that somebody planted before does not become that of the signed-in person."""
    create_user(actor=SYSTEM, at=now(), username="ann", password="correct horse 9", role="viewer")
    client = Client()
    client.get("/sign-in/")
    session = client.session
    session["planted"] = True
    session.save()
    planted = session.session_key
    client.cookies["sessionid"] = planted
    client.post("/sign-in/", {"username": "ann", "password": "correct horse 9"})
    assert client.session.session_key != planted
    stranger = Client()
    stranger.cookies["sessionid"] = planted
    assert stranger.get("/members/").status_code == 302


def test_cookies_are_out_of_reach_of_scripts_and_other_sites(db):
    create_user(actor=SYSTEM, at=now(), username="ann", password="correct horse 9", role="viewer")
    client = Client()
    client.post("/sign-in/", {"username": "ann", "password": "correct horse 9"})
    cookie = client.cookies["sessionid"]
    assert cookie["httponly"]
    assert cookie["samesite"] in {"Lax", "Strict"}


def test_ids_of_others_open_nothing(issued, client_of, lake_home):
    """Ids are no secrets, and what they name asks for the right all the same."""
    client = client_of("viewer")
    for path in (
        f"/settings/tokens/{issued.token.id}/revoke/",
        f"/settings/users/{User.objects.first().public_id}/",
    ):
        assert client.post(path).status_code == 403
    assert ApiToken.objects.get().revoked_at is None
