"""What others see of messages."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ninja import Schema

from shuke.apps.channels.rules.templating import Content, Rendered

__all__ = [
    "Content",
    "EmailSettingsView",
    "MessageContent",
    "MessageView",
    "Recipient",
    "Rendered",
    "RunCounts",
    "SendingOutcome",
]


@dataclass(frozen=True)
class Recipient:
    """Somebody a message is to be queued for; ``fields`` are what templates see as ``member``."""

    member_id: str
    person_key: str
    variant: str
    language: str
    fields: Mapping[str, Any]


@dataclass(frozen=True)
class SendingOutcome:
    """What one call of ``send_queued`` did, by end state; ``is_finished``: nothing is queued or being sent."""

    counts: Mapping[str, int]
    is_finished: bool


class MessageView(Schema):
    """One message."""

    id: str
    campaign_id: str
    member_id: str
    channel: str
    purpose: str
    variant: str
    language: str
    is_test: bool
    state: str
    reason: str
    attempts: int
    queued_at: datetime
    sent_at: datetime | None
    opened_at: datetime | None
    clicked_at: datetime | None


class MessageContent(Schema):
    """A message as it was sent."""

    subject: str
    text: str
    html: str
    address: str


class RunCounts(Schema):
    """Messages of a run by state; ``opened`` and ``clicked`` by people."""

    queued: int = 0
    sending: int = 0
    sent: int = 0
    delivered: int = 0
    bounced: int = 0
    suppressed: int = 0
    failed: int = 0
    uncertain: int = 0
    opened: int = 0
    clicked: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.waiting + self.ended

    @property
    def waiting(self) -> int:
        """Not yet at their end."""
        return self.queued + self.sending

    @property
    def ended(self) -> int:
        """At their end."""
        return self.sent + self.delivered + self.bounced + self.suppressed + self.failed + self.uncertain

    @property
    def accepted(self) -> int:
        """Taken by the other side, whatever came later."""
        return self.sent + self.delivered


class EmailSettingsView(Schema):
    """The mail server without its password."""

    host: str
    port: int
    security: str
    username: str
    has_password: bool
    messages_per_second: float
    is_tracking: bool
