"""Jobs of imports."""

from django_tasks import task

from shuke.apps.connections.events import ImportRequested
from shuke.apps.connections.operations import delete_old_uploads, run_batch
from shuke.platform.clock import now
from shuke.platform.events import subscribe
from shuke.platform.jobs import enqueue, report_progress, schedule


@task()
def run_import(batch_id: str) -> None:
    """Take a batch in; a killed worker's job is taken again and goes on."""
    run_batch(
        at=now(),
        batch_id=batch_id,
        tell=lambda done, total, label: report_progress(done=done, total=total, label=label),
    )


@task()
def delete_uploads() -> int:
    """Delete uploads after their retention."""
    return delete_old_uploads(at=now())


@subscribe(ImportRequested)
def queue_import(event: ImportRequested) -> None:
    """Queue the job in the transaction of the request."""
    enqueue(run_import, event.batch_id, unique_key=f"import:{event.batch_id}")


schedule("delete old uploads", delete_uploads, cron="40 3 * * *")
