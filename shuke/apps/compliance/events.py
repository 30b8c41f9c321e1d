"""What compliance tells."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class ConsentWithdrawn:
    """A member does not want a channel any more."""

    member_id: str
    channel: str
    purpose: str
    at: datetime
