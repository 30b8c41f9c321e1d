"""Moving outbox rows to the lake, each exactly once, however many relays run and die.

The order of things is written down in docs/algorithms/outbox.md.  In short: committed rows get a
position under a lock; the rows after the position in the table's newest commit go to the lake in
one commit that carries their last position; a rival's commit in between makes ours fail or skip.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

import polars as pl
import pyarrow as pa
from django.db import transaction
from django.db.models import Max

from shuke.lake import InvalidRowsError, Lake, LakeError
from shuke.platform.clock import now
from shuke.platform.outbox.models import OutboxRow, OutboxSequence
from shuke.platform.warehouse import lake
from shuke.tables import TABLES, Table

log = logging.getLogger(__name__)

APP_ID = "shuke.outbox"
SEQUENCE_ID = 1
#: Outbox rows (of up to 1,000 lake rows each) per table and commit.
BATCH = 100

_aligned_roots: set[str] = set()


def relay_once(*, limit: int = BATCH) -> int:
    """Move up to ``limit`` outbox rows of each table; returns how many lake rows arrived.

    Safe to run in any number of processes.  A table that cannot be written does not hold up the
    others; its ``LakeError`` is raised at the end.
    """
    target = lake()
    align_positions(target)
    place_rows(limit=limit * len(TABLES))
    moved, failure = 0, None
    for name in waiting_tables():
        try:
            moved += _relay_table(target, name, limit)
        except LakeError as error:
            log.exception("Outbox rows of %s could not be relayed.", name)
            failure = failure or error
    if failure is not None:
        raise failure
    return moved


def drain() -> int:
    """Relay until nothing waits; returns how many lake rows arrived.  For tests and commands."""
    moved = relay_once()
    while OutboxRow.objects.filter(relayed_at=None, fault="").exists():
        moved += relay_once()
    return moved


def waiting_tables() -> list[str]:
    """The tables with rows that are placed and not noted as relayed."""
    waiting = OutboxRow.objects.filter(relayed_at=None, fault="", position__isnull=False)
    return sorted(waiting.values_list("table", flat=True).distinct())


def place_rows(*, limit: int) -> int:
    """Give committed rows their positions, in one transaction at a time over all processes.

    Whoever reads a position can be sure that every lower one is committed: the next positions are
    given only after the transaction that gave these has ended.
    """
    if not OutboxRow.objects.filter(position=None, fault="").exists():
        return 0
    OutboxSequence.objects.get_or_create(id=SEQUENCE_ID)
    with transaction.atomic(durable=True):
        # The lock (on SQLite the immediate transaction) comes first: what is read after it includes
        # everything that the previous holder committed.
        sequence = OutboxSequence.objects.select_for_update().get(id=SEQUENCE_ID)
        unplaced = OutboxRow.objects.filter(position=None, fault="").order_by("id")
        rows = list(unplaced.only("id")[:limit])
        for offset, row in enumerate(rows, start=1):
            row.position = sequence.last_position + offset
        OutboxRow.objects.bulk_update(rows, ["position"], batch_size=200)
        sequence.last_position += len(rows)
        sequence.save(update_fields=["last_position"])
    return len(rows)


def align_positions(target: Lake) -> None:
    """Once per process: never give positions that the lake has already seen.

    After the database was restored from an older backup its sequence lies behind the lake's, and
    new rows would be taken for relayed ones.
    """
    if str(target.root) in _aligned_roots:
        return
    newest = max((target.transaction_version(name, APP_ID) for name in TABLES), default=0)
    OutboxSequence.objects.get_or_create(id=SEQUENCE_ID)
    behind = OutboxSequence.objects.filter(id=SEQUENCE_ID, last_position__lt=newest)
    if behind.update(last_position=newest):
        log.warning("The outbox lay behind the lake (a restored backup?); it goes on at %s.", newest)
    _aligned_roots.add(str(target.root))


def replay() -> int:
    """Let rows that the lake has lost be relayed again; returns how many outbox rows.

    Run it at start-up: after a power cut the last commits of a table may be missing, and the table's
    own record of the last position says so.  Rows that arrived are not touched, so it is always safe.
    """
    target, count = lake(), 0
    kept = OutboxRow.objects.exclude(relayed_at=None).filter(fault="")
    for name, newest in kept.values_list("table").annotate(newest=Max("position")).order_by("table"):
        arrived = target.transaction_version(name, APP_ID)
        if newest > arrived:
            count += kept.filter(table=name, position__gt=arrived).update(relayed_at=None)
    return count


def prune(*, before: datetime) -> int:
    """Delete rows that were relayed before that time; returns how many."""
    deleted, _ = OutboxRow.objects.filter(relayed_at__lt=before, fault="").delete()
    return deleted


def _relay_table(target: Lake, name: str, limit: int) -> int:
    if name not in TABLES:
        stray = OutboxRow.objects.filter(table=name, relayed_at=None, fault="")
        stray.update(fault=f"There is no table {name!r} any more.")
        return 0
    arrived = target.transaction_version(name, APP_ID)
    stream = OutboxRow.objects.filter(table=name, fault="")
    # Not by relayed_at: if the lake lost its tail, the rows after it must go again, in order.
    rows = list(stream.filter(position__gt=arrived).order_by("position")[:limit])
    moved = _write(target, TABLES[name], rows, after=arrived) if rows else 0
    arrived = target.transaction_version(name, APP_ID)
    stream.filter(relayed_at=None, position__lte=arrived).update(relayed_at=now())
    return moved


def _write(target: Lake, table: Table, rows: Sequence[OutboxRow], *, after: int) -> int:
    try:
        return _commit(target, table, rows, after=after)
    except (InvalidRowsError, ValueError, TypeError, pa.ArrowException):
        sound = _set_faulty_aside(target, table, rows)
    return _commit(target, table, sound, after=after) if sound else 0


def _commit(target: Lake, table: Table, rows: Sequence[OutboxRow], *, after: int) -> int:
    data = arrow_rows(table, (item for row in rows for item in row.payload))
    last = rows[-1].position
    if last is None:
        raise ValueError("A row without a position cannot be relayed.")
    write = target.upsert if table.kind == "snapshot" else target.append
    return write(table.name, data, transaction=(APP_ID, last), after=after).rows


def _set_faulty_aside(target: Lake, table: Table, rows: Sequence[OutboxRow]) -> list[OutboxRow]:
    """Mark the rows that do not fit the table, so that their neighbours can go on."""
    sound = []
    for row in rows:
        try:
            target.check_rows(table.name, arrow_rows(table, row.payload))
        except (InvalidRowsError, ValueError, TypeError, pa.ArrowException) as error:
            log.exception("Outbox row %s does not fit table %s.", row.pk, table.name)
            OutboxRow.objects.filter(pk=row.pk).update(fault=str(error)[:2000] or type(error).__name__)
        else:
            sound.append(row)
    return sound


def arrow_rows(table: Table, items: Iterable[dict[str, Any]]) -> pa.Table:
    """JSON payloads as an Arrow table; of a snapshot's rows with one key the last one stays."""
    known = list(items)
    columns = [
        pa.array([_value(item.get(field.name), field.type) for item in known], field.type)
        for field in table.arrow_schema
    ]
    rows = pa.Table.from_arrays(columns, schema=table.arrow_schema)
    if table.kind != "snapshot":
        return rows
    newest = pl.DataFrame(rows).unique(subset=list(table.key), keep="last", maintain_order=True)
    return newest.to_arrow()


def _value(value: Any, kind: pa.DataType) -> Any:
    if value is None or not isinstance(value, str):
        return value
    if pa.types.is_timestamp(kind):
        return datetime.fromisoformat(value)
    if pa.types.is_date(kind):
        return date.fromisoformat(value)
    return value
