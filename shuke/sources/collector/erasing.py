"""Taking people out of segments, without moving a byte of what stays."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from shuke.sources.collector.bodies import FAULTS
from shuke.sources.collector.records import BATCH, HEADER_BYTES, MENDED, Record, packed, records
from shuke.sources.collector.spool import sync_folder, write_durably

_ID_FIELDS = ("userId", "anonymousId", "previousId", "groupId")
#: An id of this length means its holder wherever it stands; a shorter one (``5``) only where an id is expected.
TELLING_LENGTH = 8
_SEPARATORS = r"[\s().\-]*"


@dataclass(frozen=True)
class Wanted:
    """Who is to be found.  ``contacts`` are emails and phones, which mean the same person everywhere;
    ``ids`` the numbers by which each source knows the people."""

    contacts: Sequence[str] = ()
    ids: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def pattern(self) -> re.Pattern[str]:
        """Finds a contact in a text, a phone also with separators and without its country's code."""
        parts = [
            _phone_pattern(value) if value.startswith("+") else re.escape(value) for value in self.contacts
        ]
        return re.compile("|".join(parts) or r"(?!)", re.IGNORECASE)


def erase_from_segment(path: Path, wanted: Wanted) -> int:
    """Write the segment anew without the events of these people; returns how many records changed.

    Nobody may write to it any more.  Killed at any moment it leaves the old or the new segment.
    """
    data = path.read_bytes()
    changed, count, finder = bytearray(data), 0, _Finder(wanted)
    for record in records(data):
        body = finder.body_without(record)
        if body is not None:
            changed[record.end - HEADER_BYTES - len(record.body) : record.end] = _repacked(record, body)
            count += 1
    if not count:
        return 0
    draft = path.with_suffix(f".{os.getpid()}.{secrets.token_hex(4)}.draft")
    write_durably(draft, bytes(changed))
    # Its age decides when it goes.
    status = path.stat()
    os.utime(draft, ns=(status.st_atime_ns, status.st_mtime_ns))
    draft.rename(path)
    sync_folder(path.parent)
    return count


class _Finder:
    """Finds events of people in records."""

    def __init__(self, wanted: Wanted) -> None:
        self._contacts, self._ids = wanted.pattern(), wanted.ids
        self._marks = {
            source: re.compile("|".join(re.escape(value) for value in sorted(ids)) or r"(?!)", re.IGNORECASE)
            for source, ids in wanted.ids.items()
        }

    def body_without(self, record: Record) -> bytes | None:
        """The body without their events, ``None`` if it holds none."""
        text = record.body.decode("utf-8", "replace")
        marks = self._marks.get(record.source)
        # Escapes can spell any value in other letters; without one a glance tells that nobody is in it.
        if "\\" not in text and not self._contacts.search(text) and not (marks and marks.search(text)):
            return None
        if record.kind not in {BATCH, MENDED}:
            return b"{}" if self._concerns(record.source, _value(record.body)) else None
        return self._batch_without(record)

    def _batch_without(self, record: Record) -> bytes | None:
        try:
            envelope = msgspec.json.decode(record.body, type=dict[str, msgspec.Raw])
            batch = msgspec.json.decode(envelope.pop("batch"), type=list[msgspec.Raw])
        except (*FAULTS, KeyError):
            return b'{"batch":[]}'
        kept = [bytes(raw) for raw in batch if not self._concerns(record.source, _value(bytes(raw)))]
        others = {
            key: value
            for key, value in envelope.items()
            if key in {"sentAt", "kind", "bad"} and not self._concerns(record.source, _value(bytes(value)))
        }
        if len(kept) == len(batch) and len(others) == len(envelope.keys() & {"sentAt", "kind", "bad"}):
            return None
        head = msgspec.json.encode(others)[:-1] + (b"," if others else b"")
        return head + b'"batch":[' + b",".join(kept) + b"]}"

    def _concerns(self, source: str, event: Any) -> bool:
        ids = self._ids.get(source, frozenset())
        if isinstance(event, dict) and any(_as_id(event.get(name)) in ids for name in _ID_FIELDS):
            return True
        return any(
            self._contacts.search(text) is not None or (len(text) >= TELLING_LENGTH and text.strip() in ids)
            for text in _texts(event)
        )


def _as_id(value: Any) -> str:
    return str(value).strip() if isinstance(value, str | int) else ""


def _texts(value: Any) -> list[str]:
    """Every text, key and whole number in a value."""
    if isinstance(value, dict):
        return [text for key, item in value.items() for text in (key, *_texts(item))]
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]
    return [str(value)] if isinstance(value, str | int) and not isinstance(value, bool) else []


def _value(raw: bytes) -> Any:
    """The event decoded; of one that cannot be, its bytes as text."""
    try:
        return msgspec.json.decode(raw)
    except FAULTS:
        return raw.decode("utf-8", "replace")


def _phone_pattern(number: str) -> str:
    """An international number, or its last digits without the country's code, with separators anywhere."""
    digits = re.sub(r"\D", "", number)
    national = digits[-10:] if len(digits) > 10 else digits
    return _SEPARATORS.join(national)


def _repacked(record: Record, body: bytes) -> bytes:
    """The record with another body, filled with spaces to its former length: every offset stays true."""
    filled = body.ljust(len(record.body))
    return packed(
        received_at=record.received_at, kind=record.kind, role=record.role, source=record.source, body=filled
    )
