"""Work in the background: making, issuing and cancelling batches; holds and vouchers whose time is over."""

from django_tasks import task

from shuke.apps.promotions import operations
from shuke.apps.promotions.queries import batch, unfinished_batches
from shuke.platform.clock import now
from shuke.platform.jobs import LONG, enqueue, has_had_its_turn, report_progress, retried, schedule


class _TurnOver(Exception):
    """Others wait for the worker; the batch is left between two blocks."""


def _tell(done: int, total: int) -> None:
    report_progress(done=done, total=total, label="vouchers")
    if has_had_its_turn():
        raise _TurnOver


@task()
@retried(max_attempts=5, backoff_seconds=10)
def carry_on(batch_id: str) -> int:
    """Make, issue or cancel what a batch still lacks; a killed run goes on here.  Returns how many.

    A large batch lets others through now and then: the next look at all batches goes on with it.
    """
    try:
        return _carry_on(batch_id)
    except _TurnOver:
        return 0


def _carry_on(batch_id: str) -> int:
    view = batch(batch_id)
    if view.state == "cancelling":
        return operations.cancel_batch(batch_id=batch_id, at=now(), tell=_tell)
    if view.kind == "audience":
        return operations.issue_to_audience(batch_id=batch_id, tell=_tell)
    return operations.make_codes(batch_id=batch_id, tell=_tell)


@task()
def carry_on_all() -> int:
    """Queue one job for every batch that needs work; returns how many."""
    found = unfinished_batches()
    for batch_id in found:
        enqueue(carry_on, batch_id, unique_key=f"vouchers:{batch_id}")
    return len(found)


@task()
def end_timed_out() -> int:
    """Let go of vouchers whose purchase never came; returns how many purchases."""
    return operations.end_timed_out_vouchers(at=now())


@task(queue_name=LONG)
@retried(max_attempts=3, backoff_seconds=60)
def expire() -> int:
    """Write down that the time of vouchers is over; returns how many."""
    return operations.expire_vouchers(at=now())


schedule("vouchers: batches", carry_on_all, every_seconds=3)
schedule("vouchers: holds that ran out", end_timed_out, every_seconds=60)
schedule("vouchers: expire", expire, cron="20 0 * * *")
