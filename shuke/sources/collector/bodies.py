"""Reading just enough of a body to keep it: whose it is, how many events, and that it can be read.

Events stay raw here; the loader looks into them.  A body that one event spoils (``NaN``, half a surrogate
pair, nesting without end) is cut into its events, and only that event is set apart.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

import msgspec

from shuke.sources.collector.records import BATCH, CALLS, MENDED

MOST_EVENTS = 10_000
#: More brackets and quotes than this in a body that cannot be read at once, and it is refused unread.
MOST_TOKENS = 2_000_000
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{},]', re.DOTALL)
_OPENING = frozenset(b"[{")
_CLOSING = frozenset(b"]}")


class UnreadableBody(Exception):
    """Nothing of the body can be read.  ``code`` is stable, the message is a sentence for the sender."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class _Batch(msgspec.Struct):
    batch: list[msgspec.Raw]
    writeKey: str | None = None  # noqa: N815 - the wire's own name


class _One(msgspec.Struct):
    writeKey: str | None = None  # noqa: N815 - the wire's own name


_BATCH = msgspec.json.Decoder(_Batch)
_ONE = msgspec.json.Decoder(_One)
#: What the decoder raises for bytes it cannot read; the last two are not of its own error class.
FAULTS = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


@dataclass(frozen=True, slots=True)
class Body:
    """A body that will be kept: as it came, or mended."""

    kind: bytes
    content: bytes
    count: int
    write_key: str = ""


def read_body(content: bytes, *, kind: bytes) -> Body:
    """The body of a batch (``kind`` b) or of one call.  Raises ``UnreadableBody``."""
    try:
        if kind == BATCH:
            batch = _BATCH.decode(content)
            _check_count(len(batch.batch))
            return Body(BATCH, content, len(batch.batch), batch.writeKey or "")
        return Body(kind, content, 1, _ONE.decode(content).writeKey or "")
    except FAULTS:
        return _mended(content, kind=kind)


def _check_count(count: int) -> None:
    if count > MOST_EVENTS:
        raise UnreadableBody(
            "too_many_events", f"A request may bring up to {MOST_EVENTS:,} events; send several."
        )


def _mended(content: bytes, *, kind: bytes) -> Body:
    """The events that can be read, and in their place what is wrong with the others."""
    if sum(content.count(mark) for mark in (b"[", b"{", b",", b'"')) > MOST_TOKENS:
        raise UnreadableBody(
            "not_json", "The body is not JSON that could be read, and too long to be mended."
        )
    envelope, pieces = _cut(content) if kind == BATCH else (dict[str, str](), [content])
    _check_count(len(pieces))
    good, bad = [], []
    for piece in pieces:
        try:
            msgspec.json.decode(piece, type=msgspec.Raw)
            if not piece.strip().startswith(b"{"):
                raise msgspec.DecodeError
            good.append(piece)
        except FAULTS:
            bad.append(_described(piece))
    if not good and not any(fault.get("type") or fault.get("messageId") for fault in bad):
        raise UnreadableBody(
            "not_json", "The body is not JSON. Send UTF-8 JSON as the tracking API describes."
        )
    write_key = envelope.get("writeKey") or _key_of(bad)
    head = {"kind": kind.decode(), "sentAt": envelope.get("sentAt"), "bad": bad}
    content = msgspec.json.encode(head)[:-1] + b',"batch":[' + b",".join(good) + b"]}"
    return Body(MENDED, content, len(pieces), write_key)


def _cut(content: bytes) -> tuple[dict[str, str], list[bytes]]:
    """The envelope's own texts and the events of its ``batch``, found by counting brackets outside texts."""
    cutter = _Cutter(content)
    for token in _TOKEN.finditer(content):
        cutter.take(token)
    if cutter.depth:
        raise UnreadableBody(
            "not_json", "The body is not JSON: its brackets are not balanced. Was it cut off?"
        )
    return cutter.envelope, cutter.pieces


class _Cutter:
    """Goes through the brackets, commas and texts of a body; knows in which key of the envelope it is."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.envelope: dict[str, str] = {}
        self.pieces: list[bytes] = []
        self.depth = 0
        self._key = b""
        #: Where the current event begins, while inside the batch.
        self._start: int | None = None

    def take(self, token: re.Match[bytes]) -> None:
        """The next bracket, comma or text."""
        first = token[0][0]
        if first in _OPENING:
            self.depth += 1
            if self.depth == 2 and self._key == b'"batch"' and first == 0x5B:
                self._start = token.end()
        elif first in _CLOSING:
            self._end_piece(token, is_last=True)
            self.depth -= 1
        elif first == 0x2C:
            self._end_piece(token, is_last=False)
            self._key = b"" if self.depth == 1 else self._key
        elif self.depth == 1:
            self._take_text(token[0])

    def _end_piece(self, token: re.Match[bytes], *, is_last: bool) -> None:
        if self._start is None or self.depth != 2:
            return
        piece = self.content[self._start : token.start()]
        if piece.strip() or not is_last:
            self.pieces.append(piece)
        self._start = None if is_last else token.end()

    def _take_text(self, text: bytes) -> None:
        if self._key in {b'"sentAt"', b'"writeKey"'}:
            self.envelope[self._key[1:-1].decode()] = text[1:-1].decode("utf-8", "replace")
        self._key = self._key or text


def _described(piece: bytes) -> dict[str, Any]:
    """Of an event that is no JSON: what is wrong, and as much of its name as a patient reader finds."""
    try:
        value = json.loads(piece.decode("utf-8", "surrogateescape"))
    except (ValueError, RecursionError) as error:
        code = "too_deep" if isinstance(error, RecursionError) else "not_json"
        found = re.search(rb'"messageId"\s*:\s*"([\x20-\x21\x23-\x5b\x5d-\x7e]{1,120})"', piece)
        return {"code": code, "messageId": found[1].decode() if found else ""}
    if not isinstance(value, dict):
        return {"code": "not_an_object"}
    facts = {name: value.get(name) for name in ("type", "event", "messageId", "writeKey")}
    shown = {name: text for name, text in facts.items() if isinstance(text, str) and _is_plain(text)}
    return {"code": _fault_of(value), **shown}


def _fault_of(value: Any) -> str:
    """Why Python reads what strict JSON does not."""
    try:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False)
        text.encode()
    except UnicodeEncodeError:
        return "not_unicode"
    except ValueError:
        return "not_a_number"
    return "not_json"


def _is_plain(text: str) -> bool:
    return len(text) <= 200 and text.isprintable()


def _key_of(bad: list[dict[str, Any]]) -> str:
    """The key that one call carries in itself; it is not kept."""
    return next((key for key in [fault.pop("writeKey", "") for fault in bad] if key), "")


def call_kind(path: str) -> bytes | None:
    """What a path brings: ``b`` for a batch, a letter for one call, ``None`` for no call at all."""
    name = path.removeprefix("/v1/") if path.startswith("/v1/") else ""
    if name in {"batch", "b", "import"}:
        return BATCH
    return _CALL_NAMES.get(name)


_CALL_NAMES = {name: letter for letter, long in CALLS.items() for name in (letter.decode(), long)}
