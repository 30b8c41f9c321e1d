"""Refusals: what a person asked for and cannot have, with the reason and the mend."""

from collections.abc import Mapping
from typing import Any


class Refused(Exception):
    """A request that is refused and has changed nothing.

    ``code`` is short and stable for machines, ``message`` is a (lazily translated) sentence for
    people that says what, where and how to mend it, ``details`` holds facts for the caller.
    """

    status = 409

    def __init__(self, code: str, message: Any, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.details = dict(details or {})

    def __str__(self) -> str:
        return str(self.message)


class NotFound(Refused):
    """What was asked for does not exist, or not for this person."""

    status = 404


class NotPermitted(Refused):
    """The actor lacks the permission."""

    status = 403


class Invalid(Refused):
    """The input cannot be read: ``details`` maps each field to its messages."""

    status = 422
