"""From JSON to a condition tree, or to faults that name the condition at fault."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any as AnyValue

from pydantic import TypeAdapter, ValidationError

from shuke.apps.audiences.rules.conditions import MAX_CONDITIONS, MAX_DEPTH, Condition, Node

_ADAPTER: TypeAdapter[Condition] = TypeAdapter(Condition)

#: Position of a node: the index of the child at each level; the empty path is the root.
Path = tuple[int, ...]


@dataclass(frozen=True)
class Fault:
    """Why a tree cannot be used: a stable ``code``, where, which input, and facts for the message."""

    code: str
    path: Path = ()
    input: str = ""
    details: Mapping[str, AnyValue] = field(default_factory=dict)


class FaultyConditionsError(ValueError):
    """A tree that cannot be used, with all its faults."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__("; ".join(f"{fault.code} at {list(fault.path)}" for fault in faults))
        self.faults = faults


def parsed(raw: AnyValue) -> Condition:
    """The tree of plain data.  Raises ``FaultyConditionsError`` with everything that is wrong.

    Depth and size are checked before anything else, so that no input can exhaust the stack.
    """
    _check_size(raw)
    try:
        return _ADAPTER.validate_python(raw)
    except ValidationError as error:
        faults = [_fault(dict(item)) for item in error.errors(include_url=False, include_context=True)]
        raise FaultyConditionsError(*_one_each(faults)) from error


def as_data(tree: Condition) -> dict[str, AnyValue]:
    """Plain data for JSON; ``parsed`` gives the tree back."""
    data: dict[str, AnyValue] = _ADAPTER.dump_python(tree, mode="json")
    return data


def _inner(raw: AnyValue) -> list[AnyValue]:
    if not isinstance(raw, Mapping):
        return []
    children = raw.get("children")
    inner = list(children) if isinstance(children, list | tuple) else []
    return [*inner, raw["child"]] if "child" in raw else inner


def _check_size(raw: AnyValue) -> None:
    count = 0
    waiting: list[tuple[Path, AnyValue]] = [((), raw)]
    while waiting:
        path, node = waiting.pop()
        count += 1
        if len(path) >= MAX_DEPTH:
            raise FaultyConditionsError(Fault("too_deep", path, details={"limit": MAX_DEPTH}))
        if count > MAX_CONDITIONS:
            raise FaultyConditionsError(Fault("too_many", (), details={"limit": MAX_CONDITIONS}))
        waiting.extend(((*path, index), child) for index, child in enumerate(_inner(node)))


def _input_names(model: type[Node]) -> set[str]:
    inner = [_input_names(subclass) for subclass in model.__subclasses__()]
    return set(model.model_fields).union(*inner)


_INPUTS = _input_names(Node) - {"type", "children", "child"}


def _one_each(faults: list[Fault]) -> list[Fault]:
    """One fault for each input: a value that fits none of several types is reported once for each."""
    found: dict[tuple[Path, str], Fault] = {}
    for fault in faults:
        known = found.setdefault((fault.path, fault.input), fault)
        if known.code in _VAGUE and fault.code not in _VAGUE:
            found[fault.path, fault.input] = fault
    return list(found.values())


#: Codes that only say which type did not fit.
_VAGUE = frozenset({"not_readable", "not_a_number"})

_CODES = {
    "missing": "value_missing",
    "string_too_short": "value_missing",
    "too_short": "value_missing",
    "too_long": "too_many_values",
    "string_too_long": "text_too_long",
    "union_tag_invalid": "unknown_type",
    "union_tag_not_found": "unknown_type",
    "extra_forbidden": "unknown_input",
    "literal_error": "not_a_choice",
    "greater_than_equal": "out_of_range",
    "less_than_equal": "out_of_range",
    "date_from_datetime_parsing": "not_a_date",
    "date_parsing": "not_a_date",
    "date_type": "not_a_date",
    "int_parsing": "not_a_number",
    "int_type": "not_a_number",
    "int_from_float": "not_a_number",
    "value_missing": "value_missing",
    "range_reversed": "range_reversed",
    "text_unreadable": "text_unreadable",
}


def _fault(item: dict[str, AnyValue]) -> Fault:
    """Pydantic's place is (tag, 'children', 0, tag, 'window', 'last_days', 'days'): split path and input."""
    path: list[int] = []
    last_text, location = "", list(item["loc"])
    while location:
        part = location.pop(0)
        if part == "children" and location and isinstance(location[0], int):
            path.append(location.pop(0))
        elif part == "child":
            path.append(0)
        elif part in _INPUTS:
            last_text = str(part)
    empty = item.get("input") in (None, "") and item["type"] not in ("extra_forbidden", "union_tag_invalid")
    code = "value_missing" if empty else _CODES.get(item["type"], "not_readable")
    context = {k: v for k, v in item.get("ctx", {}).items() if isinstance(v, str | int | float)}
    return Fault(code, tuple(path), last_text, context)
