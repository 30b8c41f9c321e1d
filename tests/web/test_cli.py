"""``shuke users``."""

from django.contrib.auth import authenticate
from typer.testing import CliRunner

from shuke.platform.accounts.models import User
from shuke.web.management.cli import cli


def run(*words):
    return CliRunner().invoke(cli, list(words))


def test_a_person_is_added_listed_and_gets_a_new_password(db):
    made = run("create", "ann", "--role", "marketer")
    assert made.exit_code == 0
    password = made.output.split("Password: ")[1].strip()
    assert authenticate(username="ann", password=password).role == "marketer"
    assert "marketer" in run("list").output
    assert run("password", "Ann", "--password", "a better one 22").exit_code == 0
    assert authenticate(username="ann", password=password) is None
    assert authenticate(username="ann", password="a better one 22")


def test_refusals_end_with_one_and_change_nothing(db):
    assert run("create", "ann", "--role", "king").exit_code == 1
    assert run("create", "ann", "--password", "short").exit_code == 1
    assert run("password", "nobody").exit_code == 1
    assert not User.objects.exists()
