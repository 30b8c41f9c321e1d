"""Delivery events on their way to the lake."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from shuke.apps.channels.models import Message
from shuke.platform.outbox.operations import record


def delivery_fact(
    message: Message, event: str, *, at: datetime, reason: str = "", url: str = "", is_machine: bool = False
) -> dict[str, Any]:
    """One row of the table ``messages``."""
    return {
        "message_id": message.public_id,
        "campaign_id": message.campaign_id or None,
        "channel": message.channel,
        "person_key": message.person_key,
        "event": event,
        "reason": reason or None,
        "occurred_at": at,
        "url": url or None,
        "is_machine": is_machine,
    }


def record_facts(messages: Iterable[tuple[Message, dict[str, Any]]]) -> None:
    """Tell the lake, but for tests, which are no facts about members."""
    record("messages", [fact for message, fact in messages if not message.is_test])
