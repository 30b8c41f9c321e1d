from datetime import UTC, datetime, timedelta

import pytest

from shuke.platform.accounts.models import ApiToken
from shuke.platform.accounts.operations import change_user, create_user, issue_token, revoke_token
from shuke.platform.accounts.queries import token_actor
from shuke.platform.audit.queries import audit_entries
from shuke.platform.errors import Invalid, Refused
from shuke.platform.permissions import SYSTEM

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
PASSWORD = "a long pass phrase"
pytestmark = pytest.mark.django_db


@pytest.fixture
def ann():
    return create_user(actor=SYSTEM, at=AT, username="ann", password=PASSWORD, role="administrator")


def test_a_name_is_taken_whatever_its_case(ann):
    with pytest.raises(Refused) as refusal:
        create_user(actor=SYSTEM, at=AT, username="ANN", password=PASSWORD, role="viewer")
    assert refusal.value.code == "username_taken"


def test_weak_passwords_and_unknown_roles_are_refused():
    with pytest.raises(Invalid):
        create_user(actor=SYSTEM, at=AT, username="bob", password="short", role="viewer")
    with pytest.raises(Invalid):
        create_user(actor=SYSTEM, at=AT, username="bob", password=PASSWORD, role="king")


@pytest.mark.parametrize("change", [{"role": "viewer"}, {"is_active": False}])
def test_the_last_administrator_stays(ann, change):
    with pytest.raises(Refused) as refusal:
        change_user(actor=SYSTEM, at=AT, user_id=ann.id, **change)
    assert refusal.value.code == "last_administrator"
    create_user(actor=SYSTEM, at=AT, username="bob", password=PASSWORD, role="administrator")
    change_user(actor=SYSTEM, at=AT, user_id=ann.id, **change)


def test_only_the_hash_of_a_token_is_stored(ann):
    issued = issue_token(actor=SYSTEM, at=AT, owner_id=ann.id, name="till", scopes=["members.view"])
    row = ApiToken.objects.get()
    assert issued.secret not in str(row.__dict__)
    actor, view = token_actor(issued.secret, at=AT)
    assert actor.may("members.view")
    assert not actor.may("settings.edit")
    assert view.name == "till"


def test_revoked_expired_and_guessed_tokens_are_nobody(ann):
    issued = issue_token(
        actor=SYSTEM,
        at=AT,
        owner_id=ann.id,
        name="x",
        scopes=["members.view"],
        expires_at=AT + timedelta(days=1),
    )
    assert token_actor(issued.secret + "x", at=AT) is None
    assert token_actor(issued.secret, at=AT + timedelta(days=1)) is None
    revoke_token(actor=SYSTEM, at=AT, token_id=issued.token.id)
    assert token_actor(issued.secret, at=AT) is None


def test_a_token_of_somebody_who_left_is_nobody(ann):
    bob = create_user(actor=SYSTEM, at=AT, username="bob", password=PASSWORD, role="viewer")
    issued = issue_token(actor=SYSTEM, at=AT, owner_id=bob.id, name="x", scopes=["members.view"])
    change_user(actor=SYSTEM, at=AT, user_id=bob.id, is_active=False)
    assert token_actor(issued.secret, at=AT) is None


def test_every_change_is_audited_and_no_password_is_in_it(ann):
    change_user(actor=SYSTEM, at=AT, user_id=ann.id, language="zh-hans")
    entries, total = audit_entries()
    assert total == 2
    assert [entry.verb for entry in entries] == ["user.changed", "user.created"]
    assert PASSWORD not in str(entries)
    assert entries[0].changes == {"language": ["en", "zh-hans"]}
