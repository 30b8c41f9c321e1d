"""A workbook that others read: numbers stay numbers, and nothing in it is a formula."""

import io
from decimal import Decimal

import fastexcel
import openpyxl

from shuke.sources.files.worksheets import workbook


def test_two_readers_read_what_was_written(tmp_path):
    rows = [
        ("2026-01", Decimal("1234.50"), 7, None),
        ("=1+1", Decimal("-0.01"), -3, "<a & 'b'>\x01"),
        ("＝cmd|' /C calc'!A0", Decimal("1E+3"), 0, "合同负债"),
    ]
    book = workbook(["月份", "Amount", "Points", "@note"], rows, title="Points: 2026/[all]*?")
    sheet = openpyxl.load_workbook(io.BytesIO(book)).active
    read = [[cell.value for cell in line] for line in sheet.iter_rows()]
    assert read == [
        ["月份", "Amount", "Points", "'@note"],
        ["2026-01", 1234.5, 7, None],
        ["'=1+1", -0.01, -3, "<a & 'b'>"],
        ["'＝cmd|' /C calc'!A0", 1000, 0, "合同负债"],
    ]
    assert all(cell.data_type != "f" for line in sheet.iter_rows() for cell in line)
    (tmp_path / "book.xlsx").write_bytes(book)
    again = fastexcel.read_excel(str(tmp_path / "book.xlsx")).load_sheet(0).to_polars()
    assert again["Amount"].to_list() == [1234.5, -0.01, 1000.0]
    assert workbook(["a"], [], title="")
