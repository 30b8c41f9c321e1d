"""Tracking plans: what events are expected to hold, compared with what they hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from shuke.sources.collector.clock import moment

Code = Literal["unexpected_event", "missing_property", "wrong_type", "unexpected_property"]


@dataclass(frozen=True)
class Rule:
    """What a property must be: its type and whether it must be there."""

    type: str
    is_required: bool = False


#: Expected events of a source: name → property → rule.
Plan = Mapping[str, Mapping[str, Rule]]


def violations(plan: Plan, *, name: str, properties: Mapping[str, Any]) -> Iterator[tuple[Code, str]]:
    """What of a ``track`` event breaks the plan, as (code, property).  An empty plan is broken by nothing."""
    rules = plan.get(name)
    if rules is None:
        if plan:
            yield "unexpected_event", ""
        return
    for key, rule in rules.items():
        code = _broken(rule, properties.get(key))
        if code is not None:
            yield code, key
    if rules:
        yield from (("unexpected_property", key) for key in properties if key not in rules)


def _broken(rule: Rule, value: Any) -> Code | None:
    if value is None:
        return "missing_property" if rule.is_required else None
    return None if is_of_type(value, rule.type) else "wrong_type"


def is_of_type(value: Any, kind: str) -> bool:
    """Whether a JSON value is of a type of the plan.  A whole number written 3.0 is an integer too."""
    if kind == "boolean":
        return isinstance(value, bool)
    if isinstance(value, bool):
        return False
    if kind == "integer":
        return isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    if kind == "time":
        return isinstance(value, str) and moment(value) is not None
    return isinstance(value, _TYPES.get(kind, object))


_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "text": str,
    "number": (int, float),
    "list": list,
    "object": dict,
}
