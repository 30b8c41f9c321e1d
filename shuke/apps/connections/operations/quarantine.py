"""Rows put aside, kept in the lake with their reasons."""

from collections.abc import Sequence
from datetime import datetime

import polars as pl

from shuke.apps.connections.operations.stored import as_arrow, rows_with
from shuke.apps.connections.schemas import ReasonCount, RowIssue
from shuke.platform.warehouse import lake
from shuke.sources.files.checking import REJECTED_SCHEMA
from shuke.sources.files.fields import FileKind
from shuke.sources.files.notes import Note
from shuke.sources.files.reasons import limits, reason

EXAMPLE_ROWS = 5
KEY = ("batch_id", "table", "row_no", "column", "code")


def fault_rows(kind: FileKind, issues: Sequence[RowIssue]) -> pl.DataFrame:
    """Issues found while landing, in the form of those found while checking."""
    rows = [
        {
            "row_no": issue.row_no,
            "column": issue.column,
            "code": issue.code,
            "message": reason(issue.code, column=issue.column, **limits(kind, issue.column, issue.code)),
            "raw": None,
        }
        for issue in issues
    ]
    return pl.DataFrame(rows, schema=REJECTED_SCHEMA)


def reason_counts(faults: pl.DataFrame) -> list[ReasonCount]:
    """Faults by code and column, the most frequent first, with the numbers of the first rows."""
    if not faults.height:
        return []
    grouped = faults.group_by("code", "column").agg(
        pl.len().alias("count"),
        pl.col("message").first(),
        pl.col("row_no").sort().head(EXAMPLE_ROWS).alias("rows"),
    )
    ordered = grouped.sort(["count", "code", "column"], descending=[True, False, False])
    return [ReasonCount(**item) for item in ordered.iter_rows(named=True)]


def note_counts(notes: Sequence[Note]) -> list[ReasonCount]:
    """What the layout of a file read in a way worth telling, as notices of the report."""
    return [
        ReasonCount(
            code=note.code,
            column=note.column,
            message=reason(note.code, column=note.column),
            count=note.count,
            rows=list(note.rows),
        )
        for note in notes
    ]


def write_quarantine(faults: pl.DataFrame, *, batch_id: str, kind: FileKind, at: datetime) -> None:
    """Append the faults that the lake does not hold yet of this batch."""
    if not faults.height:
        return
    rows = faults.with_columns(
        pl.lit(batch_id).alias("batch_id"),
        pl.lit(kind.name).alias("table"),
        pl.lit(at).cast(pl.Datetime("us", "UTC")).alias("rejected_at"),
    ).unique(subset=list(KEY), maintain_order=True)
    known = rows_with("rejected_rows", column="batch_id", values=pl.Series([batch_id])).select(list(KEY))
    new = rows.join(known, on=list(KEY), how="anti")
    if new.height:
        lake().append("rejected_rows", as_arrow("rejected_rows", new))
