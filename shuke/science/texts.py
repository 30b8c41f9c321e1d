"""Dates and numbers that somebody told as text.

Engines read texts differently: DuckDB takes ``inf`` for a date without an end and 1_000 for a thousand, Spark takes
``2017`` for New Year and ``1d`` for one.  So the shape is decided here and only what has it is read.
"""

from __future__ import annotations

import ibis
from ibis.expr import types as ir

#: A day of the years 1900 to 2099 as ISO 8601 writes it.
ISO_DATE = "^(19|20)[0-9][0-9]-[0-9][0-9]-[0-9][0-9]$"
#: A decimal number with a point, signed or not, of a size that float64 holds.
NUMBER = "^[+-]?([0-9]{1,15}([.][0-9]{0,15})?|[.][0-9]{1,15})([eE][+-]?[0-9]{1,2})?$"


def iso_date(text: ir.StringValue) -> ir.DateValue:
    """The day that the text names; missing for any other text and for days that no calendar has.

    >>> told = ibis.memtable({"text": ["2024-02-29", "2023-02-29", "2023-2-1", "inf", None]})
    >>> iso_date(told.text).to_pyarrow().to_pylist()
    [datetime.date(2024, 2, 29), None, None, None, None]
    """
    return _shaped(text, ISO_DATE, length=10).try_cast("date")


def number(text: ir.StringValue) -> ir.FloatingValue:
    """The number that the text writes, with blanks around it or not; missing for any other text.

    >>> told = ibis.memtable({"text": [" 7 ", "1.5e3", "-.5", "1_000", "nan", "1d", ""]})
    >>> number(told.text).to_pyarrow().to_pylist()
    [7.0, 1500.0, -0.5, None, None, None, None]
    """
    return _shaped(text.strip(), NUMBER, length=40).try_cast("float64")


def _shaped(text: ir.StringValue, pattern: str, *, length: int) -> ir.StringValue:
    # The length keeps a line break at the end out, which only some engines let the dollar sign stand before.
    has_shape = text.re_search(pattern) & (text.length() <= length)
    return has_shape.ifelse(text, ibis.null("string"))
