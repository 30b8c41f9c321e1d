"""Reading the audit."""

from collections.abc import Sequence
from datetime import datetime

from shuke.platform.audit.models import AuditEntry
from shuke.platform.audit.schemas import AuditView


def audit_entries(
    *,
    limit: int = 50,
    offset: int = 0,
    subject: tuple[str, str] | None = None,
    actor_id: str = "",
    verb: str = "",
) -> tuple[list[AuditView], int]:
    """Entries newest first, and how many there are in all."""
    rows = AuditEntry.objects.order_by("-at", "-pk")
    if subject:
        rows = rows.filter(subject_kind=subject[0], subject_id=subject[1])
    if actor_id:
        rows = rows.filter(actor_id=actor_id)
    if verb:
        rows = rows.filter(verb__startswith=verb)
    return [AuditView.from_orm(row) for row in rows[offset : offset + limit]], rows.count()


def entries_of_verbs(
    verbs: Sequence[str], *, limit: int = 50, offset: int = 0
) -> tuple[list[AuditView], int]:
    """Entries with one of the verbs, newest first, and how many there are in all."""
    rows = AuditEntry.objects.filter(verb__in=list(verbs)).order_by("-at", "-pk")
    return [AuditView.from_orm(row) for row in rows[offset : offset + limit]], rows.count()


def audit_verbs() -> list[str]:
    """Every verb that occurs, in alphabetical order."""
    return list(AuditEntry.objects.order_by("verb").values_list("verb", flat=True).distinct())


def entries_before(moment: datetime) -> int:
    """How many entries are older than that."""
    return AuditEntry.objects.filter(at__lt=moment).count()
