"""The answer to a consent banner, as the web snippet and Segment's own wrapper send it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from shuke.sources.collector.bodies import FAULTS
from shuke.sources.collector.personal import looks_personal

#: Names of the events that tell of an answer; other events carry the preferences along, and say nothing new.
EVENTS = frozenset(
    {"Consent Preference Updated", "Segment Consent Preference Updated", "Segment Consent Preference"}
)
MOST_CATEGORIES = 30


@dataclass(frozen=True)
class Answer:
    """What was granted and refused, by category, and what the page says it showed."""

    preferences: Mapping[str, bool]
    evidence: Mapping[str, str]


def answer(*, context: bytes, properties: bytes) -> Answer | None:
    """The answer that an event of ``EVENTS`` holds, ``None`` if it holds none."""
    said, extra = _object(context), _object(properties)
    consent = said.get("consent")
    given = (
        consent.get("categoryPreferences") if isinstance(consent, dict) else extra.get("categoryPreferences")
    )
    if not isinstance(given, dict):
        return None
    plain = {key: value for key, value in given.items() if isinstance(value, bool) and 0 < len(key) <= 40}
    if not plain:
        return None
    evidence = _evidence(extra, page=said.get("page"))
    if isinstance(consent, dict) and isinstance(consent.get("gpc"), bool):
        evidence["gpc"] = "true" if consent["gpc"] else "false"
    return Answer(dict(list(plain.items())[:MOST_CATEGORIES]), evidence)


def _evidence(properties: Mapping[str, Any], *, page: Any) -> dict[str, str]:
    url = page.get("url") if isinstance(page, dict) else None
    facts = {"text": properties.get("text"), "version": properties.get("version"), "url": url}
    return {
        name: value.replace("\x00", "").partition("?")[0][:500]
        if name == "url"
        else value.replace("\x00", "")[:2000]
        for name, value in facts.items()
        if isinstance(value, str) and value and not looks_personal(value.partition("?")[0])
    }


def _object(raw: bytes) -> dict[str, Any]:
    try:
        value = msgspec.json.decode(raw)
    except FAULTS:
        return {}
    return value if isinstance(value, dict) else {}
