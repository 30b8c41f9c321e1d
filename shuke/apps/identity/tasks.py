"""Searches and their application in the background, and by night if the retailer wants that."""

from django_tasks import task

from shuke.apps.identity.events import SearchApproved, SearchWanted
from shuke.apps.identity.operations import apply_search, search_members, start_applying, start_search
from shuke.apps.identity.queries import match_policy
from shuke.platform.clock import now
from shuke.platform.events import subscribe
from shuke.platform.jobs import LONG, enqueue, report_progress, retried, schedule
from shuke.platform.permissions import SYSTEM


@task(queue_name=LONG)
@retried(max_attempts=2, backoff_seconds=30)
def search(run_id: str) -> None:
    """Carry a search out; it proposes and changes nothing."""
    search_members(at=now(), run_id=run_id, tell=_tell)


@task(queue_name=LONG)
@retried(max_attempts=5, backoff_seconds=30)
def apply(run_id: str) -> int:
    """Apply a search; returns the number of merges."""
    return apply_search(actor=SYSTEM, at=now(), run_id=run_id, tell=_tell)


@task(queue_name=LONG)
def tend_identity() -> int:
    """Search by the rules and apply what is sure, where the retailer chose so; returns the merges."""
    if not match_policy().is_nightly:
        return 0
    at = now()
    run_id = start_search(actor=SYSTEM, at=at, method="rules", in_background=False)
    search_members(at=at, run_id=run_id, tell=_tell)
    start_applying(actor=SYSTEM, at=at, run_id=run_id, in_background=False)
    return apply_search(actor=SYSTEM, at=at, run_id=run_id, tell=_tell)


def _tell(done: int, total: int, label: str) -> None:
    report_progress(done=done, total=total, label=label)


@subscribe(SearchWanted)
def queue_search(event: SearchWanted) -> None:
    """Let a worker search."""
    enqueue(search, event.run_id, unique_key=f"identity {event.run_id}")


@subscribe(SearchApproved)
def queue_application(event: SearchApproved) -> None:
    """Let a worker apply."""
    enqueue(apply, event.run_id, unique_key=f"identity {event.run_id}")


schedule("identity: one person from many identifiers", tend_identity, cron="50 1 * * *")
