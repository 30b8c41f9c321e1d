"""What a person decides about an issue without changing any data."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from shuke.apps.quality.models import Issue
from shuke.apps.quality.queries.issues import issue_row, issue_view
from shuke.apps.quality.schemas import IssueView
from shuke.platform.audit.operations import record_audit
from shuke.platform.errors import Invalid, Refused
from shuke.platform.permissions import Actor

DECISIONS = ("accepted", "ignored", "open")


@transaction.atomic
def decide(*, actor: Actor, at: datetime, issue_id: str, decision: str) -> IssueView:
    """``accepted``: it is right so.  ``ignored``: not worth it.  ``open``: take such a decision back.

    Holds as long as the facts stay.  Refuses an issue that was corrected: take the correction back instead.
    """
    if decision not in DECISIONS:
        raise Invalid(
            "unknown_decision", _("Choose to accept, to ignore or to open."), {"known": list(DECISIONS)}
        )
    row = Issue.objects.select_for_update().get(pk=issue_row(issue_id).pk)
    if row.state == "corrected":
        raise Refused("issue_corrected", _("The issue was corrected. Take the correction back first."))
    if row.state != decision:
        record_audit(
            actor=actor,
            at=at,
            verb="quality.decided",
            subject=("issue", issue_id),
            changes={"state": [row.state, decision]},
        )
        row.state = decision
        row.decided_by, row.decided_at = ("", None) if decision == "open" else (actor.name[:120], at)
        row.save(update_fields=["state", "decided_by", "decided_at"])
    return issue_view(row)
