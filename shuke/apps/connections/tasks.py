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
from shuke.apps.connections.queries.batches import is_long_work
from shuke.platform.clock import now
from shuke.platform.events import subscribe
from shuke.platform.jobs import LONG, enqueue, has_had_its_turn, report_progress, schedule


@task(queue_name=LONG)
def run_import(batch_id: str) -> None:
    """Take a batch in; a killed worker's job is taken again and goes on."""
    run_batch(
        at=now(),
        batch_id=batch_id,
        tell=lambda done, total, label: report_progress(done=done, total=total, label=label),
    )


@task()
def run_small_import(batch_id: str) -> None:
    """The same for a small file, beside the long queue; not while a large one is under way."""
    if is_long_work(batch_id):
        enqueue(run_import, batch_id, unique_key=_import_key(batch_id))
    else:
        run_import.call(batch_id)


def _import_key(batch_id: str) -> str:
    return f"import:{batch_id}"


@task()
def delete_uploads() -> int:
    """Delete uploads after their retention."""
    return delete_old_uploads(at=now())


@task(queue_name=LONG)
def synchronise(run_id: str) -> None:
    """Do a run of a connection; a killed worker's job is taken again and goes on."""
    run_sync(
        at=now(),
        run_id=run_id,
        tell=lambda done, total, label: report_progress(done=done, total=total, label=label),
        is_turn_over=has_had_its_turn,
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
    fitting = run_import if is_long_work(event.batch_id) else run_small_import
    enqueue(fitting, event.batch_id, unique_key=_import_key(event.batch_id))


@subscribe(SyncRequested)
def queue_sync(event: SyncRequested) -> None:
    """Queue the job in the transaction of the request."""
    enqueue(synchronise, event.run_id, unique_key=f"sync:{event.run_id}", run_after=event.run_at)


schedule("delete old uploads", delete_uploads, cron="40 3 * * *")
schedule("synchronise connections", start_syncs, every_seconds=60)
schedule("forget old synchronisations", forget_runs, cron="50 3 * * *")
