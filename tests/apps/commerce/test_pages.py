"""The pages answer in both languages, with and without sales."""

from datetime import UTC, datetime

import pytest
from django.test import Client

from shuke.platform.accounts.models import User
from tests.apps.commerce.test_queries import shop  # noqa: F401 - a fixture

# What pages ask runs on PostgreSQL in tests/security/test_doors.py and tests/test_api_schema.py; texts are the same.
pytestmark = pytest.mark.once

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
PATHS = [
    "",
    "?search=milk",
    "?search=nothing-like-it",
    "stores/",
    "orders/",
    "orders/shop:1/",
    "milk/",
    "salt/",
]


@pytest.fixture
def client(db):
    user = User.objects.create(username="ann", role="viewer", created_at=AT)
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("path", PATHS)
def test_every_page_answers(client, shop, path, language):  # noqa: F811
    User.objects.update(language=language)
    answer = client.get(f"/products/{path}")
    assert answer.status_code == 200
    assert ("商品" in answer.text) == (language == "zh-hans")


@pytest.mark.parametrize("path", ["", "stores/", "orders/"])
def test_an_empty_shop_says_what_to_do_next(client, settings, tmp_path, path):
    settings.LAKE_ROOT = str(tmp_path / "empty")
    answer = client.get(f"/products/{path}")
    assert answer.status_code == 200
    assert "/imports/" in answer.text


@pytest.mark.parametrize("path", ["nothing/", "orders/nothing/"])
def test_what_does_not_exist_is_404(client, shop, path):  # noqa: F811
    assert client.get(f"/products/{path}").status_code == 404


def test_nobody_sees_sales_without_signing_in(db):
    answer = Client().get("/products/")
    assert answer.status_code == 302
    assert answer.url.startswith("/sign-in/")
