"""Who is to be forgotten, and how far that is."""

from django.utils.translation import gettext_lazy as _

from shuke.apps.compliance.models import ErasureRequest
from shuke.apps.compliance.schemas import ErasureView
from shuke.platform.errors import NotFound

ENDED = ("done", "cancelled")


def erasure_view(row: ErasureRequest) -> ErasureView:
    """The public view of a row."""
    return ErasureView(
        id=row.public_id,
        member_id=row.member_id,
        step=row.step,
        reason=row.reason,
        source=row.source,
        actor_name=row.actor_name,
        counts={name: count for name, count in row.counts.items() if count},
        error=row.error,
        requested_at=row.requested_at,
        started_at=row.started_at,
        settle_at=row.settle_at,
        finished_at=row.finished_at,
    )


def erasure(erasure_id: str) -> ErasureView:
    """One erasure.  Raises ``NotFound``."""
    row = ErasureRequest.objects.filter(public_id=erasure_id).first()
    if row is None:
        raise NotFound("erasure_not_found", _("There is no such erasure."))
    return erasure_view(row)


def erasure_of(member_id: str) -> ErasureView | None:
    """The newest erasure of a member that was not cancelled."""
    rows = ErasureRequest.objects.filter(member_id=member_id).exclude(step="cancelled")
    row = rows.order_by("-pk").first()
    return erasure_view(row) if row else None


def erasures_page(*, limit: int = 50, offset: int = 0, step: str = "") -> tuple[list[ErasureView], int]:
    """Erasures, newest first, of a step where given; and how many there are."""
    rows = ErasureRequest.objects.order_by("-pk")
    if step:
        rows = rows.filter(step=step)
    return [erasure_view(row) for row in rows[offset : offset + limit]], rows.count()


def open_erasures() -> int:
    """How many have not come to their end."""
    return ErasureRequest.objects.exclude(step__in=ENDED).count()
