"""Values of conditions in the type of what they are compared with."""

from __future__ import annotations

import math
from datetime import date
from typing import Any as AnyValue

from shuke.apps.audiences.rules.conditions import MAX_DAYS, Attribute, Operator, Trait
from shuke.apps.audiences.rules.parsing import Fault, FaultyConditionsError, Path
from shuke.tables import TABLES

NUMBERS = frozenset({"int", "minor", "float"})
_ORDERS: tuple[Operator, ...] = ("eq", "ne", "lt", "le", "gt", "ge", "between")

#: What can be asked of a value of each type.
OPERATORS: dict[str, tuple[Operator, ...]] = {
    "text": ("eq", "ne", "in", "contains", "starts_with", "is_known"),
    "id": ("eq", "ne", "in", "contains", "starts_with", "is_known"),
    "int": (*_ORDERS, "in", "is_known"),
    "minor": (*_ORDERS, "is_known"),
    "float": (*_ORDERS, "is_known"),
    "date": (*_ORDERS, "last_days", "is_known"),
    "attribute": (*_ORDERS, "in", "contains", "starts_with", "is_known"),
}

#: Traits that can be asked for: every column but the keys and the currency of the amounts.
TRAITS: dict[str, str] = {
    column.name: column.type
    for column in TABLES["traits"].columns
    if column.name not in ("member_id", "as_of", "currency")
}


def operands(node: Trait | Attribute, *, kind: str, path: Path = ()) -> tuple[AnyValue, ...]:
    """The values that the operator needs, in the type ``kind``.

    ``()`` for is_known, one for most, two for between, any number for in.  Raises
    ``FaultyConditionsError``.
    """
    if node.operator not in OPERATORS[kind]:
        raise FaultyConditionsError(
            Fault("operator_not_allowed", path, "operator", {"operator": node.operator})
        )
    if node.operator == "is_known":
        return ()
    if node.operator == "in":
        given: tuple[tuple[str, AnyValue], ...] = tuple(("values", value) for value in node.values)
    elif node.operator == "between":
        given = (("value", node.value), ("high", node.high))
    else:
        given = (("value", node.value),)
    if not given:
        raise FaultyConditionsError(Fault("value_missing", path, "values"))
    wanted = "int" if node.operator == "last_days" else _wanted(node, kind)
    typed = tuple(_typed(value, kind=wanted, path=path, name=name) for name, value in given)
    _check_range(node.operator, typed, path=path)
    return typed


def _check_range(operator: Operator, typed: tuple[AnyValue, ...], *, path: Path) -> None:
    if operator == "between" and typed[1] < typed[0]:
        raise FaultyConditionsError(Fault("range_reversed", path, "high"))
    if operator == "last_days" and not 1 <= typed[0] <= MAX_DAYS:
        raise FaultyConditionsError(Fault("out_of_range", path, "value", {"ge": 1}))


def _wanted(node: Trait | Attribute, kind: str) -> str:
    """Attributes are texts; an order, or a number to be equal to, compares them as numbers."""
    if kind != "attribute":
        return kind
    if node.operator in ("lt", "le", "gt", "ge", "between"):
        return "float"
    given = node.values if node.operator == "in" else (node.value,)
    is_numeric = all(isinstance(value, int | float) and not isinstance(value, bool) for value in given)
    return "float" if is_numeric and node.operator in ("eq", "ne", "in") else "text"


def _typed(value: AnyValue, *, kind: str, path: Path, name: str) -> AnyValue:
    if value is None:
        raise FaultyConditionsError(Fault("value_missing", path, name))
    readers = {"date": _as_date, "int": _as_int, "minor": _as_int, "float": _as_float}
    read = readers.get(kind, _as_text)
    result = read(value)
    if result is None:
        code = {"date": "not_a_date", "int": "not_a_whole_number", "minor": "not_a_number"}.get(kind)
        raise FaultyConditionsError(
            Fault(code or ("not_a_number" if kind == "float" else "not_a_text"), path, name)
        )
    return result


def _as_date(value: AnyValue) -> date | None:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        return None


def _as_int(value: AnyValue) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
        return None
    return int(value)


def _as_float(value: AnyValue) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def _as_text(value: AnyValue) -> str | None:
    return value if isinstance(value, str) and value else None
