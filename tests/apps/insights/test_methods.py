"""A method's page can be read in the console, and none of its links leads astray."""

import re

import pytest
from django.test import Client

from shuke.apps.insights.pages.methods import METHODS
from shuke.apps.insights.queries import QUESTIONS
from shuke.platform.accounts.models import User
from tests.apps.insights.conftest import AT

pytestmark = pytest.mark.once


@pytest.fixture
def client(db):
    client = Client()
    client.force_login(User.objects.create(username="ann", role="analyst", created_at=AT))
    return client


def test_every_question_has_a_method_and_no_link_is_broken(client):
    names = {question.method for question in QUESTIONS.values()} | {
        path.stem for path in METHODS.glob("*.md")
    }
    for name in sorted(names - {"index"}):
        page = client.get(f"/insights/methods/{name}/")
        assert page.status_code == 200, name
        article = page.content.decode().split("<article")[1].split("</article>")[0]
        assert "<script" not in article
        for target in re.findall(r'href="([^"]*)"', article):
            assert "://" in target or client.get(target).status_code == 200, (name, target)


def test_other_files_are_not_shown(client):
    assert client.get("/insights/methods/nothing/").status_code == 404
    assert client.get("/insights/methods/..%2Farchitecture/").status_code == 404
