"""Something of a file that was read in a way worth telling, without putting rows aside."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Note:
    """How often it happened, with the numbers of the first rows; ``code`` is one of ``reasons.REASONS``."""

    code: str
    column: str
    count: int
    rows: tuple[int, ...] = ()
