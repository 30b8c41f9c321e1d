"""What channels tell."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class MessageBounced:
    """A member's address does not work."""

    message_id: str
    member_id: str
    channel: str
    at: datetime


@dataclass(frozen=True)
class MessageClicked:
    """A person followed a link."""

    message_id: str
    member_id: str
    url: str
    at: datetime
