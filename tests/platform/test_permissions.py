import pytest
from django.utils.translation import override

from shuke.platform.errors import NotPermitted
from shuke.platform.permissions import PERMISSIONS, ROLES, SYSTEM, Actor
from shuke.web.scopes import SCOPES


def test_a_token_may_no_more_than_its_scopes_and_its_owners_role():
    token = Actor(
        "token", "tok_1", "till", role="viewer", scopes=frozenset({"members.view", "campaigns.send"})
    )
    assert token.may("members.view")
    assert not token.may("campaigns.send"), "the owner's role does not hold it"
    assert not token.may("audiences.view"), "the role holds it, the scopes do not"


def test_nobody_both_writes_and_approves_campaigns_but_the_administrator():
    both = {role for role, held in ROLES.items() if {"campaigns.edit", "campaigns.approve"} <= held}
    assert both == {"administrator"}


def test_viewers_change_nothing():
    assert all(name.endswith(".view") for name in ROLES["viewer"])


def test_an_unknown_permission_is_a_fault_not_a_no():
    with pytest.raises(ValueError, match="no permission"):
        SYSTEM.may("members.veiw")


def test_require_names_what_is_missing():
    with pytest.raises(NotPermitted) as refusal:
        Actor("user", "u", "Ann", role="viewer").require("settings.edit")
    assert refusal.value.details == {"permission": "settings.edit"}
    assert all(SYSTEM.may(name) for name in PERMISSIONS)


def test_every_permission_has_words_in_both_languages():
    assert list(SCOPES) == list(PERMISSIONS)
    for name, (words, _tone) in SCOPES.items():
        with override("en"):
            english = str(words)
        with override("zh-hans"):
            assert str(words) not in (english, name), name
