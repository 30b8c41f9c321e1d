"""What others see of sources, keys, plans and what came."""

from datetime import date, datetime
from typing import Any, Literal

from ninja import Schema
from pydantic import Field

PropertyType = Literal["text", "number", "integer", "boolean", "time", "list", "object"]
Role = Literal["server", "web", "trusted_web"]
SourceKind = Literal["server", "web", "mobile"]


class WriteKeyView(Schema):
    """One write key; the key itself is shown once, when it is made."""

    id: str
    role: str
    prefix: str
    created_at: datetime
    revoked_at: datetime | None

    @property
    def is_active(self) -> bool:
        """Whether it still opens."""
        return self.revoked_at is None


class NewWriteKey(Schema):
    """A key that was made just now.  ``key`` cannot be shown again."""

    id: str
    role: str
    key: str


class SourceView(Schema):
    """One source with its keys and what came in the last days."""

    id: str
    name: str
    kind: str
    account_id: str
    account: str
    is_active: bool
    events_per_second: int | None
    created_at: datetime
    write_keys: list[WriteKeyView]
    accepted_7_days: int = 0
    rejected_7_days: int = 0
    violations_7_days: int = 0
    last_at: datetime | None = None


class SourceDayView(Schema):
    """What came on one business day."""

    day: date
    accepted: int
    duplicates: int
    rejected: int
    violations: int


class PropertyRule(Schema):
    """What a property of an expected event must be."""

    name: str = Field(min_length=1, max_length=120)
    type: PropertyType = "text"
    is_required: bool = False


class ExpectedEventView(Schema):
    """One event of a tracking plan."""

    id: str
    name: str
    note: str
    properties: list[PropertyRule]
    updated_at: datetime


class ViolationView(Schema):
    """One way in which events broke the plan, summed over the days asked for; ``trend`` is per day, oldest first."""

    event: str
    property: str
    code: str
    count: int
    last_at: datetime
    trend: list[int]


class RecentEvent(Schema):
    """One event of the debugger, newest first.

    ``state`` is accepted or quarantined.  Of a quarantined one ``reasons`` says why, and ``properties`` shows
    only the shape of what came.  Direct identifiers are in neither.
    """

    state: Literal["accepted", "quarantined"]
    type: str
    name: str
    message_id: str
    person_key: str
    anonymous_id: str
    occurred_at: datetime | None
    received_at: datetime
    properties: dict[str, Any] | None
    context: dict[str, Any] | None
    reasons: list[str] = Field(default_factory=list)


class Lag(Schema):
    """How far the loader is behind the collector."""

    bytes: int
    oldest_at: datetime | None
