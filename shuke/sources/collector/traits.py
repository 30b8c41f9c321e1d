"""What ``identify`` says of a person, as a row of a member list."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import msgspec

from shuke.sources.collector.bodies import FAULTS
from shuke.sources.collector.personal import looks_personal, names_person
from shuke.sources.collector.unpacking import Said

#: Traits by Segment's names (and their usual spellings) to the fields of a member list.
FIELDS: Mapping[str, str] = {
    "email": "email",
    "phone": "phone",
    "mobile": "phone",
    "name": "name",
    "birthday": "birthday",
    "dateofbirth": "birthday",
    "createdat": "joined_on",
    "gender": "gender",
    "language": "language",
    "locale": "language",
    "city": "city",
    "region": "region",
    "state": "region",
    "province": "region",
}
_DATES = frozenset({"birthday", "joined_on"})
_LENGTHS = {"email": 254, "phone": 60, "name": 120, "language": 10}
MOST_ATTRIBUTES = 30
#: Columns of attributes in one landing; a sender who makes names up must not make a table of them.
MOST_ATTRIBUTE_COLUMNS = 200
_WORD = re.compile(r"[a-z0-9]+|[^\x00-\x7f]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
PREFIX = "attribute:"


@dataclass(frozen=True)
class Person:
    """One person as events tell of it: a row of a member list, without its number."""

    user: str | None
    device: str | None
    fields: Mapping[str, Any]


def persons(said: Iterable[Said]) -> list[Person]:
    """One row for each pair of customer number and device, the newest trait of a name counting.

    A ``web`` key is not believed: of it only the link between a customer number and a device is taken.
    """
    found: dict[tuple[str | None, str | None], dict[str, Any]] = {}
    for item in sorted(said, key=lambda one: one.at):
        is_believed = item.role != "web"
        fields = _fields(item.traits) if is_believed and item.previous is None else {}
        device = item.device if item.previous is None else item.previous
        if item.user is not None or (is_believed and fields):
            found.setdefault((item.user, device), {}).update(fields)
    # Without anything to link or to say, a customer number alone is what every event tells.
    return [
        Person(user, device, _limited(fields))
        for (user, device), fields in found.items()
        if fields or (user is not None and device is not None)
    ]


def _fields(raw: bytes) -> dict[str, Any]:
    try:
        traits = msgspec.json.decode(raw)
    except FAULTS:
        return {}
    if not isinstance(traits, dict):
        return {}
    fields: dict[str, Any] = {}
    address = traits.pop("address", None)
    for key, value in [*(address.items() if isinstance(address, dict) else ()), *traits.items()]:
        folded = re.sub(r"[\s_.\-]+", "", key).casefold()
        if folded in FIELDS:
            fields |= _known(FIELDS[folded], value)
        elif not names_person(key):
            fields |= _attribute(key, value)
    if "name" not in fields:
        parts = [traits.get(key) for key in ("firstName", "lastName")]
        fields |= _known("name", " ".join(part for part in parts if isinstance(part, str)).strip())
    return fields


def _known(field: str, value: Any) -> dict[str, Any]:
    if field in _DATES:
        found = _date(value)
        return {field: found} if found else {}
    text = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
    is_sound = text and len(text) <= _LENGTHS.get(field, 120) and "\x00" not in text
    return {field: text} if is_sound else {}


def _date(value: Any) -> date | None:
    try:
        return date.fromisoformat(value[:10]) if isinstance(value, str) else None
    except ValueError:
        return None


def _attribute(key: str, value: Any) -> dict[str, str]:
    """A free attribute under a plain name; none for lists, objects and what looks like an identifier."""
    name = "_".join(_WORD.findall(_CAMEL.sub("_", key).lower()))[:40]
    if isinstance(value, bool):
        text = "true" if value else "false"
    else:
        text = str(value).strip() if isinstance(value, str | int | float) else ""
    is_sound = name and 0 < len(text) <= 200 and "\x00" not in text and not looks_personal(text)
    return {PREFIX + name: text} if is_sound else {}


def _limited(fields: Mapping[str, Any]) -> dict[str, Any]:
    attributes = [name for name in fields if name.startswith(PREFIX)][MOST_ATTRIBUTES:]
    return {name: value for name, value in fields.items() if name not in attributes}
