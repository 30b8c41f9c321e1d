"""Checking a file without taking anything in."""

import time
from dataclasses import asdict
from datetime import datetime

import polars as pl
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from shuke.apps.connections.models import ImportBatch
from shuke.apps.connections.operations.quarantine import note_counts, reason_counts
from shuke.apps.connections.operations.stored import count_known
from shuke.apps.connections.queries.batches import batch_row, batch_view
from shuke.apps.connections.queries.files import kind_named, profile_of, read_source, refusal_of, stored_path
from shuke.apps.connections.schemas import BatchView, OutlierView, Report
from shuke.platform.audit.operations import record_audit
from shuke.platform.errors import Refused
from shuke.platform.permissions import Actor
from shuke.sources.files.checking import Checked, check
from shuke.sources.files.errors import UnreadableFileError
from shuke.sources.files.fields import PERSON_FIELD_NAMES, FileKind
from shuke.sources.files.mapping import check_mapping
from shuke.sources.files.profiles import Profile
from shuke.sources.files.reading import SourceTable


def checked_file(row: ImportBatch, *, at: datetime) -> tuple[FileKind, SourceTable, Profile, Checked]:
    """Read and check the file of a batch.  Raises ``Invalid`` where no row could be taken."""
    kind = kind_named(row.kind)
    source = read_source(stored_path(row), row.settings)
    profile = profile_of(row.account, kind, given=row.settings, source=source)
    try:
        check_mapping(kind, profile, source.headers)
    except UnreadableFileError as error:
        raise refusal_of(error) from error
    return kind, source, profile, check(kind, source, profile, at=at)


def report_of(source: SourceTable, checked: Checked, *, is_dry_run: bool) -> Report:
    """The report of a check; a run adds what it did to the lake."""
    persons = [name for name in PERSON_FIELD_NAMES if name in checked.rows.columns]
    nobody = (
        checked.rows.select(pl.all_horizontal(pl.col(persons).is_null())).to_series().sum() if persons else 0
    )
    distinct = (
        checked.rows.select(pl.struct(persons).n_unique()).item() if persons and checked.rows.height else 0
    )
    return Report(
        is_dry_run=is_dry_run,
        total=checked.total,
        accepted=checked.rows.height,
        rejected=checked.rejected_rows,
        duplicates=checked.duplicates,
        flagged=sum(item.count for item in checked.outliers),
        persons=distinct - (1 if nobody else 0),
        anonymous=int(nobody),
        reasons=reason_counts(checked.rejected),
        notices=note_counts(checked.notes),
        missing={name: round(share, 6) for name, share in checked.missing.items()},
        filled=dict(checked.filled),
        outliers=[OutlierView(**asdict(item)) for item in checked.outliers],
        format=source.format,
        encoding=source.encoding,
        separator=source.separator,
    )


def check_batch(*, actor: Actor, at: datetime, batch_id: str) -> BatchView:
    """Check the file and write the report on the batch; the lake and the members stay as they are.

    ``unchanged`` counts rows whose key the lake knows already (their content is compared in the run).
    """
    row = batch_row(batch_id)
    if row.state in {"running", "done"}:
        raise Refused(
            "import_not_open", _("This import was started already; upload the file again to change it.")
        )
    began = time.monotonic()
    kind, source, _profile, checked = checked_file(row, at=at)
    report = report_of(source, checked, is_dry_run=True)
    report.unchanged = count_known(kind, checked.rows, account_id=row.account.public_id)
    report.seconds = round(time.monotonic() - began, 3)
    with transaction.atomic():
        row.report, row.state = report.model_dump(mode="json"), "checked"
        row.error_code, row.error_message = "", ""
        row.save(update_fields=["report", "state", "error_code", "error_message"])
        changes = {"rows": [None, report.total], "rejected": [None, report.rejected]}
        record_audit(actor=actor, at=at, verb="import.checked", subject=("import", batch_id), changes=changes)
    return batch_view(row)
