"""Points given or taken by hand, and what waits for a second person."""

from typing import Literal, cast

from django.utils.translation import gettext_lazy as _

from shuke.apps.loyalty.models import Adjustment
from shuke.apps.loyalty.schemas.care import AdjustmentView
from shuke.platform.errors import NotFound

State = Literal["waiting", "posted", "rejected"]


def adjustment_view(row: Adjustment) -> AdjustmentView:
    """The public view of a row."""
    return AdjustmentView(
        id=row.public_id,
        state=cast("State", row.state),
        member_id=row.member.public_id,
        points_type=row.points_type.code,
        points=row.points,
        reason=row.reason,
        note=row.note,
        requester_id=row.requester_id,
        requester_name=row.requester_name,
        requested_at=row.requested_at,
        decider_name=row.decider_name,
        decided_at=row.decided_at,
        answer=row.answer,
        transaction_id=row.transaction.public_id if row.transaction else None,
    )


def adjustment_row(adjustment_id: str, *, lock: bool = False) -> Adjustment:
    """The row of an adjustment.  Raises ``NotFound``."""
    rows = Adjustment.objects.select_for_update() if lock else Adjustment.objects
    row = rows.filter(public_id=adjustment_id).first()
    if row is None:
        raise NotFound("adjustment_not_found", _("There is no such adjustment."))
    return row


def adjustment(adjustment_id: str) -> AdjustmentView:
    """One adjustment.  Raises ``NotFound``."""
    return adjustment_view(adjustment_row(adjustment_id))


def adjustments(
    *, state: str = "", member_id: str = "", limit: int = 50, offset: int = 0
) -> tuple[list[AdjustmentView], int]:
    """Adjustments in a state (empty: any) or of a member, newest first, and how many there are."""
    rows = Adjustment.objects.select_related("member", "points_type", "transaction")
    if state:
        rows = rows.filter(state=state)
    if member_id:
        rows = rows.filter(member__public_id=member_id)
    shown = rows.order_by("-requested_at", "-pk")[offset : offset + limit]
    return [adjustment_view(row) for row in shown], rows.count()


def adjustments_waiting() -> int:
    """How many adjustments wait for a second person."""
    return Adjustment.objects.filter(state="waiting").count()
