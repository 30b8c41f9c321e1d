"""People of every role, signed in."""

from collections.abc import Callable

import pytest
from django.test import Client

from shuke.platform.accounts.models import User
from shuke.platform.accounts.operations import create_user
from shuke.platform.clock import now
from shuke.platform.permissions import SYSTEM

PASSWORD = "correct horse 9"


@pytest.fixture
def person(db: None) -> Callable[[str], User]:
    """A user of a role."""

    def make(role: str = "administrator", username: str = "") -> User:
        view = create_user(
            actor=SYSTEM, at=now(), username=username or f"{role}-1", password=PASSWORD, role=role
        )
        return User.objects.get(public_id=view.id)

    return make


@pytest.fixture
def client_of(person: Callable[[str], User]) -> Callable[[str], Client]:
    """A browser in which a user of that role is signed in."""

    def sign_in(role: str) -> Client:
        client = Client()
        client.force_login(person(role))
        return client

    return sign_in
