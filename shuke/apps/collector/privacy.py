"""What the collector erases: events in the spool, which are kept for a week after they were loaded.

What it knows of a member is in the lake, and handed out and erased from there.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from shuke.apps.collector.operations.erasing import erase_from_spool
from shuke.platform.privacy import Trace, register_eraser, register_exporter, register_sweeper


@register_exporter("collector")
def export(_member_id: str) -> dict[str, Any]:
    """Nothing: no table of the collector names a member."""
    return {}


@register_eraser("collector")
def erase(_member_id: str, _at: datetime) -> Iterable[str]:
    """Nothing to delete in the database."""
    return ()


@register_sweeper("collector")
def sweep(traces: tuple[Trace, ...], _at: datetime) -> int:
    """Rewrite the segments of the spool without these people's events."""
    return erase_from_spool(traces)
