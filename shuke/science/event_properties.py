"""What an event says: plain values of the JSON object of its properties, the same on every engine."""

from __future__ import annotations

import re

import ibis  # noqa: F401  (doctest)
from ibis.expr import types as ir


def property_text(properties: ir.StringValue, key: str) -> ir.StringValue:
    """The text, number or truth value of a key as text; empty where there is none, or null, an object or a list.

    A text ends with its quotation mark, not with a comma, and escaped quotation marks and backslashes in it are those
    that were meant.  Nested objects are looked through as well: the first key of that name counts.

    >>> import ibis
    >>> told = ibis.memtable({"p": ['{"brand": "Soap, blue", "price": 12.5}', '{"price":"9", "brand": null}', None]})
    >>> told.select(b=property_text(told.p, "brand"), n=property_text(told.p, "price")).to_polars().rows()
    [('Soap, blue', '12.5'), ('', '9'), ('', '')]
    """
    named = rf'"{re.escape(key)}"\s*:\s*'
    known = properties.fill_null("")
    quoted = known.re_extract(rf'{named}"((?:[^"\\]|\\.)*)"', 1).replace('\\"', '"').replace("\\\\", "\\")
    bare = known.re_extract(rf'{named}([^",}}\]\[{{]*)', 1).strip()
    return (quoted == "").ifelse((bare == "null").ifelse("", bare), quoted)
