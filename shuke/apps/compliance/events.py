"""What compliance tells."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class ConsentWithdrawn:
    """A member does not want a channel any more; ``brand`` empty means of no brand."""

    member_id: str
    channel: str
    purpose: str
    at: datetime
    brand: str = ""


@dataclass(frozen=True)
class ErasureWanted:
    """An erasure, or whatever waits if none is named, is to begin now and not in the night."""

    erasure_id: str


@dataclass(frozen=True)
class MemberErased:
    """Nothing is known of a member any more; its id stays as a name for nobody."""

    member_id: str
    at: datetime
