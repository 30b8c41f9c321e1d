"""Deleting uploads: they hold personal data and are not needed once they were taken in."""

from datetime import datetime, timedelta

from shuke.apps.connections.models import ImportBatch
from shuke.apps.connections.queries.files import uploads_folder

KEEP_DAYS = 14


def delete_old_uploads(*, at: datetime, keep_days: int = KEEP_DAYS) -> int:
    """Delete files of imports older than the retention that do not run, and files nobody knows.

    Returns how many files were deleted.
    """
    rows = ImportBatch.objects.exclude(stored_name="").exclude(state="running")
    deleted = 0
    for row in rows.filter(created_at__lt=at - timedelta(days=keep_days)):
        (uploads_folder() / row.stored_name).unlink(missing_ok=True)
        row.stored_name = ""
        row.save(update_fields=["stored_name"])
        deleted += 1
    return deleted + _delete_strays(at - timedelta(days=1))


def _delete_strays(before: datetime) -> int:
    """Files whose upload was killed before the batch was written."""
    if not uploads_folder().exists():
        return 0
    known = set(ImportBatch.objects.exclude(stored_name="").values_list("stored_name", flat=True))
    deleted = 0
    for path in uploads_folder().iterdir():
        if path.name not in known and path.stat().st_mtime < before.timestamp():
            path.unlink(missing_ok=True)
            deleted += 1
    return deleted
