"""From broken numbers to whole ones, alike on every engine: DuckDB's cast rounds, Spark's cuts."""

from __future__ import annotations

from ibis.expr import types as ir


def cut(value: ir.NumericValue) -> ir.IntegerValue:
    """The whole number toward zero.

    >>> numbers = ibis.memtable({"x": [2.9, -2.9, 2.5, None]})
    >>> cut(numbers.x).to_pyarrow().to_pylist()
    [2, -2, 2, None]
    """
    return (value < 0).ifelse(value.ceil(), value.floor()).cast("int64")
