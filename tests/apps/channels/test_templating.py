"""The template language: what it gives, and what it refuses with line and field."""

import time

import pytest

from shuke.apps.channels.rules.links import plain_text, track_html, track_text
from shuke.apps.channels.rules.templating import (
    Content,
    Rendered,
    TemplateFault,
    asked_fields,
    check_content,
    render_content,
)

MEMBER = {"member": {"first_name": "Ann", "name": "Ann <Lee>", "points": 3}}


def rendered(html: str = "", *, subject: str = "S", text: str = "") -> Rendered:
    return render_content(Content(subject, text, html), MEMBER, plain_text=plain_text)


def test_fields_fallbacks_conditions_and_escaping() -> None:
    html = "{{ member.name }}{% if member.points * 2 > 5 %}, many{% endif %}, {{ '' or 'friend' }}"
    assert rendered(html).html == "Ann &lt;Lee&gt;, many, friend"
    assert rendered(text="{{ member.name }}").text == "Ann <Lee>"


@pytest.mark.parametrize(
    ("source", "code", "line", "subject"),
    [
        ("Hi\n\n{{ member.fist_name }}", "unknown_field", 3, "fist_name"),
        ("{{ nobody }}", "unknown_field", 1, "nobody"),
        ("a\n{% if member %}", "syntax", 2, ""),
        ("{{ member.__class__ }}", "cannot_compute", 1, "__class__"),
        ("{{ member.name.upper() }}", "not_allowed", 1, "call"),
        ("{% set x = 1 %}", "not_allowed", 1, "assign"),
        ("{% macro m() %}{% endmacro %}", "not_allowed", 1, "macro"),
        ("{% include 'x' %}", "not_allowed", 1, "include"),
        ("{{ 9 ** 9 }}", "not_allowed", 1, "pow"),
        ("{{ 'a' % 1 }}", "not_allowed", 1, "mod"),
        ("{{ 'a' * 1000000000 }}", "only_numbers_multiply", 1, ""),
        ("\n{{ member.name|tojson }}", "unknown_filter", 2, "tojson"),
        ("{{ 1 / 0 }}", "cannot_compute", 1, ""),
        ("x" * 100_001, "template_too_long", 1, ""),
    ],
)
def test_what_is_refused_says_where_and_what(source: str, code: str, line: int, subject: str) -> None:
    with pytest.raises(TemplateFault) as fault:
        rendered(source)
    assert (fault.value.code, fault.value.line) == (code, line)
    assert subject in fault.value.subject


def test_loops_end() -> None:
    nested = "{% for a in member.name %}" * 8 + "x" + "{% endfor %}" * 8
    started = time.monotonic()
    with pytest.raises(TemplateFault) as fault:
        rendered(nested)
    assert fault.value.code in {"too_long_a_loop", "too_slow", "message_too_long"}
    assert time.monotonic() - started < 60


def test_a_subject_is_one_line() -> None:
    with pytest.raises(TemplateFault, match="subject_line_break"):
        rendered("x", subject="Hi\r\nBcc: a@example.com")


def test_an_empty_message_is_refused() -> None:
    with pytest.raises(TemplateFault, match="empty_message"):
        check_content(Content("S", " ", ""))


def test_links_are_replaced_whole_and_only_in_anchors() -> None:
    def tracked(url: str) -> str:
        return f"T({url})"

    html = '<a class="x" href="https://a.example/?p=1&amp;q=2">a</a><img src="https://b.example/i.png">'
    assert 'href="T(https://a.example/?p=1&amp;q=2)"' in track_html(html, tracked=tracked)
    assert 'src="https://b.example/i.png"' in track_html(html, tracked=tracked)
    assert track_html('<a href="javascript:alert(1)">', tracked=tracked) == '<a href="javascript:alert(1)">'
    assert track_text("See https://a.example/x.", tracked=tracked) == "See T(https://a.example/x)."


def test_plain_text_keeps_words_and_links() -> None:
    html = "<style>p{}</style><h1>Hello</h1><p>Buy <a href='https://a.example'>bread</a>.</p>"
    assert plain_text(html) == "Hello\n\nBuy bread (https://a.example)."


def test_the_fields_that_templates_ask_for_are_known_before_anything_is_rendered() -> None:
    content = Content(
        subject="{{ member.offers.for_you[0].name or 'bread' }}",
        text='{% for x in member["offers"]["3-for-2"][:2] %}{{ x }}{% endfor %}{{ member.offers.lowest|length }}',
        html="{% if not member.offers.new %}{{ member.points.offers.other }}{{ offers.elsewhere }}{% endif %}",
    )
    assert asked_fields(content, of=("member", "offers")) == {"for_you", "3-for-2", "lowest", "new"}
    assert asked_fields(content, of=("member", "nothing")) == frozenset()
    assert asked_fields(Content("", "{{ member.offers.x", ""), of=("member", "offers")) == frozenset()
    assert (
        asked_fields(Content("", "{{ member.offers[member.name] }}", ""), of=("member", "offers"))
        == frozenset()
    )
