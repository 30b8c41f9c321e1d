"""Writing a part to the lake: bad rows first, then the events with the position, in one commit each."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
import polars as pl

from shuke.apps.collector.operations.persons import moment_of
from shuke.lake import WriteResult
from shuke.platform.warehouse import lake
from shuke.sources.collector.reasons import reason
from shuke.sources.collector.spool import place
from shuke.sources.collector.unpacking import Bad
from shuke.sources.files.business_time import business_time
from shuke.tables import TABLES

#: Numbers of rows: the end of the record in its segment, then the event in the record.
EVENTS_PER_RECORD = 10_001


def append_rejected(bad: Sequence[Bad], *, app: str, until: int, at: datetime) -> None:
    """Append bad rows that the lake does not hold yet: those beyond the position of its own last commit of them."""
    arrived = lake().transaction_version("rejected_rows", app)
    rows = [_rejected(item, at=at) for item in bad if item.position > arrived]
    if rows:
        table = TABLES["rejected_rows"]
        frame = pl.DataFrame(rows, schema=pl.Schema(table.arrow_schema))
        lake().append("rejected_rows", frame.to_arrow(), transaction=(app, until), after=arrived)


def _rejected(bad: Bad, *, at: datetime) -> dict[str, object]:
    segment, offset = place(bad.position)
    return {
        "batch_id": f"{bad.source}:{segment}",
        "table": "events",
        "row_no": offset * EVENTS_PER_RECORD + bad.index,
        "column": "",
        "code": bad.code,
        "message": reason(bad.code),
        "raw": msgspec.json.encode(bad.shown).decode() if bad.shown else None,
        "rejected_at": min(moment_of(bad.received_at), at),
    }


def append_events(events: pl.DataFrame, *, app: str, after: int, until: int, zone: str) -> WriteResult:
    """Append the events of a part and its end, in one commit; a rival's commit in between makes it skip."""
    rows = events.with_columns(*business_time("occurred_at", zone))
    table = rows.select(TABLES["events"].column_names).to_arrow()
    return lake().append("events", table, transaction=(app, until), after=after)
