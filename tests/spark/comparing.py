"""Whether two engines gave the same rows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import polars as pl
import pyarrow as pa

#: Engines add up in different orders; a relative error above this is a difference of meaning.
TOLERANCE = 1e-9


def rows_of(result: pl.DataFrame | pa.Table) -> tuple[pa.Schema, list[tuple[Any, ...]]]:
    """The schema and the rows, in an order that does not depend on the engine: floats decide last."""
    table = result.to_arrow() if isinstance(result, pl.DataFrame) else result
    rows = list(zip(*(column.to_pylist() for column in table.columns), strict=True))
    return table.schema, sorted(rows, key=_place)


def _place(row: Sequence[Any]) -> tuple[Any, ...]:
    exact = tuple(repr(value) for value in row if not isinstance(value, float))
    return exact, tuple(-math.inf if math.isnan(v) else v for v in row if isinstance(v, float))


def differences(ours: pl.DataFrame | pa.Table, theirs: pl.DataFrame | pa.Table) -> list[str]:
    """What differs, in sentences; nothing for equal results."""
    (schema, left), (other, right) = rows_of(ours), rows_of(theirs)
    if schema.names != other.names or schema.types != other.types:
        return [f"the columns are {other} instead of {schema}"]
    if len(left) != len(right):
        return [f"{len(right)} rows instead of {len(left)}", *_lonely(left, right)]
    return [
        f"row {number}, {name}: {b!r} instead of {a!r} in {row}"
        for number, (row, twin) in enumerate(zip(left, right, strict=True))
        for name, a, b in zip(schema.names, row, twin, strict=True)
        if not is_equal(a, b)
    ]


def _lonely(left: list[Any], right: list[Any]) -> list[str]:
    """Some rows that only one side has."""
    mine, theirs = set(map(repr, left)), set(map(repr, right))
    return [f"only first: {sorted(mine - theirs)[:3]}", f"only second: {sorted(theirs - mine)[:3]}"]


def is_equal(a: Any, b: Any) -> bool:
    """Exact but for floats; a missing number is not NaN."""
    if isinstance(a, float) and isinstance(b, float):
        if math.isnan(a) or math.isnan(b):
            return math.isnan(a) and math.isnan(b)
        return math.isclose(a, b, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return type(a) is type(b) and a == b
