"""What erasure does to points."""

from shuke.apps.loyalty.models import PointsTransaction


def forget_notes(*, member_id: str) -> int:
    """Empty what people wrote about a member's points; notes lie outside the chain.  Returns how many."""
    rows = PointsTransaction.objects.filter(wallet__member__public_id=member_id)
    return rows.exclude(note="").update(note="")
