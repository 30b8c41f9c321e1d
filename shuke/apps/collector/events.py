"""What the collector tells."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class ConsentReported:
    """A visitor answered a consent banner.

    ``person_key`` is that of the customer number if one was given, else of the device; whose it is, identity
    knows.  ``preferences`` maps a category such as ``analytics`` or ``advertising``, or ``<channel>.<purpose>``,
    to whether it was granted.  ``evidence`` holds what the page says it showed (text, url, gpc, message_id).
    Told in the transaction in which the person is resolved, and possibly more than once: a subscriber
    must take the same answer twice without harm.
    """

    source_id: str
    account_id: str
    person_key: str
    preferences: Mapping[str, bool]
    decided_at: datetime
    evidence: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class EventsLoaded:
    """Events have arrived in the lake.  ``count`` of them are new."""

    count: int
    at: datetime
