"""Handing out what is held on a person."""

from datetime import datetime

from django.db import transaction

from shuke.apps.compliance.queries.exporting import person_archive
from shuke.platform.audit.operations import record_audit
from shuke.platform.permissions import Actor


@transaction.atomic
def export_person(*, actor: Actor, at: datetime, member_id: str) -> bytes:
    """A ZIP file with everything, in the clear; the audit notes who took it.  Raises ``NotFound``."""
    actor.require("members.unmask")
    archive = person_archive(member_id, at=at)
    record_audit(
        actor=actor,
        at=at,
        verb="member.exported",
        subject=("member", member_id),
        changes={"bytes": [0, len(archive)]},
    )
    return archive
