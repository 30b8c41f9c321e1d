"""Reading imports."""

from datetime import datetime

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from shuke.apps.connections.models import ImportBatch
from shuke.apps.connections.queries.reasons import column_label, reason_text
from shuke.apps.connections.schemas import BatchView, Gap, OutlierView, Report
from shuke.platform.errors import NotFound
from shuke.platform.money import exponent
from shuke.sources.files.kinds import KINDS

#: Some twenty thousand lines of text, two or three seconds of work; ten times as many in Parquet.
LARGE_BYTES = 2 * 2**20


def is_long_work(batch_id: str) -> bool:
    """Whether taking the batch in may take minutes: it is large, or a large one before it is under way.

    Imports go one after the other, so that what follows a large one waits for it, and shall do so where
    it holds nobody else up.
    """
    row = batch_row(batch_id)
    large = ImportBatch.objects.filter(state="running", file_bytes__gt=LARGE_BYTES)
    return row.file_bytes > LARGE_BYTES or large.exclude(pk=row.pk).exists()


def batch_view(row: ImportBatch) -> BatchView:
    """The public view of a batch row."""
    return BatchView(
        id=row.public_id,
        account_id=row.account.public_id,
        account=row.account.name,
        kind=row.kind,
        file_name=row.file_name,
        file_hash=row.file_hash,
        file_bytes=row.file_bytes,
        is_stored=bool(row.stored_name),
        state=row.state,
        settings=row.settings,
        report=_report(row) if row.report else None,
        error_code=row.error_code,
        error_message=row.error_message,
        progress_done=row.progress_done,
        progress_total=row.progress_total,
        progress_label=row.progress_label,
        actor=row.actor_name,
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
    )


def _report(row: ImportBatch) -> Report:
    """The stored report with labels and reasons in the active language."""
    report = Report(**row.report)
    for item in (*report.reasons, *report.notices):
        item.message = reason_text(kind=row.kind, code=item.code, column=item.column)
    for outliers in report.outliers:
        outliers.label = gettext(column_label(row.kind, outliers.field))
        outliers.usual = _usual_range(row, outliers)
    report.gaps = [
        Gap(
            field=name,
            label=gettext(column_label(row.kind, name)),
            share=share,
            filled=report.filled.get(name, 0),
        )
        for name, share in sorted(report.missing.items(), key=lambda item: -item[1])
        if share > 0
    ]
    return report


def _usual_range(row: ImportBatch, outliers: OutlierView) -> str:
    """The bounds as people read them: money with its decimals, nothing below what the field allows."""
    field = KINDS[row.kind].field(outliers.field)
    lower = max(outliers.lower, field.minimum) if field.minimum is not None else outliers.lower
    if field.type != "money":
        return f"{lower:,.0f} – {outliers.upper:,.0f}"
    decimals = exponent(str(row.settings.get("currency") or row.account.currency))
    scale = 10**decimals
    return f"{lower / scale:,.{decimals}f} – {outliers.upper / scale:,.{decimals}f}"


def batch_row(batch_id: str) -> ImportBatch:
    """The row of a batch.  Raises ``NotFound``."""
    row = ImportBatch.objects.select_related("account").filter(public_id=batch_id).first()
    if row is None:
        raise NotFound("import_not_found", _("There is no such import."))
    return row


def batch(batch_id: str) -> BatchView:
    """One import.  Raises ``NotFound``."""
    return batch_view(batch_row(batch_id))


def batches_page(
    *, limit: int = 50, offset: int = 0, kind: str = "", state: str = ""
) -> tuple[list[BatchView], int]:
    """Imports newest first, and how many there are in all."""
    rows = ImportBatch.objects.select_related("account").order_by("-created_at", "-pk")
    if kind:
        rows = rows.filter(kind=kind)
    if state:
        rows = rows.filter(state=state)
    return [batch_view(row) for row in rows[offset : offset + limit]], rows.count()


def earlier_batch(view: BatchView) -> BatchView | None:
    """A finished import of the very same bytes as the same kind into the same account."""
    rows = ImportBatch.objects.select_related("account").filter(
        file_hash=view.file_hash, kind=view.kind, account__public_id=view.account_id, state="done"
    )
    row = rows.exclude(public_id=view.id).order_by("-finished_at").first()
    return batch_view(row) if row else None


def stored_uploads(before: datetime) -> int:
    """How many uploads from before that moment are still stored."""
    return ImportBatch.objects.filter(created_at__lt=before).exclude(stored_name="").count()
