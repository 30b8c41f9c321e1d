"""Writing CSV that no spreadsheet program executes."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

#: Spreadsheets in East Asian languages take the wide signs for the narrow ones.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def harmless(cell: object) -> str:
    """The cell as text; what a spreadsheet would run as a formula gets a quote in front.

    Plain numbers such as -3.5 stay.

    >>> harmless("=1+1")
    "'=1+1"
    """
    text = "" if cell is None else str(cell)
    if text.startswith(_FORMULA_STARTS) and not text.lstrip("+-").replace(".", "", 1).isdigit():
        return "'" + text
    return text


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterable[bytes]:
    """A CSV file line by line as UTF-8 with its mark, so that Excel reads Chinese."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    yield b"\xef\xbb\xbf"
    writer.writerow([harmless(cell) for cell in header])
    for row in rows:
        writer.writerow([harmless(cell) for cell in row])
        yield buffer.getvalue().encode()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue().encode()
