"""Gathering the batches of a pull and landing them: rows first, the cursor after (docs/algorithms/sync.md)."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

import polars as pl
from django.db import transaction

from shuke.apps.connections.models import SyncCursor, SyncedDigest, SyncPart
from shuke.apps.connections.operations.quarantine import write_quarantine
from shuke.apps.connections.operations.taking import Taken, take_in
from shuke.apps.connections.schemas import Origin, ReasonCount
from shuke.platform.crypto import keyed_hash
from shuke.platform.locks import exclusive
from shuke.platform.money import exponent
from shuke.platform.retailer.queries import retailer
from shuke.sources.contract import KINDS as ORDER_OF_KINDS
from shuke.sources.contract import Batch, Cursor, Rejection, Row
from shuke.sources.files.checking import ATTRIBUTE, REJECTED_SCHEMA, check
from shuke.sources.files.fields import FileKind
from shuke.sources.files.kinds import KINDS
from shuke.sources.files.profiles import Profile
from shuke.sources.files.reading import ROW_NO, SourceTable

#: So many rows are landed together: a commit for each page of a shop would cost more than the page.
ROWS_A_LANDING = 5_000
MOST_REASONS = 50
#: What makes a record of a kind, where it is not the kind's key: an order comes with all its lines.
_RECORD = {"orders": ("order_no",), "refunds": ("refund_no",), "members": ("external",)}

#: Told how many rows a part has pulled so far.
Count = Callable[[int], None]
_Group = tuple[str, str]


class Gathering:
    """The rows of one part of a run on their way into the lake.

    ``moves_cursor``: the cursor of the batches is saved once they have landed.  A later record replaces
    an earlier one of the same landing, so that the newest state is what lands.
    """

    def __init__(self, part: SyncPart, *, at: datetime, moves_cursor: bool, count: Count) -> None:
        self.part, self.at, self.moves_cursor, self.count = part, at, moves_cursor, count
        self.connection = part.run.connection
        account = self.connection.account
        self.origin = Origin(
            batch_id=part.public_id,
            account_id=account.public_id,
            account_name=account.name,
            sales_channel=account.sales_channel,
            region=account.region,
            source=f"sync:{account.public_id}",
        )
        self._cursor: Cursor | None = None
        self._empty()

    def _empty(self) -> None:
        self._records: dict[_Group, dict[tuple[str, ...], list[Row]]] = {}
        self._rejections: list[tuple[str, Rejection]] = []
        self._digests: dict[str, str] = {}
        self._height = 0

    def ends_page(self, following: Batch) -> bool:
        """Whether ``following`` begins another page than the one gathered last, so that one may land between."""
        return self._cursor is not None and following.cursor != self._cursor

    def take(self, batch: Batch) -> None:
        """Gather a batch; land what is gathered when it is enough.

        Batches with one cursor may be parts of one page, so nothing is landed between them: the cursor
        must not pass rows that have not landed.
        """
        if self._height >= ROWS_A_LANDING and batch.cursor != self._cursor:
            self.land()
        self._cursor = batch.cursor
        group = self._records.setdefault((batch.kind, batch.currency), {})
        fresh: dict[tuple[str, ...], list[Row]] = {}
        for row in batch.rows:
            fresh.setdefault(_record_of(batch.kind, row), []).append(row)
        for key, rows in fresh.items():
            self._height += len(rows) - len(group.pop(key, ()))
            group[key] = rows
        self._rejections += [(batch.kind, rejection) for rejection in batch.rejected]
        if batch.kind != "members":
            self._digests.update(batch.digests)
        self.count(self.part.rows + self._height)

    def land(self) -> None:
        """Land what is gathered, then save the cursor and the counts in one transaction."""
        groups = sorted(
            self._records.items(), key=lambda item: (ORDER_OF_KINDS.index(item[0][0]), item[0][1])
        )
        number = self.part.rows
        results: list[tuple[str, Taken]] = []
        with exclusive("imports"):
            for (kind_name, currency), records in groups:
                rows = [row for some in records.values() for row in some]
                if rows:
                    results.append((kind_name, self._take_in(KINDS[kind_name], rows, number, currency)))
                number += len(rows)
            self._quarantine(number)
        number += len(self._rejections)
        with transaction.atomic():
            for kind_name, taken in results:
                self._count_taken(kind_name, taken)
            self._save(number)
        self._empty()

    def _take_in(self, kind: FileKind, rows: Sequence[Row], first: int, currency: str) -> Taken:
        account = self.connection.account
        money = currency or account.currency
        source = table_of(kind, rows, first=first)
        headers = [name for name in source.headers if name.startswith(ATTRIBUTE)]
        profile = Profile(
            columns={name: name for name in kind.field_names},
            attributes={name.removeprefix(ATTRIBUTE): name for name in headers},
            time_zone=account.time_zone,
            business_zone=retailer().time_zone,
            currency=money,
            decimals=exponent(money),
        )
        checked = check(kind, source, profile, at=self.at)
        return take_in(
            checked,
            kind=kind,
            profile=profile,
            origin=self.origin,
            at=self.at,
            torn=_torn_orders(kind, source, checked.rejected),
        )

    def _quarantine(self, first: int) -> None:
        """Records that the connector could not read, numbered after the rows."""
        by_kind: dict[str, list[dict[str, object]]] = {}
        for place, (kind, rejection) in enumerate(self._rejections, start=first + 1):
            by_kind.setdefault(kind, []).append(
                {
                    "row_no": place,
                    "column": "",
                    "code": rejection.code,
                    "message": rejection.message,
                    "raw": json.dumps(dict(rejection.row), ensure_ascii=False).replace("\\u0000", ""),
                }
            )
        for kind, faults in by_kind.items():
            frame = pl.DataFrame(faults, schema=REJECTED_SCHEMA)
            write_quarantine(frame, batch_id=self.origin.batch_id, kind=KINDS[kind], at=self.at)

    def _count_taken(self, kind: str, taken: Taken) -> None:
        """A row counts as corrected if its own table's or, of an order's line, the order's content changed."""
        part = self.part
        corrected = max([taken.corrected, *(item.corrected for item in taken.tables)])
        part.new += taken.accepted
        part.corrected += corrected
        part.unchanged += max(0, taken.unchanged - (corrected - taken.corrected))
        part.rejected += taken.rejected
        self._note_reasons(kind, taken.reasons)

    def _note_reasons(self, kind: str, reasons: Iterable[ReasonCount]) -> None:
        known = {(item["kind"], item["code"], item["column"]): item for item in self.part.reasons}
        for reason in reasons:
            item = known.setdefault(
                (kind, reason.code, reason.column), reason.model_dump() | {"kind": kind, "count": 0}
            )
            item["count"] += reason.count
        self.part.reasons = list(known.values())[:MOST_REASONS]

    def _save(self, rows: int) -> None:
        part = self.part
        for kind, rejection in self._rejections:
            found = ReasonCount(code=rejection.code, column="", message=rejection.message, count=1, rows=[])
            self._note_reasons(kind, [found])
        part.rejected += len(self._rejections)
        part.rows = rows
        if self.moves_cursor and self._cursor is not None:
            part.cursor_after = dict(self._cursor)
            SyncCursor.objects.update_or_create(
                connection=self.connection,
                stream=part.stream,
                defaults={"cursor": part.cursor_after, "updated_at": self.at},
            )
        remember(self.connection.pk, stream=part.stream, digests=self._digests)
        part.save()


def table_of(kind: FileKind, rows: Sequence[Row], *, first: int) -> SourceTable:
    """The rows as the cells of a file with every field of the kind; ``first`` rows lie before them.

    Raises ``ValueError`` for a field that the kind does not have: a fault of the connector.
    """
    given = {name: None for row in rows for name in row}
    extra = [name for name in given if name not in kind.field_names]
    wrong = [name for name in extra if not name.startswith(ATTRIBUTE)]
    if wrong:
        raise ValueError(f"Rows of {kind.name} have no field {wrong[0]!r}.")
    headers = (*kind.field_names, *extra)
    cells = {
        str(place): pl.Series(str(place), [row.get(name) for row in rows], dtype=pl.String)
        for place, name in enumerate(headers)
    }
    numbers = pl.int_range(first + 1, first + 1 + len(rows), dtype=pl.Int64, eager=True)
    return SourceTable(frame=pl.DataFrame({**cells, ROW_NO: numbers}), headers=headers, format="sync")


def _record_of(kind: str, row: Row) -> tuple[str, ...]:
    names = _RECORD.get(kind, KINDS[kind].key)
    return tuple(row.get(name) or "" for name in names)


def _torn_orders(kind: FileKind, source: SourceTable, rejected: pl.DataFrame) -> frozenset[str]:
    """Orders of which a line was put aside: a stored line that they now lack may be that one."""
    if kind.name != "orders" or not rejected.height:
        return frozenset()
    bad = source.frame.filter(pl.col(ROW_NO).is_in(rejected["row_no"].unique().to_list()))
    return frozenset(bad[str(source.headers.index("order_no"))].drop_nulls())


def remember(connection_pk: int, *, stream: str, digests: Mapping[str, str]) -> None:
    """Keep with which content records have landed.  Digests are hex."""
    rows = [
        SyncedDigest(
            connection_id=connection_pk,
            stream=stream,
            record=_hidden_id(stream, record),
            digest=_padded(digest, record),
        )
        for record, digest in digests.items()
    ]
    SyncedDigest.objects.bulk_create(
        rows,
        batch_size=500,
        update_conflicts=True,
        unique_fields=["connection", "stream", "record"],
        update_fields=["digest"],
    )


def known_digests(connection_pk: int, *, stream: str, ids: Sequence[str]) -> dict[str, str]:
    """The digests that were kept, by record id."""
    by_hash = {_hidden_id(stream, record): record for record in ids}
    found: dict[str, str] = {}
    hashes = list(by_hash)
    for start in range(0, len(hashes), 500):
        rows = SyncedDigest.objects.filter(
            connection_id=connection_pk, stream=stream, record__in=hashes[start : start + 500]
        )
        for hashed, digest in rows.values_list("record", "digest"):
            found[by_hash[hashed]] = _padded(digest, by_hash[hashed])
    return found


def _hidden_id(stream: str, record: str) -> str:
    return keyed_hash(record, purpose=f"sync:{stream}")


def _padded(digest: str, record: str) -> str:
    """The digest under a pad of the keyring and back, so that a leaked database confirms no guessed content."""
    pad = keyed_hash(record, purpose="sync:pad")[: len(digest)]
    return f"{int(digest, 16) ^ int(pad, 16):0{len(digest)}x}"
