"""The last events of a source as people may see them."""

from datetime import datetime

from shuke.apps.collector.queries.arrivals import recent_events
from shuke.apps.collector.rules.masking import masked, shortened
from shuke.apps.collector.schemas import RecentEvent


def live_events(source_id: str, *, at: datetime, state: str = "", limit: int = 50) -> list[RecentEvent]:
    """Newest first, with whatever looks personal masked; ``state`` may ask for accepted or quarantined ones."""
    found = recent_events(source_id, at=at, limit=limit)
    return [_shown(event) for event in found if not state or event.state == state]


def _shown(event: RecentEvent) -> RecentEvent:
    return event.model_copy(
        update={
            "name": str(masked(event.name)),
            "message_id": str(masked(event.message_id)),
            "person_key": shortened(event.person_key),
            "anonymous_id": shortened(str(masked(event.anonymous_id))),
            "properties": masked(event.properties),
            "context": masked(event.context),
        }
    )
