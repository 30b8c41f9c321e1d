"""From a file to a table of cells, whatever the file says it is."""

from __future__ import annotations

import csv
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from shuke.sources.files.encoding import detect_encoding, refuse_foreign, transcode
from shuke.sources.files.errors import UnreadableFileError
from shuke.sources.files.notes import Note
from shuke.sources.files.workbooks import read_parquet, read_workbook, refuse_bomb

SEPARATORS = (",", ";", "\t", "|")
MAX_COLUMNS = 2_000
#: Name of the column that numbers the data rows of the file, 1 = the first below the header.
ROW_NO = "__row_no"


@dataclass(frozen=True)
class SourceTable:
    """A file's cells.  ``frame`` has the columns ``0``, ``1`` … in file order and ``ROW_NO``.

    ``headers`` are as written.  ``ragged`` lists rows whose number of cells differs from the header's.
    A file that a layout rewrote names it, with notes for the report and faults (row number, column,
    code) of rows to be put aside, and ``settings`` of a profile that it found in the file.
    """

    frame: pl.DataFrame
    headers: tuple[str, ...]
    format: str
    encoding: str = ""
    separator: str = ""
    ragged: tuple[int, ...] = field(default=())
    layout: str = ""
    notes: tuple[Note, ...] = ()
    faults: tuple[tuple[int, str, str], ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def height(self) -> int:
        """Rows that have as many cells as the header."""
        return self.frame.height

    def column(self, header: str) -> pl.Series:
        """The cells below a header; the first of equal ones.  Raises ``KeyError``."""
        return self.frame[str(self.headers.index(header))] if header in self.headers else _no_header(header)


def _no_header(header: str) -> pl.Series:
    raise KeyError(header)


def read_file(path: Path, *, encoding: str = "auto", separator: str = "auto") -> SourceTable:
    """The cells of a CSV, Excel or Parquet file, told by its content, not its name.

    Raises ``UnreadableFileError`` for what is empty, damaged or no table.
    """
    with path.open("rb") as file:
        head = file.read(8192)
    if not head.strip(b"\x00\r\n\t \xef\xbb\xbf\xff\xfe"):
        raise UnreadableFileError("empty", "The file is empty.")
    refuse_foreign(head)
    if head.startswith(b"PAR1"):
        return _table(*read_parquet(path), format="parquet")
    if head.startswith(b"PK\x03\x04"):
        refuse_bomb(path)
        return _table(*read_workbook(path), format="excel")
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        return _table(*read_workbook(path), format="excel")
    return _read_csv(path, encoding=encoding, separator=separator)


def _table(frame: pl.DataFrame, headers: list[str], *, format: str) -> SourceTable:  # noqa: A002
    if len(headers) > MAX_COLUMNS:
        raise UnreadableFileError(
            "too_many_columns",
            "The file has {columns} columns; {limit} fit.",
            columns=len(headers),
            limit=MAX_COLUMNS,
        )
    if not frame.height:
        raise UnreadableFileError("no_rows", "The file has a header but no rows below it.")
    numbered = frame.rename({name: str(i) for i, name in enumerate(frame.columns)})
    return SourceTable(
        frame=numbered.with_columns(pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias(ROW_NO)),
        headers=_clean_headers(headers),
        format=format,
    )


def _clean_headers(headers: list[str]) -> tuple[str, ...]:
    """Headers without the marks and blanks that exports leave around them."""
    return tuple(
        header.replace("\ufeff", "").replace("\x00", "").strip().strip('"').strip() for header in headers
    )


def _read_csv(path: Path, *, encoding: str, separator: str) -> SourceTable:
    found = detect_encoding(path) if encoding == "auto" else encoding
    if found in {"utf-8", "utf-8-sig"}:
        return _read_utf8(path, encoding=found, separator=separator)
    with tempfile.TemporaryDirectory(prefix="shuke-import-") as folder:
        target = Path(folder) / "utf8.csv"
        transcode(path, found, target=target)
        return _read_utf8(target, encoding=found, separator=separator)


def _read_utf8(path: Path, *, encoding: str, separator: str) -> SourceTable:
    with path.open("r", encoding="utf-8-sig", errors="replace", newline="") as file:
        sample = file.read(65_536)
    mark = detect_separator(sample) if separator == "auto" else separator
    headers = _clean_headers(
        next(csv.reader(sample.lstrip("\r\n").splitlines(keepends=True), delimiter=mark), [])
    )
    if len(headers) > MAX_COLUMNS:
        raise UnreadableFileError(
            "too_many_columns",
            "The file has {columns} columns; {limit} fit.",
            columns=len(headers),
            limit=MAX_COLUMNS,
        )
    frame, ragged = _rows(path, separator=mark, width=len(headers))
    if not frame.height and not ragged:
        raise UnreadableFileError("no_rows", "The file has a header but no rows below it.")
    return SourceTable(
        frame=frame, headers=headers, format="csv", encoding=encoding, separator=mark, ragged=tuple(ragged)
    )


def detect_separator(sample: str) -> str:
    """The separator that cuts the first lines into the same number of cells, and the most of them."""
    lines = sample.lstrip("\ufeff\r\n").splitlines(keepends=True)[:50]
    if len(lines) > 1 and not sample.endswith(("\n", "\r")):
        lines = lines[:-1]

    def fitness(mark: str) -> tuple[float, int]:
        widths = [len(row) for row in csv.reader(lines, delimiter=mark) if row]
        if not widths or widths[0] < 2:
            return (0.0, 0)
        return (Counter(widths)[widths[0]] / len(widths), widths[0])

    return max(SEPARATORS, key=fitness)


def _rows(path: Path, *, separator: str, width: int) -> tuple[pl.DataFrame, list[int]]:
    """Data rows as text.  Polars reads regular files; Python's csv those with torn rows."""
    names = [str(i) for i in range(width)]
    try:
        frame = pl.read_csv(
            path,
            separator=separator,
            has_header=False,
            skip_rows=0,
            new_columns=names,
            infer_schema=False,
            encoding="utf8",
            null_values=None,
        )
    except pl.exceptions.PolarsError:
        return _rows_by_python(path, separator=separator, width=width)
    if frame.width != width or _may_be_torn(frame, path, separator=separator):
        return _rows_by_python(path, separator=separator, width=width)
    frame = frame.slice(1)
    if width > 1:
        frame = frame.filter(~pl.all_horizontal(pl.all().is_null()))
    return frame.with_columns(pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias(ROW_NO)), []


def _may_be_torn(frame: pl.DataFrame, path: Path, *, separator: str) -> bool:
    """Polars fills short rows up in silence, so a last cell that is empty in some rows is looked at again.

    Without quotes the separators can be counted: no row has too many, so the sum tells whether one
    has too few.
    """
    empty = frame[frame.columns[-1]].null_count()
    if frame.width == 1 or empty in {0, frame.height}:
        return False
    marks = 0
    with path.open("rb") as file:
        while block := file.read(1 << 22):
            if b'"' in block:
                return True
            marks += block.count(separator.encode())
    blank = frame.select(pl.all_horizontal(pl.all().is_null()).sum()).item()
    return bool(marks != (frame.height - blank) * (frame.width - 1))


def _rows_by_python(path: Path, *, separator: str, width: int) -> tuple[pl.DataFrame, list[int]]:
    csv.field_size_limit(2**24)
    columns: list[list[str | None]] = [[] for _ in range(width)]
    numbers: list[int] = []
    ragged: list[int] = []
    with path.open("r", encoding="utf-8-sig", errors="replace", newline="") as file:
        reader = csv.reader(file, delimiter=separator)
        try:
            next(row for row in reader if row)
            for number, row in enumerate((row for row in reader if row), start=1):
                if len(row) != width:
                    ragged.append(number)
                    continue
                numbers.append(number)
                for cells, cell in zip(columns, row, strict=True):
                    cells.append(cell or None)
        except (csv.Error, StopIteration) as error:
            raise UnreadableFileError(
                "broken_csv",
                "The file's quotes or lines are broken so that its cells cannot be told apart. Export it again.",
            ) from error
    data = {str(i): pl.Series(str(i), cells, dtype=pl.String) for i, cells in enumerate(columns)}
    return pl.DataFrame({**data, ROW_NO: pl.Series(ROW_NO, numbers, dtype=pl.Int64)}), ragged
