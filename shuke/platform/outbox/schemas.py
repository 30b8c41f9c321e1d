"""What pages see of the outbox."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class TableFaults:
    """Facts of one lake table that the lake could not take: how many outbox rows, and the first reason."""

    table: str
    count: int
    reason: str
    since: datetime


@dataclass(frozen=True)
class OutboxState:
    """How far the lake is behind the operational database.

    ``waiting`` are outbox rows on their way, ``oldest`` the time the oldest of them was written.
    """

    waiting: int
    oldest: datetime | None
    faults: tuple[TableFaults, ...]
