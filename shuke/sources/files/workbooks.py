"""Excel workbooks and Parquet files."""

from __future__ import annotations

import zipfile
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from shuke.sources.files.errors import UnreadableFileError

#: A workbook that unpacks to more is refused: the largest sheet there can be needs less.
MAX_UNPACKED_BYTES = 600 * 2**20
MAX_RATIO = 200
#: A row of a Parquet file costs at least this much memory per column once it is read.
MAX_PARQUET_CELLS = 1_000_000_000


def refuse_bomb(path: Path) -> None:
    """Refuse archives that unpack to far more than any workbook holds, before unpacking them."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except zipfile.BadZipFile as error:
        raise UnreadableFileError(
            "broken_workbook",
            "The Excel file is damaged. Open it in a spreadsheet program and save it again.",
        ) from error
    unpacked = sum(member.file_size for member in members)
    packed = sum(member.compress_size for member in members) or 1
    if unpacked > MAX_UNPACKED_BYTES or (unpacked > 50 * 2**20 and unpacked / packed > MAX_RATIO):
        raise UnreadableFileError(
            "workbook_too_large",
            "The Excel file unpacks to {size} MiB. Split it, or save it as CSV.",
            size=unpacked // 2**20,
        )
    if not any(member.filename.startswith("xl/") for member in members):
        raise UnreadableFileError(
            "not_a_table", "This is a ZIP archive, not a workbook. Unpack it and import the files one by one."
        )


def read_workbook(path: Path) -> tuple[pl.DataFrame, list[str]]:
    """The first sheet that has rows, every cell as text, and the header.

    Dates arrive in ISO form.  Raises ``UnreadableFileError`` for a damaged file or one without rows.
    """
    import fastexcel

    try:
        book = fastexcel.read_excel(str(path))
        for name in book.sheet_names:
            sheet = book.load_sheet(name, header_row=None, dtypes="string")
            frame = sheet.to_polars()
            if frame.height:
                return _with_header(frame)
    except (fastexcel.FastExcelError, OSError, ValueError) as error:
        raise UnreadableFileError(
            "broken_workbook",
            "The Excel file cannot be read. Open it in a spreadsheet program and save it again as .xlsx.",
        ) from error
    raise UnreadableFileError("empty", "The workbook has no rows.")


def _with_header(frame: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    """Take the first row that is not empty as the header; drop rows that are wholly empty."""
    filled = frame.filter(~pl.all_horizontal(pl.all().is_null()))
    header = ["" if cell is None else str(cell) for cell in filled.row(0)]
    return filled.slice(1), header


def read_parquet(path: Path) -> tuple[pl.DataFrame, list[str]]:
    """All rows with their own types.  Raises ``UnreadableFileError`` for a damaged file."""
    try:
        info = pq.ParquetFile(path).metadata
        if info.num_rows * info.num_columns > MAX_PARQUET_CELLS:
            raise UnreadableFileError(
                "too_large",
                "The file has {rows} rows. Split it into parts of a few million.",
                rows=info.num_rows,
            )
        frame = pl.read_parquet(path)
    except (pl.exceptions.PolarsError, pa.ArrowException, OSError, EOFError, ValueError) as error:
        raise UnreadableFileError(
            "broken_parquet", "The Parquet file is damaged or cut off. Transfer or export it again."
        ) from error
    return frame, frame.columns
