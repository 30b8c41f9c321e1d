"""Signing in and out, the way back, guessing, and the language."""

from datetime import timedelta

import pytest
from django.test import Client

from shuke.platform.accounts.models import SignInFailures, User
from shuke.platform.accounts.sign_in import FAILURES_PER_NAME, WINDOW, TooManyAttempts, check_password
from shuke.platform.audit.models import AuditEntry
from shuke.platform.clock import now
from shuke.platform.errors import Refused

PASSWORD = "correct horse 9"


def attempt(client, password, **more):
    return client.post("/sign-in/", {"username": "administrator-1", "password": password, **more})


def test_a_page_sends_to_sign_in_and_back(person, client):
    person()
    answer = client.get("/settings/users/?x=1")
    assert answer.status_code == 302
    assert answer["Location"] == "/sign-in/?next=%2Fsettings%2Fusers%2F%3Fx%3D1"
    answer = attempt(client, PASSWORD, next="/settings/users/?x=1")
    assert answer["Location"] == "/settings/users/?x=1"
    assert client.get("/settings/users/").status_code == 200
    assert AuditEntry.objects.filter(verb="user.signed_in").count() == 1


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "javascript:alert(1)", ""])
def test_the_way_back_leads_nowhere_else(person, client, target):
    person()
    assert attempt(client, PASSWORD, next=target)["Location"] == "/"


def test_a_wrong_password_says_not_which_part_was_wrong(person, client):
    person()
    answers = [
        client.post("/sign-in/", {"username": name, "password": "wrong password 1"})
        for name in ("administrator-1", "nobody")
    ]
    assert [answer.status_code for answer in answers] == [422, 422]
    assert all("Name or password is wrong." in answer.text for answer in answers)


def test_guessing_is_stopped_and_a_right_password_has_to_wait_too(person, client):
    person()
    for _ in range(FAILURES_PER_NAME):
        assert attempt(client, "wrong password 1").status_code == 422
    assert attempt(client, "wrong password 1").status_code == 429
    assert attempt(client, PASSWORD).status_code == 429


def test_waiting_ends_after_the_window(person):
    person()
    at = now()
    wrong = {"request": None, "username": "administrator-1", "password": "x", "address": "192.0.2.1"}
    for _ in range(FAILURES_PER_NAME):
        with pytest.raises(Refused):
            check_password(at=at, **wrong)
    with pytest.raises(TooManyAttempts):
        check_password(at=at + WINDOW - timedelta(seconds=1), **wrong)
    user = check_password(at=at + WINDOW + timedelta(seconds=1), **(wrong | {"password": PASSWORD}))
    assert user.username == "administrator-1"


def test_names_are_not_kept_in_the_clear(person, client):
    person()
    attempt(client, "wrong password 1")
    assert all("administrator" not in row.key_hash for row in SignInFailures.objects.all())


def test_who_was_switched_off_cannot_sign_in_and_is_signed_out(person, client):
    user = person("viewer")
    client.force_login(user)
    assert client.get("/profile/").status_code == 200
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert client.get("/profile/").status_code == 302
    answer = client.post("/sign-in/", {"username": user.username, "password": PASSWORD})
    assert answer.status_code == 422


def test_sign_out_needs_a_post(person, client):
    client.force_login(person())
    assert client.get("/sign-out/").status_code == 405
    assert client.post("/sign-out/")["Location"] == "/sign-in/"
    assert client.get("/profile/").status_code == 302


def test_the_language_stays_with_the_person(person, client):
    user = person()
    client.force_login(user)
    assert 'lang="en"' in client.get("/profile/").text
    assert client.post("/language/", {"language": "zh-hans", "next": "/profile/"})["Location"] == "/profile/"
    user.refresh_from_db()
    assert user.language == "zh-hans"
    elsewhere = Client()
    elsewhere.force_login(user)
    page = elsewhere.get("/profile/").text
    assert 'lang="zh-hans"' in page
    assert "个人资料" in page


def test_an_unknown_language_changes_nothing(person, client):
    user = person()
    client.force_login(user)
    client.post("/language/", {"language": "xx", "next": "https://evil.example/"})
    user.refresh_from_db()
    assert user.language == "en"


def test_the_language_of_the_door_is_the_browsers(db, client):
    assert "登录" in client.get("/sign-in/", headers={"accept-language": "zh-CN,zh;q=0.9"}).text
