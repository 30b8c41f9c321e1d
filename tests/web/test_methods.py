"""A method's page can be read in the console in either language, and none of its links leads astray."""

import re
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.urls import resolve

from shuke.apps.insights.queries import QUESTIONS
from shuke.platform.accounts.models import User
from shuke.web import method_texts
from shuke.web.method_texts import ENDINGS, METHODS, method_text

pytestmark = pytest.mark.once


@pytest.fixture
def reader_of(client_of):
    """A browser in which a person who may only look reads in that language."""

    def sign_in(language: str) -> Client:
        client = client_of("viewer")
        User.objects.update(language=language)
        return client

    return sign_in


def article_of(page) -> str:
    return page.content.decode().split("<article")[1].split("</article>")[0]


def test_every_question_has_a_method_and_no_link_is_broken():
    names = {question.method for question in QUESTIONS.values()}
    names |= {path.name.removesuffix(".md").removesuffix(".zh-hans") for path in METHODS.glob("*.md")}
    assert len(names) > 30
    for name in sorted(names):
        for language in ENDINGS:
            text = method_text(name, language=language)
            assert text, name
            assert "<script" not in text.html
            assert "<!--" not in text.html
            for target in re.findall(r'href="([^"]*)"', text.html):
                assert "://" in target or resolve(urlsplit(target).path).kwargs["name"] in names, (
                    name,
                    target,
                )


def test_a_reader_gets_the_page_in_the_own_language_and_may_ask_for_the_other(reader_of):
    client = reader_of("zh-hans")
    page = client.get("/methods/rfm/")
    assert 'lang="zh-hans"' in page.content.decode().split("<article")[1][:60]
    assert re.search(r"[一-鿿]", article_of(page))
    assert "?language=en" in page.text
    assert "本页暂无中文版" not in page.text
    english = client.get("/methods/rfm/?language=en")
    assert 'lang="en"' in english.content.decode().split("<article")[1][:60]
    assert "?language=zh-hans" in english.text
    assert "本页暂无中文版" not in english.text


def test_what_is_not_in_the_own_language_says_so(reader_of, tmp_path, monkeypatch):
    (tmp_path / "rfm.md").write_text(
        "# Scores\n\n<!-- aside -->\nIn [English](rfm.md) <script>only</script>.\n"
    )
    monkeypatch.setattr(method_texts, "METHODS", tmp_path)
    page = reader_of("zh-hans").get("/methods/rfm/")
    assert "本页暂无中文版" in page.text
    assert "<script>only" not in page.text
    assert "aside" not in article_of(page)
    assert "not yet in your language" not in reader_of_english(page.client).get("/methods/rfm/").text


def reader_of_english(client: Client) -> Client:
    User.objects.update(language="en")
    return client


def test_other_files_are_not_shown(reader_of):
    client = reader_of("en")
    assert client.get("/methods/nothing/").status_code == 404
    assert client.get("/methods/..%2Farchitecture/").status_code == 404
    assert client.get("/insights/methods/rfm/").headers["Location"] == "/methods/rfm/"
