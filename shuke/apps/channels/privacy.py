"""What channels hands out and erases."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from shuke.apps.channels.operations.forgetting import forget_messages
from shuke.apps.channels.queries.record import messages_record
from shuke.platform.privacy import register_eraser, register_exporter


@register_exporter("channels")
def export(member_id: str) -> list[dict[str, Any]]:
    """Every message that was written to the member."""
    return messages_record(member_id)


@register_eraser("channels")
def erase(member_id: str, _at: datetime) -> Iterable[str]:
    """Delete the messages; those not sent yet are never sent."""
    return forget_messages(member_id=member_id)
