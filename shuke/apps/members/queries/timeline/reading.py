"""Reading a part of a person's rows from a table, newest first and in a total order."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import ibis
from ibis.expr import types as ir

from shuke.apps.members.schemas import TimelineEntry
from shuke.lake.reading import Snapshot

Row = dict[str, Any]


@dataclass(frozen=True)
class Part:
    """Whose rows, up to when, and how many; ``channel`` is empty for all."""

    snapshot: Snapshot
    keys: list[str]
    member_ids: list[str]
    until: datetime | None
    limit: int
    channel: str

    def mine(self, table_name: str) -> ir.Table | None:
        """The person's rows of a table, or nothing if it was never written."""
        if self.snapshot.version(table_name) is None:
            return None
        table = self.snapshot.table(table_name)
        if "person_key" in table.columns:
            return table.filter(table.person_key.isin(self.keys))
        return table.filter(table.member_id.isin(self.member_ids))

    def newest(self, table: ir.Table, *, time: str, by: tuple[str, ...]) -> list[Row]:
        """The newest rows, those of one instant ordered by columns that tell them apart."""
        if self.until is not None:
            table = table.filter(table[time] <= ibis.literal(self.until))
        rows: list[Row] = table.order_by(ibis.desc(time), *by).limit(self.limit).to_pyarrow().to_pylist()
        return rows


Reader = Callable[[Part], list[TimelineEntry]]


def rows_of(table: ir.Table) -> list[Row]:
    """All rows of an expression."""
    rows: list[Row] = table.to_pyarrow().to_pylist()
    return rows
