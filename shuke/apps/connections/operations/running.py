"""Taking a checked file in, so that a run that is killed at any moment can simply be run again.

Every step can be repeated: identifiers are found or created, rows that the lake holds with the same
content are left alone, and the batch is marked as done last.  docs/algorithms/imports.md says why.
"""

import logging
import time
from collections.abc import Callable
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from shuke.apps.connections.events import ImportFinished, ImportRequested
from shuke.apps.connections.models import ImportBatch
from shuke.apps.connections.operations.checking import checked_file, report_of
from shuke.apps.connections.operations.taking import take_in
from shuke.apps.connections.queries.batches import batch_row, batch_view
from shuke.apps.connections.schemas import BatchView, Origin, Report
from shuke.platform.audit.operations import record_audit
from shuke.platform.errors import Refused
from shuke.platform.events import emit
from shuke.platform.locks import exclusive
from shuke.platform.permissions import SYSTEM, Actor

log = logging.getLogger(__name__)

#: Told how far a run is: done, total, what is done now.
Tell = Callable[[int, int, str], None]

READING = gettext_noop("Reading and checking")
STEPS = 100


@transaction.atomic
def request_import(*, actor: Actor, at: datetime, batch_id: str) -> BatchView:
    """Start a batch as a job.  Refuses one that was started already, and one whose mapping lacks a field."""
    row = batch_row(batch_id)
    if row.state not in {"uploaded", "checked", "failed"}:
        raise Refused(
            "import_not_open", _("This import was started already; upload the file again to change it.")
        )
    row.state, row.error_code, row.error_message = "running", "", ""
    row.progress_done, row.progress_total, row.progress_label = 0, STEPS, READING
    row.save()
    record_audit(actor=actor, at=at, verb="import.started", subject=("import", batch_id), changes={})
    emit(ImportRequested(batch_id))
    row.refresh_from_db()
    return batch_view(row)


def run_batch(*, at: datetime, batch_id: str, tell: Tell | None = None, actor: Actor = SYSTEM) -> BatchView:
    """Take a batch in.  Running it again changes nothing; a run that was killed goes on.

    A refusal is written on the batch, which is then ``failed``, and raised.
    """
    row = batch_row(batch_id)
    if row.state == "done":
        return batch_view(row)
    run = _Run(row, at=at, tell=tell or (lambda *_told: None))
    # One at a time: two files with the same new order must not both find it missing.
    with exclusive("imports"):
        try:
            report = run.take_in()
        except Refused as refusal:
            _mark_failed(row, code=refusal.code, message=str(refusal.message), at=at)
            raise
        except Exception:
            _mark_failed(row, code="fault", message="", at=at)
            raise
    return _mark_done(row, report, at=at, actor=actor)


def _mark_failed(row: ImportBatch, *, code: str, message: str, at: datetime) -> None:
    row.state, row.error_code, row.error_message, row.finished_at = "failed", code[:40], message, at
    row.save(update_fields=["state", "error_code", "error_message", "finished_at"])


@transaction.atomic
def _mark_done(row: ImportBatch, report: Report, *, at: datetime, actor: Actor) -> BatchView:
    row.state, row.report, row.finished_at = "done", report.model_dump(mode="json"), at
    row.progress_done, row.progress_total, row.progress_label = STEPS, STEPS, ""
    row.error_code, row.error_message = "", ""
    row.save()
    changes = {
        name: [None, getattr(report, name)] for name in ("accepted", "corrected", "unchanged", "rejected")
    }
    record_audit(
        actor=actor, at=at, verb="import.finished", subject=("import", row.public_id), changes=changes
    )
    emit(ImportFinished(batch_id=row.public_id, kind=row.kind, at=at))
    return batch_view(row)


class _Run:
    def __init__(self, row: ImportBatch, *, at: datetime, tell: Tell) -> None:
        account = row.account
        self.row, self.at, self._tell = row, at, tell
        self.origin = Origin(
            batch_id=row.public_id,
            account_id=account.public_id,
            account_name=account.name,
            sales_channel=account.sales_channel,
            region=account.region,
            source=f"import:{account.public_id}",
        )

    def tell(self, done: int, label: str) -> None:
        """Write the progress where pages and the job's owner see it."""
        ImportBatch.objects.filter(pk=self.row.pk).update(
            progress_done=done, progress_total=STEPS, progress_label=label, state="running"
        )
        self._tell(done, STEPS, label)

    def take_in(self) -> Report:
        """All steps; the report counts rows of this batch, also those of an interrupted run."""
        began = time.monotonic()
        ImportBatch.objects.filter(pk=self.row.pk).update(started_at=self.at)
        self.row.started_at = self.at
        self.tell(5, READING)
        kind, source, profile, checked = checked_file(self.row, at=self.at)
        report = report_of(source, checked, is_dry_run=False)
        taken = take_in(checked, kind=kind, profile=profile, origin=self.origin, at=self.at, step=self.tell)
        report.accepted, report.corrected, report.unchanged = taken.accepted, taken.corrected, taken.unchanged
        report.rejected, report.reasons, report.notices = taken.rejected, taken.reasons, taken.notices
        report.tables = taken.tables
        report.seconds = round(time.monotonic() - began, 3)
        return report


__all__ = ["request_import", "run_batch"]
