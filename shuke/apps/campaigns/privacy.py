"""What campaigns hands out and erases."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from shuke.apps.campaigns.operations.forgetting import forget_runs
from shuke.apps.campaigns.queries.record import runs_record
from shuke.platform.privacy import register_eraser, register_exporter


@register_exporter("campaigns")
def export(member_id: str) -> list[dict[str, Any]]:
    """Which campaigns the member was chosen for."""
    return runs_record(member_id)


@register_eraser("campaigns")
def erase(member_id: str, _at: datetime) -> Iterable[str]:
    """Delete the member's places in runs."""
    forget_runs(member_id=member_id)
    return ()
