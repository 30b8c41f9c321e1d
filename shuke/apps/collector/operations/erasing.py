"""Taking people out of the spool, and letting old segments go."""

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from shuke.apps.collector.models import Source
from shuke.apps.collector.operations.remembered import forget_keys
from shuke.apps.collector.queries.spooling import spool, transaction_app
from shuke.platform.privacy import Trace
from shuke.platform.warehouse import lake
from shuke.sources.collector.erasing import Wanted, erase_from_segment
from shuke.sources.collector.spool import place

log = logging.getLogger(__name__)
#: The lake does not force its files to disk: its tail can be loaded again for a week.
KEPT_DAYS = 7
CONTACTS = ("email", "phone")
WAIT_SECONDS = 120.0


def erase_from_spool(traces: Sequence[Trace]) -> int:
    """Remove events of these people from every segment, loaded or not; returns how many records changed.

    Waits for a running loader, and lets the collector begin a new segment first.  Safe to repeat and to kill.
    Raises ``SpoolBusy`` if the loader or the collector does not answer.
    """
    held, wanted = spool(), _wanted(traces)
    if not held.folder.exists():
        return 0
    with held.lock("loader", wait_seconds=WAIT_SECONDS):
        forget_keys(held)
        held.roll(wait_seconds=WAIT_SECONDS)
        return sum(erase_from_segment(held.path(number), wanted) for number in held.complete_segments())


def _wanted(traces: Iterable[Trace]) -> Wanted:
    contacts: set[str] = set()
    ids: dict[str, set[str]] = {}
    for item in (
        item for trace in traces for item in trace.identifiers if item.value and item.kind != "name"
    ):
        if item.kind in CONTACTS:
            contacts.add(item.value)
        else:
            ids.setdefault(item.scope, set()).add(item.value)
    by_source = {
        source: frozenset(ids.get(str(account), set()) | ids.get("", set()) | ids.get("global", set()))
        for source, account in Source.objects.values_list("public_id", "account_id")
    }
    return Wanted(sorted(contacts), {source: values for source, values in by_source.items() if values})


def tend_spool(*, at: datetime) -> int:
    """Upkeep: let old segments go and join small files of events; returns how many segments went."""
    lake().compact("events")
    return _prune(at=at)


def _prune(*, at: datetime) -> int:
    """Delete segments that were loaded wholly and written a week ago; returns how many."""
    held = spool()
    if not held.folder.exists():
        return 0
    loaded, _offset = place(lake().transaction_version("events", transaction_app(held)))
    before = (at - timedelta(days=KEPT_DAYS)).timestamp()
    deleted = 0
    for number in held.complete_segments()[:-1]:
        path = held.path(number)
        if number < loaded and path.stat().st_mtime < before:
            path.unlink(missing_ok=True)
            deleted += 1
    return deleted
