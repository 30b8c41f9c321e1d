"""Telling the lake, in the same transaction as the change."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection, transaction

from shuke.platform.audit.operations import record_audit
from shuke.platform.outbox.models import OutboxRow
from shuke.platform.permissions import Actor
from shuke.platform.retailer.queries import retailer
from shuke.tables import TABLES, Table

ROWS_PER_PAYLOAD = 1000
#: Most values need no second look; a history of points queues hundreds of thousands of rows.
_PLAIN = frozenset({str, int, bool, float})


def record(table_name: str, rows: Iterable[Mapping[str, Any]]) -> int:
    """Queue rows for a lake table; returns how many.

    Rows are mappings of the table's columns; missing nullable columns are empty, and the columns of
    business time are computed from the table's first time.  Must be called inside a transaction:
    otherwise the change could be kept and its fact lost.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("Outbox rows must be written in the transaction of the change they tell of.")
    prepared = payload_rows(table_name, rows)
    count = 0
    while chunk := list(islice(prepared, ROWS_PER_PAYLOAD)):
        OutboxRow.objects.create(table=table_name, payload=chunk)
        count += len(chunk)
    return count


def record_alike(table_name: str, row: Mapping[str, Any], *, column: str, values: Sequence[str]) -> int:
    """Queue rows that differ in one column of text only, such as a million new things of one kind; returns how many.

    Like ``record``, but the row is looked at once.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("Outbox rows must be written in the transaction of the change they tell of.")
    if not values:
        return 0
    (alike,) = payload_rows(table_name, [{**row, column: values[0]}])
    for first in range(0, len(values), ROWS_PER_PAYLOAD):
        chunk = [{**alike, column: value} for value in values[first : first + ROWS_PER_PAYLOAD]]
        OutboxRow.objects.create(table=table_name, payload=chunk)
    return len(values)


def payload_rows(
    table_name: str, rows: Iterable[Mapping[str, Any]], *, time_zone: str = ""
) -> Iterator[dict[str, Any]]:
    """The rows as ``record`` queues them, for a stored function that writes the queue's row itself.

    The retailer's time zone is looked up unless it is at hand.
    """
    table = TABLES[table_name]
    zone = ZoneInfo(time_zone or retailer().time_zone)
    return (_payload_row(table, row, zone) for row in rows)


@transaction.atomic
def retry_faults(*, actor: Actor, at: datetime) -> int:
    """Give rows that were set aside another chance, such as after an update; returns how many."""
    count = OutboxRow.objects.exclude(fault="").update(fault="", position=None)
    if count:
        changes = {"rows": [0, count]}
        record_audit(actor=actor, at=at, verb="outbox.retried", subject=("outbox", "faults"), changes=changes)
    return count


def time_column(table: Table) -> str | None:
    """The column that dates a fact: the table's first required time."""
    return next((c.name for c in table.columns if c.type == "ts" and not c.nullable), None)


def _payload_row(table: Table, row: Mapping[str, Any], zone: ZoneInfo) -> dict[str, Any]:
    unknown = set(row) - set(table.column_names)
    if unknown:
        raise ValueError(f"Table {table.name} has no columns {sorted(unknown)}.")
    values = {name: _json_value(row.get(name)) for name in table.column_names}
    if "local_month" in values and values["local_month"] is None:
        local = row[str(time_column(table))].astimezone(zone)
        values |= {
            "local_month": f"{local:%Y-%m}",
            "local_date": local.date().isoformat(),
            "local_hour": local.hour,
        }
    return values


def _json_value(value: Any) -> Any:
    if value is None or type(value) in _PLAIN:
        return value
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("Times in facts must be aware.")
        return value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_json_value(item) for item in value]
    return value
