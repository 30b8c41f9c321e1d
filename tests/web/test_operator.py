"""``make demo`` ends with a password of the operator that works, the first time and again."""

import pytest
from django.test import Client
from typer.testing import CliRunner

from shuke.web.management.cli import cli

pytestmark = pytest.mark.django_db


def password_from(output: str) -> str:
    return output.split("Password: ")[1].strip()


def test_the_operator_gets_a_fresh_password_each_time() -> None:
    first = CliRunner().invoke(cli, ["operator"])
    assert first.exit_code == 0
    old = password_from(first.output)
    assert Client().login(username="operator", password=old)
    second = CliRunner().invoke(cli, ["operator"])
    assert second.exit_code == 0
    new = password_from(second.output)
    assert new != old
    assert Client().login(username="operator", password=new)
    assert not Client().login(username="operator", password=old)
