"""What campaigns tell."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class CampaignFinished:
    """A campaign's messages are all at their end; ``is_stopped`` if somebody stopped it."""

    campaign_id: str
    at: datetime
    is_stopped: bool
