"""Rows put aside, handed out as they came."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from shuke.apps.connections.queries.batches import batch_row
from shuke.apps.connections.queries.rejected import rejected_csv
from shuke.platform.audit.operations import record_audit
from shuke.platform.permissions import Actor


@transaction.atomic
def hand_out_rejected(*, actor: Actor, at: datetime, batch_id: str) -> Iterable[bytes]:
    """The rows as CSV, with what names people, for those who may import; the audit notes who took them."""
    actor.require("imports.edit")
    subject = ("import", batch_row(batch_id).public_id)
    rows = rejected_csv(batch_id)
    record_audit(actor=actor, at=at, verb="import.rows_downloaded", subject=subject, changes={})
    return rows
