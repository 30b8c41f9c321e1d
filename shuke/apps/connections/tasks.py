"""Jobs of imports and synchronisations."""

from django_tasks import task

from shuke.apps.connections.events import ImportRequested, SyncRequested
from shuke.apps.connections.operations import (
    delete_old_runs,
    delete_old_uploads,
    run_batch,
    run_sync,
    start_due_syncs,
)
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


@task()
def synchronise(run_id: str) -> None:
    """Do a run of a connection; a killed worker's job is taken again and goes on."""
    run_sync(
        at=now(),
        run_id=run_id,
        tell=lambda done, total, label: report_progress(done=done, total=total, label=label),
    )


@task()
def start_syncs() -> int:
    """Start the runs of connections that are due."""
    return start_due_syncs(at=now())


@task()
def forget_runs() -> int:
    """Forget old runs and webhook deliveries."""
    return delete_old_runs(at=now())


@subscribe(ImportRequested)
def queue_import(event: ImportRequested) -> None:
    """Queue the job in the transaction of the request."""
    enqueue(run_import, event.batch_id, unique_key=f"import:{event.batch_id}")


@subscribe(SyncRequested)
def queue_sync(event: SyncRequested) -> None:
    """Queue the job in the transaction of the request."""
    enqueue(synchronise, event.run_id, unique_key=f"sync:{event.run_id}", run_after=event.run_at)


schedule("delete old uploads", delete_uploads, cron="40 3 * * *")
schedule("synchronise connections", start_syncs, every_seconds=60)
schedule("forget old synchronisations", forget_runs, cron="50 3 * * *")
