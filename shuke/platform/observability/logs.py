"""Structured logs: one JSON object a line, coloured lines on a terminal, contacts taken out of both."""

import logging
import sys
import traceback
from collections.abc import Iterator
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from shuke.platform.observability.redaction import REDACTED, is_private, redact, redact_value

#: Set by ourselves: names of code, times and ids, which redaction would only spoil.
OWN_KEYS = frozenset({"timestamp", "level", "logger", "request_id", "job_id", "task", "exception"})


def without_personal_data(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """The last processor before rendering: no contact and no private field passes, wherever it came from."""
    return {
        key: value
        if key in OWN_KEYS or key.startswith("_")
        else REDACTED
        if is_private(key)
        else redact_value(value)
        for key, value in event.items()
    }


def redacted_exception(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Render the exception's traceback as text, with its messages redacted."""
    info = event.pop("exc_info", None)
    if not info:
        return event
    error = (
        info if isinstance(info, BaseException) else info[1] if isinstance(info, tuple) else sys.exc_info()[1]
    )
    if error is not None:
        event["exception"] = "".join(_redacted_lines(traceback.format_exception(error)))
    return event


def _redacted_lines(lines: list[str]) -> Iterator[str]:
    """Everything but the first line of a frame, which names file, line and function."""
    for line in lines:
        place, newline, source = line.partition("\n") if line.startswith("  File ") else ("", "", line)
        yield f"{place}{newline}{redact(source)}"


SHARED: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    redacted_exception,
    without_personal_data,
]


class StandardError(logging.StreamHandler[TextIO]):
    """Writes to what is standard error at that moment.

    A stream that is kept may be closed by then: who calls a command from Python, as tests do, lends it another one.
    """

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        return sys.stderr


def logging_config(*, level: str, is_terminal: bool | None = None) -> dict[str, Any]:
    """Django's LOGGING: every library's log goes through the same processors, to standard error."""
    if is_terminal is None:
        is_terminal = sys.stderr.isatty()
    render: Processor = (
        structlog.dev.ConsoleRenderer()
        if is_terminal
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "structured": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": SHARED,
                "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
            }
        },
        "filters": {"route": {"()": "shuke.platform.observability.middleware.RouteInsteadOfPath"}},
        "handlers": {"stderr": {"()": StandardError, "formatter": "structured"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # Django's own handlers would print a second time, and mail what they print.
            "django": {"handlers": [], "level": "INFO", "propagate": True},
            "django.server": {"handlers": [], "level": "WARNING", "propagate": True},
            # Every request has a line of our own; this one quotes the path, which may be a member's own link.
            "django.request": {"level": "ERROR", "filters": ["route"]},
            "django_tasks": {"level": "CRITICAL"},
            "procrastinate": {"level": "WARNING"},
            # It quotes the whole address of each call, and shops take keys and search words in it.
            "httpx": {"level": "WARNING"},
        },
    }


def configure_structlog() -> None:
    """Let ``structlog.get_logger()`` write through the same handlers as the standard library."""
    structlog.configure(
        processors=[*SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def bind_process(kind: str) -> None:
    """Name the process in everything it logs: console, worker or relay."""
    structlog.contextvars.bind_contextvars(process=kind)
    logging.captureWarnings(capture=True)
