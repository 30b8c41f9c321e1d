"""Events of the lake by the members who did them."""

from collections.abc import Collection, Iterator
from datetime import datetime

import ibis

from shuke.platform.warehouse import lake
from shuke.science.persons import with_member

PART = 20_000
#: (member, source, message, event, when).
EventFact = tuple[str, str, str, str, datetime]


def event_facts(
    *, names: Collection[str], received_since: datetime, until: datetime
) -> Iterator[list[EventFact]]:
    """Actions of known members with one of these names that the lake received in that time.

    Sorted by member and time, in parts of whole members.
    """
    with lake().read() as snapshot:
        events = snapshot.table("events")
        wanted = events.filter(
            events.type == "track",
            events.name.isin(sorted(names)),
            events.received_at >= ibis.literal(received_since, type="timestamp('UTC', 6)"),
            events.received_at <= ibis.literal(until, type="timestamp('UTC', 6)"),
        )
        owned = with_member(wanted, snapshot.table("identity_map"))
        shaped = owned.select("member_id", "source", "message_id", "name", "occurred_at")
        shaped = shaped.order_by("member_id", "occurred_at", "source", "message_id")
        waiting: list[EventFact] = []
        for batch in shaped.to_pyarrow_batches(chunk_size=PART):
            waiting += zip(*(column.to_pylist() for column in batch.columns), strict=True)
            if waiting:
                newest = waiting[-1][0]
                whole = [row for row in waiting if row[0] != newest]
                waiting = waiting[len(whole) :]
                if whole:
                    yield whole
        if waiting:
            yield waiting
