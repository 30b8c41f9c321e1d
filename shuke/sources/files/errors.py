"""Files that cannot be taken at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class UnreadableFileError(Exception):
    """The whole file is refused; ``code`` is stable, ``message`` says what is wrong and how to mend it."""

    def __init__(self, code: str, message: str, **details: Any) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details: Mapping[str, Any] = details
