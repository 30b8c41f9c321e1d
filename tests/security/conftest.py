"""A house with something in it, people of every role, and a way to see that nothing was harmed."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.apps import apps
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from shuke.platform.accounts.models import User
from shuke.platform.accounts.operations import create_user, issue_token
from shuke.platform.clock import now
from shuke.platform.permissions import PERMISSIONS, SYSTEM

#: What attackers put into every field.  None may be executed, none may be a fault.
INJECTIONS = (
    "' OR '1'='1",
    "'; DROP TABLE members_member; --",
    '" UNION SELECT value_hash FROM identity_identifier --',
    "\\'; SELECT pg_sleep(5); --",
    "%' AND 1=1 /*",
    "{{ 7*7 }}{% debug %}",
    "${7*7}#{7*7}<%= 7*7 %>",
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "=cmd|' /C calc'!A0",
    "../../../../etc/passwd",
    "a\r\nBcc: everybody@example.com",
    "\u202egnp.exe",
    "A" * 5000,
)  # fmt: skip


def rows_held() -> dict[str, int]:
    """How many rows every table of the product has."""
    return {
        model._meta.label: model._default_manager.count()
        for model in apps.get_models()
        if model.__module__.startswith("shuke.")
    }


@pytest.fixture
def client_of(db: None) -> Callable[..., Client]:
    """A browser in which somebody of that role is signed in."""

    def sign_in(role: str, **options: Any) -> Client:
        username = f"{role}-{User.objects.count()}"
        view = create_user(actor=SYSTEM, at=now(), username=username, password="correct horse 9", role=role)
        client = Client(**options)
        client.force_login(User.objects.get(public_id=view.id))
        return client

    return sign_in


@pytest.fixture
def bearer(db: None) -> dict[str, str]:
    """Headers of a token that may do everything."""
    owner = create_user(
        actor=SYSTEM, at=now(), username="owner", password="correct horse 9", role="administrator"
    )
    issued = issue_token(
        actor=SYSTEM, at=now(), owner_id=owner.id, name="all", scopes=PERMISSIONS, requests_per_minute=10**6
    )
    return {"authorization": f"Bearer {issued.secret}"}


def addresses() -> Iterator[tuple[str, str]]:
    """(name, path) of every address of the product, with something plain for its parameters."""
    yield from _addresses(get_resolver(), "/", "")


def _addresses(resolver: URLResolver, prefix: str, namespace: str) -> Iterator[tuple[str, str]]:
    for pattern in resolver.url_patterns:
        route = prefix + _filled(str(pattern.pattern))
        if isinstance(pattern, URLResolver):
            yield from _addresses(pattern, route, pattern.namespace or namespace)
        elif isinstance(pattern, URLPattern):
            yield f"{namespace}:{pattern.name}" if namespace else str(pattern.name), route


def _filled(route: str) -> str:
    """``<str:member_id>/`` → ``x1/``."""
    out, rest = "", route
    while "<" in rest:
        before, _, tail = rest.partition("<")
        converter, _, rest = tail.partition(">")
        out += before + ("1" if converter.startswith("int:") else "x1")
    return out + rest
