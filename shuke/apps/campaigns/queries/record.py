"""A member's part in campaigns, for the member's own export."""

from typing import Any

from shuke.apps.campaigns.models import RunMember


def runs_record(member_id: str) -> list[dict[str, Any]]:
    """Every run the member was chosen for, with the arm chance gave."""
    rows = RunMember.objects.filter(member__public_id=member_id).select_related("run__campaign")
    return [
        {
            "campaign_id": row.run.campaign.public_id,
            "started_at": row.run.started_at.isoformat(),
            "arm": row.arm,
        }
        for row in rows.order_by("pk")
    ]
