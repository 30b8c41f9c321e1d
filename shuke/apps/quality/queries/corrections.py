"""Reading corrections."""

import json
from typing import Any

from django.utils.translation import gettext_lazy as _

from shuke.apps.quality.models import Correction, Issue
from shuke.apps.quality.queries.words import shown_value
from shuke.apps.quality.schemas import CorrectionView
from shuke.platform.crypto import decrypt
from shuke.platform.errors import NotFound

HIDDEN = "•••"


def correction_row(correction_id: str) -> Correction:
    """The row of a correction.  Raises ``NotFound``."""
    row = Correction.objects.select_related("issue").filter(public_id=correction_id).first()
    if row is None:
        raise NotFound("correction_not_found", _("There is no such correction."))
    return row


def correction_view(row: Correction, *, unmask: bool = False) -> CorrectionView:
    """The public view of a row; values of members are hidden."""
    is_hidden = row.table == "members" and not unmask
    before = HIDDEN if is_hidden else json.loads(decrypt(row.before_encrypted))
    after = HIDDEN if is_hidden else json.loads(decrypt(row.after_encrypted))
    currency = row.issue.facts.get("currency") or ""
    return CorrectionView(
        id=row.public_id,
        issue_id=row.issue.public_id,
        rule=row.issue.rule,
        subject=row.issue.subject,
        table=row.table,
        column=row.column,
        before=before,
        after=after,
        shown_before=shown_value(before, column=row.column, currency=currency),
        shown_after=shown_value(after, column=row.column, currency=currency),
        state=row.state,
        actor=row.actor_name,
        created_at=row.created_at,
        reverted_by=row.reverted_by,
        ended_at=row.ended_at,
    )


def corrections_page(
    *, issue_id: str = "", limit: int = 50, offset: int = 0
) -> tuple[list[CorrectionView], int]:
    """Corrections newest first, of one issue where given, and how many there are in all."""
    rows = Correction.objects.select_related("issue").order_by("-pk")
    if issue_id:
        rows = rows.filter(issue__public_id=issue_id)
    return [correction_view(row) for row in rows[offset : offset + limit]], rows.count()


def member_record(member_id: str) -> list[dict[str, Any]]:
    """Issues about a member and what was set instead, in the clear: to hand out what is held."""
    found = []
    for row in Issue.objects.filter(member_id=member_id).order_by("pk"):
        views = [
            correction_view(c, unmask=True) for c in row.corrections.select_related("issue").order_by("pk")
        ]
        found.append(
            {
                "rule": row.rule,
                "state": row.state,
                "first_seen_at": row.first_seen_at.isoformat(),
                "corrections": [
                    view.model_dump(mode="json", exclude={"actor", "reverted_by"}) for view in views
                ],
            }
        )
    return found
