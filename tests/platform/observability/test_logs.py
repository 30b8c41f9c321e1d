"""No contact reaches a log, however it got into the message."""

import io
import json
import logging
import logging.config
import re

import pytest
import structlog
from django.test import RequestFactory
from django.urls import resolve

from shuke.platform.observability.logs import configure_structlog, logging_config
from shuke.platform.observability.redaction import redact, redact_value


@pytest.fixture
def written(monkeypatch):
    """Configure logging as JSON into memory; returns a reader of the objects."""
    configure_structlog()
    config = logging_config(level="INFO", is_terminal=False)
    stream = io.StringIO()
    config["handlers"]["stderr"] |= {"()": logging.StreamHandler, "stream": stream}
    config["loggers"] = {"django.request": config["loggers"]["django.request"]}
    root = logging.getLogger()
    before = (list(root.handlers), root.level)
    logging.config.dictConfig(config)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers[:], root.level = before
    structlog.contextvars.clear_contextvars()


def test_a_log_goes_where_standard_error_is_now(monkeypatch):
    """A command that was called from Python configures logging anew, and its streams are closed when it has ended."""
    lent, now = io.StringIO(), io.StringIO()
    root = logging.getLogger()
    before = (list(root.handlers), root.level)
    with monkeypatch.context() as command:
        command.setattr("sys.stderr", lent)
        logging.config.dictConfig(logging_config(level="INFO", is_terminal=False) | {"loggers": {}})
    lent.close()
    monkeypatch.setattr("sys.stderr", now)
    logging.getLogger("shuke.any").info("later")
    root.handlers[:], root.level = before
    assert [json.loads(line)["event"] for line in now.getvalue().splitlines()] == ["later"]


def test_an_exception_that_quotes_a_person_is_redacted_and_keeps_its_place(written):
    try:
        raise ValueError("no account for zhang.wei@example.com, phone +86 138 0013 8000")
    except ValueError:
        logging.getLogger("shuke.any").exception("import of %s failed", "li.na@example.org")
    line = written()[0]
    text = json.dumps(line)
    assert "example.com" not in text
    assert "example.org" not in text
    # As a word: the timestamp has six digits that may hold these.
    assert not re.search(r"\b8000\b", text)
    assert line["event"] == "import of [redacted] failed"
    assert "ValueError: no account for [redacted], phone [redacted]" in line["exception"]
    assert "test_logs.py" in line["exception"]
    assert line["level"] == "error"


def test_a_chained_exception_is_redacted_too(written):
    try:
        try:
            raise KeyError("a@b.example.com")
        except KeyError as cause:
            raise RuntimeError("outer 13800138000") from cause
    except RuntimeError:
        structlog.get_logger("shuke.any").exception("failed")
    text = json.dumps(written())
    assert "example.com" not in text
    assert "13800138000" not in text


def test_private_fields_are_never_logged(written):
    logging.getLogger("x").warning("seen", extra={"email": "x", "facts": {"phone": "y", "count": 3}})
    line = written()[0]
    assert (line["email"], line["facts"]) == ("[redacted]", {"phone": "[redacted]", "count": 3})


def test_context_is_in_every_line_of_any_library(written):
    structlog.contextvars.bind_contextvars(request_id="abc12345")
    logging.getLogger("some.library").warning("hm")
    structlog.get_logger("shuke.own").warning("hm")
    assert [line["request_id"] for line in written()] == ["abc12345", "abc12345"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("write to a.b+c@mail.example.co.uk now", "write to [redacted] now"),
        ("13800138000", "[redacted]"),
        ("+1 202 555 0143", "[redacted]"),
        ("+86-138-0013-8000", "[redacted]"),
        ("(021) 6234 5678", "[redacted]"),
        ("110101199003074477", "[redacted]"),
        ("2026-11-24 22:00:01", "2026-11-24 22:00:01"),
        ("took 1234567 ms at 10.0.0.1:8000", "took 1234567 ms at 10.0.0.1:8000"),
        ("mem_4k0vabcdefgh1234 took 12.345678 s", "mem_4k0vabcdefgh1234 took 12.345678 s"),
    ],
)
def test_contacts_go_and_other_numbers_stay(text, expected):
    assert redact(text) == expected


def test_containers_are_looked_into():
    assert redact_value(["a@example.com", {"x": ("13800138000", 5)}]) == [
        "[redacted]",
        {"x": ["[redacted]", 5]},
    ]


def test_a_fault_does_not_quote_the_link_that_was_opened(written):
    """Links of the preference centre and of members' own pages are keys."""
    resolved = RequestFactory().get("/p/a-secret-token/")
    resolved.resolver_match = resolve("/p/a-secret-token/")
    logging.getLogger("django.request").error(
        "Internal Server Error: %s", resolved.path, extra={"request": resolved, "status_code": 500}
    )
    line = written()[0]
    assert "a-secret-token" not in json.dumps(line)
    assert line["event"] == "Internal Server Error at compliance:preferences"
