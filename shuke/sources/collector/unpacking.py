"""From records of the spool to events: one row each, or the reason why it is none.

What is fast here is fast because a batch is decoded by one call and its properties stay raw; an event that does
not fit makes its batch go the slow way, event by event.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from shuke.sources.collector.bodies import FAULTS
from shuke.sources.collector.clock import OLDEST, moment, occurred_at
from shuke.sources.collector.personal import looks_personal, shape
from shuke.sources.collector.records import BATCH, CALLS, MENDED, Record

TYPES = frozenset(CALLS.values())
MOST_EVENT_BYTES = 2**20
LONGEST_ID = 255
LONGEST_NAME = 200
#: What programs write where an id is missing.  Nobody is called that, and thousands would become one person.
NO_IDS = frozenset(
    {"", "null", "undefined", "none", "nan", "nil", "[object object]", "false", "true", "0", "-1"}
)
_NOTHING = msgspec.Raw(b"null")

#: Row of an event: position and index in its record, source, role, type, name, message id, user, device, occurred,
#: received.
Row = tuple[int, int, str, str, str, str, str, str | None, str | None, int, int]


class Event(msgspec.Struct, gc=False, omit_defaults=True):
    """One event as the SDKs send it; unknown fields are left out."""

    type: str | None = None
    messageId: str | None = None  # noqa: N815 - the wire's own names, here and below
    timestamp: str | int | float | None = None
    originalTimestamp: str | int | float | None = None  # noqa: N815
    sentAt: str | int | float | None = None  # noqa: N815
    userId: str | int | None = None  # noqa: N815
    anonymousId: str | int | None = None  # noqa: N815
    previousId: str | int | None = None  # noqa: N815
    groupId: str | int | None = None  # noqa: N815
    event: str | None = None
    name: str | None = None
    properties: msgspec.Raw = _NOTHING
    traits: msgspec.Raw = _NOTHING
    context: msgspec.Raw = _NOTHING


class _Batch(msgspec.Struct):
    batch: list[Event]
    sentAt: str | int | float | None = None  # noqa: N815


class _RawBatch(msgspec.Struct):
    batch: list[msgspec.Raw]
    sentAt: str | int | float | None = None  # noqa: N815
    bad: list[dict[str, Any]] = []
    kind: str = "b"


_BATCH = msgspec.json.Decoder(_Batch)
_RAW_BATCH = msgspec.json.Decoder(_RawBatch)
_EVENT = msgspec.json.Decoder(Event)


@dataclass(frozen=True, slots=True)
class Bad:
    """An event that was put aside.  ``shown`` is what may be kept of it."""

    position: int
    index: int
    source: str
    received_at: int
    code: str
    shown: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Said:
    """What an ``identify`` or ``alias`` says of a person; ``row`` is its place among the rows, ``traits`` raw JSON."""

    row: int
    source: str
    role: str
    user: str | None
    device: str | None
    previous: str | None
    traits: bytes
    at: int


@dataclass(frozen=True)
class Unpacked:
    """Events of some records in their order, bad ones apart; each row's properties and context as raw JSON."""

    rows: list[Row] = field(default_factory=list)
    properties: list[bytes] = field(default_factory=list)
    contexts: list[bytes] = field(default_factory=list)
    bad: list[Bad] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)


class Misfit(Exception):
    """Why an event is none."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def unpack(records: Iterable[Record], *, segment: int) -> Unpacked:
    """Every event of the records; positions are ``segment << 32 | end of the record``."""
    found = Unpacked()
    for record in records:
        _Unpacker(record, found, position=segment << 32 | record.end).run()
    return found


class _Unpacker:
    """One record on its way."""

    def __init__(self, record: Record, found: Unpacked, *, position: int) -> None:
        self.record, self.found, self.position = record, found, position
        self.call = CALLS.get(record.kind)
        self.sent_at: int | None = None
        self.index = 0

    def run(self) -> None:
        """Take every event, or put it aside."""
        for event, raw in self._events():
            try:
                self._take(event)
            except Misfit as misfit:
                self._put_aside(misfit.code, raw or msgspec.json.encode(event))
            self.index += 1

    def _events(self) -> Iterator[tuple[Event, bytes]]:
        """The events that can be decoded, with their bytes if these are at hand."""
        body, kind = self.record.body, self.record.kind
        if kind == BATCH and len(body) < MOST_EVENT_BYTES:
            try:
                batch = _BATCH.decode(body)
            except FAULTS:
                pass
            else:
                self.sent_at = moment(batch.sentAt)
                yield from ((event, b"") for event in batch.batch)
                return
        yield from self._one_by_one(self._pieces(body, kind))

    def _pieces(self, body: bytes, kind: bytes) -> list[bytes]:
        if kind not in {BATCH, MENDED}:
            return [body]
        try:
            batch = _RAW_BATCH.decode(body)
        except FAULTS:
            # The collector accepted it, so only the envelope's own facts can be strange.
            batch = _RawBatch([*msgspec.json.decode(body, type=dict[str, Any]).get("batch", ())])
        self.sent_at = moment(batch.sentAt)
        if kind == MENDED:
            self.call = CALLS.get(batch.kind.encode())
            for fault in batch.bad:
                self._note(str(fault.pop("code", "not_json")), _plain(fault))
                self.index += 1
        return [
            bytes(raw) if isinstance(raw, msgspec.Raw) else msgspec.json.encode(raw) for raw in batch.batch
        ]

    def _one_by_one(self, pieces: Iterable[bytes]) -> Iterator[tuple[Event, bytes]]:
        for raw in pieces:
            try:
                if len(raw) > MOST_EVENT_BYTES:
                    raise Misfit("too_large")
                event = _decoded(raw)
            except Misfit as misfit:
                self._put_aside(misfit.code, raw)
                self.index += 1
            else:
                yield event, raw

    def _take(self, event: Event) -> None:
        kind = self.call or event.type
        if kind not in TYPES or kind is None:
            raise Misfit("unknown_type")
        user, device = _id(event.userId), _id(event.anonymousId)
        if user is None and device is None:
            raise Misfit("no_person")
        name = _name(kind, event)
        received_at = self.record.received_at
        at = self._occurred_at(event)
        message_id = _text(event.messageId, LONGEST_ID, "message_id_too_long")
        # Without an id of its own an event cannot be recognised again; its place stands for it.
        message_id = message_id or f"none-{self.position:x}-{self.index}"
        record = self.record
        properties = bytes(_properties(kind, event))
        self.found.rows.append(
            (
                *(
                    self.position,
                    self.index,
                    record.source,
                    record.role,
                    kind,
                    name,
                    message_id,
                    user,
                    device,
                ),
                *(at, received_at),
            )
        )
        self.found.properties.append(properties)
        self.found.contexts.append(bytes(event.context))
        if kind in {"identify", "alias"}:
            previous = _id(event.previousId) if kind == "alias" else None
            row = len(self.found.rows) - 1
            said = Said(row, record.source, record.role, user, device, previous, properties, at)
            self.found.said.append(said)

    def _occurred_at(self, event: Event) -> int:
        received_at = self.record.received_at
        given = event.timestamp if event.timestamp is not None else event.originalTimestamp
        if given is None:
            return received_at
        at = moment(given)
        if at is None or at < OLDEST:
            raise Misfit("bad_time")
        sent_at = self.sent_at if self.sent_at is not None else moment(event.sentAt)
        return occurred_at(at, sent_at=sent_at, received_at=received_at)

    def _put_aside(self, code: str, raw: bytes) -> None:
        self._note(code, _shown(raw))

    def _note(self, code: str, shown: Mapping[str, Any]) -> None:
        record = self.record
        bad = Bad(self.position, self.index, record.source, record.received_at, code, shown)
        self.found.bad.append(bad)


def _decoded(raw: bytes) -> Event:
    try:
        return _EVENT.decode(raw)
    except UnicodeDecodeError:
        raise Misfit("not_utf8") from None
    except RecursionError:
        raise Misfit("too_deep") from None
    except msgspec.ValidationError:
        raise Misfit("wrong_field" if raw.lstrip()[:1] == b"{" else "not_an_object") from None
    except msgspec.MsgspecError:
        raise Misfit("not_json") from None


def _id(value: str | int | None) -> str | None:
    """An id as text, ``None`` for one that is missing or says so."""
    if value is None:
        return None
    text = value.strip() if type(value) is str else str(value)
    if len(text) > LONGEST_ID:
        raise Misfit("id_too_long")
    if len(text) < 16 and text.lower() in NO_IDS:
        return None
    if "\x00" in text:
        raise Misfit("has_nul")
    return text


def _text(value: str | None, longest: int, code: str) -> str:
    if value is None:
        return ""
    if len(value) > longest:
        raise Misfit(code)
    if "\x00" in value:
        raise Misfit("has_nul")
    return value.strip()


def _name(kind: str, event: Event) -> str:
    if kind == "track":
        name = _text(event.event, LONGEST_NAME, "name_too_long")
        if not name:
            raise Misfit("no_name")
        return "…" if looks_personal(name) else name
    if kind in {"page", "screen"}:
        name = _text(event.name, LONGEST_NAME, "name_too_long")
        return "…" if looks_personal(name) else name or kind
    return kind


def _properties(kind: str, event: Event) -> msgspec.Raw:
    if kind not in {"identify", "group"}:
        return event.properties
    if bytes(event.traits) != b"null":
        return event.traits
    try:
        # One SDK puts the traits into the context only.
        found = msgspec.json.decode(event.context, type=_Context | None)
    except FAULTS:
        return _NOTHING
    return found.traits if found else _NOTHING


class _Context(msgspec.Struct):
    traits: msgspec.Raw = _NOTHING


def _shown(raw: bytes) -> dict[str, Any]:
    """Of an event that is put aside: its type and name, and the shape of the rest."""
    try:
        value = msgspec.json.decode(raw)
    except FAULTS:
        return {}
    if not isinstance(value, dict):
        return {"shape": shape(value)}
    return {**_plain(value), "shape": shape({key: value[key] for key in value if key != "context"})}


def _plain(value: Mapping[str, Any]) -> dict[str, Any]:
    facts = {"type": value.get("type"), "name": value.get("event") or value.get("name")}
    facts["message_id"] = value.get("messageId")
    return {
        key: text[:LONGEST_NAME]
        for key, text in facts.items()
        if isinstance(text, str) and text.isprintable() and not looks_personal(text)
    }
