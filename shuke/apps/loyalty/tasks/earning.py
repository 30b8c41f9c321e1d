"""Orders and events of the lake earn in the background."""

from datetime import timedelta

from django_tasks import task

from shuke.apps.collector.events import EventsLoaded
from shuke.apps.connections.events import ImportFinished, SyncFinished
from shuke.apps.connections.queries import sync_batch_ids
from shuke.apps.loyalty.operations.earning.doings import award_birthdays, award_profiles, earn_events
from shuke.apps.loyalty.operations.replaying import earn_batches, earn_recent
from shuke.apps.loyalty.queries.earning_plans import has_event_rules, has_rules
from shuke.platform.clock import now
from shuke.platform.events import subscribe
from shuke.platform.jobs import LONG, enqueue, retried, schedule

#: Kinds of import that bring something of an order.
KINDS = frozenset({"orders", "order_headers", "order_lines", "refunds"})
#: Whose an identifier is arrives in the lake after the batch that told of it.
PATIENCE = timedelta(seconds=30)
#: How far back the nightly look goes for what was left out.
LOOK_BACK = timedelta(days=45)


@task(queue_name=LONG)
@retried(max_attempts=5, backoff_seconds=30)
def earn_from_import(batch_id: str) -> dict[str, int]:
    """Let the orders earn that a batch brought something of; returns how many were new, corrected, returned."""
    return _counts(earn_batches(at=now(), batch_ids=[batch_id]))


@task(queue_name=LONG)
@retried(max_attempts=5, backoff_seconds=30)
def earn_from_sync(run_id: str) -> dict[str, int]:
    """The same for a run of a connection."""
    return _counts(earn_batches(at=now(), batch_ids=sync_batch_ids(run_id)))


@task()
@retried(max_attempts=3, backoff_seconds=30)
def earn_from_events() -> dict[str, int]:
    """Let the events earn that the lake received since the last time."""
    return _counts(earn_events(at=now()))


@task(queue_name=LONG)
@retried(max_attempts=3, backoff_seconds=300)
def earn_by_night() -> dict[str, int]:
    """Birthdays, complete profiles, and whatever the last weeks brought that no job has seen."""
    at = now()
    found = [
        award_birthdays(at=at),
        award_profiles(at=at),
        earn_events(at=at),
        earn_recent(at=at, since=at - LOOK_BACK),
    ]
    return {name: sum(_counts(item)[name] for item in found) for name in _counts(found[0])}


schedule("points: birthdays and what was left out", earn_by_night, cron="20 1 * * *")


def _counts(outcome: object) -> dict[str, int]:
    return {name: getattr(outcome, name) for name in ("orders", "events", "returns", "corrections")}


@subscribe(ImportFinished)
def earn_after_import(event: ImportFinished) -> None:
    """Queue what a batch brought."""
    if event.kind in KINDS and has_rules():
        enqueue(earn_from_import, event.batch_id, run_after=event.at + PATIENCE)
    if event.kind == "events" and has_event_rules():
        enqueue(earn_from_events, unique_key="earn-events", run_after=event.at + PATIENCE)


@subscribe(SyncFinished)
def earn_after_sync(event: SyncFinished) -> None:
    """Queue what a connection brought."""
    if has_rules():
        enqueue(earn_from_sync, event.run_id, run_after=event.at + PATIENCE)


@subscribe(EventsLoaded)
def earn_after_loading(event: EventsLoaded) -> None:
    """Queue one look at the events, however many parts are loaded until then."""
    if event.count and has_event_rules():
        enqueue(earn_from_events, unique_key="earn-events", run_after=event.at + PATIENCE)
