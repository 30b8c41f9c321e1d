"""Reading rows that were put aside."""

import json
from collections.abc import Iterable
from typing import Any

import polars as pl

from shuke.apps.connections.models import ImportBatch
from shuke.apps.connections.queries.batches import batch_row
from shuke.apps.connections.queries.files import read_raw, read_source, stored_path
from shuke.apps.connections.queries.reasons import reason_text
from shuke.apps.connections.schemas import RejectedRow
from shuke.platform.errors import Refused
from shuke.platform.warehouse import lake
from shuke.sources.files.exporting import csv_lines
from shuke.sources.files.kinds import KINDS
from shuke.sources.files.reading import ROW_NO


def rejected_page(batch_id: str, *, limit: int = 50, offset: int = 0) -> tuple[list[RejectedRow], int]:
    """Faults of a batch by row, and how many there are in all."""
    row = batch_row(batch_id)
    with lake().read() as snapshot:
        table = snapshot.table("rejected_rows")
        mine = table.filter(table.batch_id == row.public_id)
        total = int(mine.count().to_pyarrow().as_py())
        part = mine.order_by([mine.row_no.asc(), mine.column.asc(), mine.code.asc()]).limit(
            limit, offset=offset
        )
        found = part.to_pyarrow().to_pylist()
    return [
        RejectedRow(
            row_no=item["row_no"],
            column=item["column"],
            code=item["code"],
            message=reason_text(kind=row.kind, code=item["code"], column=item["column"]),
            raw=json.loads(item["raw"]) if item["raw"] else {},
        )
        for item in found
    ], total


def rejected_csv(batch_id: str) -> Iterable[bytes]:
    """The rows put aside as a CSV file with their reasons, ready to be mended and imported again.

    While the upload is kept the rows are as they came; afterwards without what names people.
    """
    row = batch_row(batch_id)
    faults, _total = rejected_page(batch_id, limit=1_000_000)
    reasons: dict[int, list[str]] = {}
    for fault in faults:
        reasons.setdefault(fault.row_no, []).append(fault.message)
    try:
        return _original_rows(row, reasons)
    except Refused:
        return _quarantined_rows(faults, reasons)


def _original_rows(row: ImportBatch, reasons: dict[int, list[str]]) -> Iterable[bytes]:
    if row.settings.get("layout"):
        return _rows_of_export(row, reasons)
    source = read_source(stored_path(row), row.settings)
    frame, extra = source.frame, []
    order_header = row.settings.get("columns", {}).get("order_no")
    if (
        "line_no" in KINDS[row.kind].field_names
        and not row.settings.get("columns", {}).get("line_no")
        and order_header
    ):
        # Lines were numbered by their place in the order; a mended line must keep its place.
        order = str(source.headers.index(order_header))
        frame = frame.with_columns(pl.int_range(1, pl.len() + 1).over(order).alias("line_no"))
        extra = ["line_no"]
    wanted = frame.filter(pl.col(ROW_NO).is_in(list(reasons)))
    numbers = wanted[ROW_NO].to_list()
    cells = wanted.drop(ROW_NO).iter_rows()
    lines = (
        (*row_cells, number, " ".join(reasons[number]))
        for row_cells, number in zip(cells, numbers, strict=True)
    )
    return csv_lines([*source.headers, *extra, "shuke_row", "shuke_reason"], lines)


def _rows_of_export(row: ImportBatch, reasons: dict[int, list[str]]) -> Iterable[bytes]:
    """Rows of a platform's export with all rows of their orders: amounts were shared among these."""
    raw, ours = read_raw(stored_path(row), row.settings), read_source(stored_path(row), row.settings)
    bad = pl.Series(ROW_NO, list(reasons), dtype=pl.Int64)
    if "order_no" in ours.headers:
        order = str(ours.headers.index("order_no"))
        hit = ours.frame.filter(pl.col(ROW_NO).is_in(bad.implode()))[order].drop_nulls().unique()
        bad = pl.concat([bad, ours.frame.filter(pl.col(order).is_in(hit.implode()))[ROW_NO]]).unique()
    wanted = raw.frame.filter(pl.col(ROW_NO).is_in(bad.implode()))
    lines = (
        (*cells, number, " ".join(reasons.get(number, [])))
        for *cells, number in wanted.select(*(str(i) for i in range(len(raw.headers))), ROW_NO).iter_rows()
    )
    return csv_lines([*raw.headers, "shuke_row", "shuke_reason"], lines)


def _quarantined_rows(faults: list[RejectedRow], reasons: dict[int, list[str]]) -> Iterable[bytes]:
    raws: dict[int, dict[str, Any]] = {fault.row_no: fault.raw for fault in faults}
    headers = list(dict.fromkeys(name for raw in raws.values() for name in raw))
    lines = (
        [*(raw.get(name, "") for name in headers), number, " ".join(reasons[number])]
        for number, raw in sorted(raws.items())
    )
    return csv_lines([*headers, "shuke_row", "shuke_reason"], lines)
