"""Texts and broken numbers, which every engine reads in its own way, are read in ours."""

from datetime import date

import ibis
import pytest

from shuke.science.rounding import cut
from shuke.science.texts import iso_date, number


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2024-02-29", date(2024, 2, 29)),
        ("2023-02-29", None),
        ("1899-12-31", None),
        ("2099-12-31", date(2099, 12, 31)),
        # DuckDB's date without an end, which no table can hold, and what Spark takes for a day.
        ("infinity", None),
        ("2023", None),
        ("2023-2-1", None),
        (" 2023-02-01", None),
        ("2023-02-01\n", None),
        ("2023-02-01T10:00:00", None),
        ("", None),
    ],
)
def test_only_an_iso_date_is_a_date(text, day):
    told = ibis.memtable({"text": [text, None]})
    assert iso_date(told.text).to_pyarrow().to_pylist() == [day, None]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (" 7 ", 7.0), ("-.5", -0.5), ("5.", 5.0), ("1e3", 1000.0), ("+0", 0.0), ("1_000", None), ("1,5", None),
        ("nan", None), ("inf", None), ("1d", None), ("0x10", None), ("１", None), ("1e400", None), ("", None),
        (".", None),
    ],
)  # fmt: skip
def test_only_a_decimal_number_is_a_number(text, value):
    told = ibis.memtable({"text": [text, None]})
    assert number(told.text).to_pyarrow().to_pylist() == [value, None]


def test_broken_numbers_are_cut_toward_zero():
    numbers = ibis.memtable({"x": [2.9, -2.9, 2.5, 3.5, -0.1, None]})
    assert cut(numbers.x).to_pyarrow().to_pylist() == [2, -2, 2, 3, 0, None]
