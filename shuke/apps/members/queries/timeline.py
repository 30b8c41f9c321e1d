"""What happened with a member, newest first: orders, refunds, messages, behaviour, decisions."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import ibis
from ibis.expr import types as ir

from shuke.apps.members.queries.person import person_keys
from shuke.apps.members.schemas import TimelineEntry
from shuke.platform.warehouse import lake

KINDS = ("order", "message", "refund", "consent", "event")
Rows = list[dict[str, Any]]


def timeline(
    *, member_id: str, kind: str = "", before: datetime | None = None, limit: int = 30
) -> list[TimelineEntry]:
    """Up to ``limit`` entries before a moment, of one kind where given."""
    kinds = [kind] if kind in KINDS else list(KINDS)
    entries: list[TimelineEntry] = []
    with lake().read() as snapshot:
        keys = person_keys(snapshot, member_id)
        for wanted in kinds:
            if snapshot.version(_READERS[wanted][0]) is None:
                continue
            table_name, time_column, reader = _READERS[wanted]
            table = snapshot.table(table_name)
            mine = _mine(table, keys=keys, member_id=member_id)
            entries += [reader(row) for row in _newest(mine, time_column, before=before, limit=limit)]
    entries.sort(key=lambda entry: entry.at, reverse=True)
    return entries[:limit]


def _mine(table: ir.Table, *, keys: list[str], member_id: str) -> ir.Table:
    if "person_key" in table.columns:
        return table.filter(table.person_key.isin(keys))
    return table.filter(table.member_id == member_id)


def _newest(table: ir.Table, time_column: str, *, before: datetime | None, limit: int) -> Rows:
    if before is not None:
        table = table.filter(table[time_column] < ibis.literal(before))
    rows: Rows = table.order_by(ibis.desc(time_column)).limit(limit).to_pyarrow().to_pylist()
    return rows


def _order(row: dict[str, Any]) -> TimelineEntry:
    return TimelineEntry(
        kind="order",
        at=row["placed_at"],
        what=row["lifecycle_status"],
        channel=row["sales_channel"],
        detail=row["store_id"] or "",
        reference=row["order_id"],
        amount_minor=row["paid_minor"],
        currency=row["currency"],
    )


def _refund(row: dict[str, Any]) -> TimelineEntry:
    return TimelineEntry(
        kind="refund",
        at=row["refunded_at"],
        what="refunded",
        detail=row["reason"] or "",
        reference=row["order_id"],
        amount_minor=row["amount_minor"],
        currency=row["currency"],
    )


def _message(row: dict[str, Any]) -> TimelineEntry:
    return TimelineEntry(
        kind="message",
        at=row["occurred_at"],
        what=row["event"],
        channel=row["channel"],
        detail=row["reason"] or row["url"] or "",
        reference=row["message_id"],
    )


def _event(row: dict[str, Any]) -> TimelineEntry:
    return TimelineEntry(
        kind="event", at=row["occurred_at"], what=row["name"], detail=row["source"], reference=""
    )


def _consent(row: dict[str, Any]) -> TimelineEntry:
    return TimelineEntry(
        kind="consent",
        at=row["decided_at"],
        what=row["state"],
        channel=row["channel"],
        detail=row["purpose"],
        reference="",
    )


_READERS: dict[str, tuple[str, str, Callable[[dict[str, Any]], TimelineEntry]]] = {
    "order": ("orders", "placed_at", _order),
    "refund": ("refunds", "refunded_at", _refund),
    "message": ("messages", "occurred_at", _message),
    "event": ("events", "occurred_at", _event),
    "consent": ("consents", "decided_at", _consent),
}
