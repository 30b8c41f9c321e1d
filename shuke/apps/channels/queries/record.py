"""What was written to a member, for the member's own export."""

from typing import Any

from shuke.apps.channels.models import Message
from shuke.apps.channels.queries.messages import message_content


def messages_record(member_id: str) -> list[dict[str, Any]]:
    """Every message to the member with its content, oldest first."""
    return [
        {
            "id": row.public_id,
            "campaign_id": row.campaign_id,
            "channel": row.channel,
            "purpose": row.purpose,
            "state": row.state,
            "queued_at": row.queued_at.isoformat(),
            "sent_at": row.sent_at.isoformat() if row.sent_at else None,
            "opened_at": row.opened_at.isoformat() if row.opened_at else None,
            "clicked_at": row.clicked_at.isoformat() if row.clicked_at else None,
            "content": message_content(row.public_id, unmask=True).model_dump(mode="json")
            if row.content_encrypted
            else None,
        }
        for row in Message.objects.filter(member__public_id=member_id).order_by("pk")
    ]
