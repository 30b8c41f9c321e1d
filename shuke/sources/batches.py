"""A page of records on its way to the frame: rows by currency, and what could not be read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from shuke.sources.contract import Batch, Cursor, Rejection, Row


class Page:
    """Rows of one kind.  A batch has one currency, so a page of several becomes several batches."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.rejected: list[Rejection] = []
        self._rows: dict[str, list[Row]] = {}

    def add(self, rows: Sequence[Row], *, currency: str = "") -> None:
        """Put rows in, in the order of the answer."""
        if rows:
            self._rows.setdefault(currency, []).extend(rows)

    def batches(self, *, cursor: Cursor, is_last: bool = False) -> Iterator[Batch]:
        """One batch per currency; none of an empty page, unless it is the last and moves the cursor."""
        rejected: Sequence[Rejection] = self.rejected
        for currency, rows in self._rows.items():
            yield Batch(kind=self.kind, rows=rows, cursor=cursor, currency=currency, rejected=rejected)
            rejected = ()
        if rejected or (is_last and not self._rows):
            yield Batch(kind=self.kind, rows=[], cursor=cursor, rejected=rejected)

    def batch(self, *, cursor: Cursor, digests: Mapping[str, str] | None = None) -> Batch:
        """The one batch of a kind without money."""
        rows = [row for some in self._rows.values() for row in some]
        return Batch(
            kind=self.kind, rows=rows, cursor=cursor, rejected=tuple(self.rejected), digests=digests or {}
        )
