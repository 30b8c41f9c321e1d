"""One record of the spool: a request's body with what the collector knows of it.

Layout: ``SKR1``, length of the rest u32, crc32 of the rest u32, then received_at (µs since 1970) i64,
kind u8, role u8, source (ASCII, 24 bytes, padded with spaces), body.  Little-endian.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

MAGIC = b"SKR1"
_FRAME = struct.Struct("<4sII")
_FACTS = struct.Struct("<qcc24s")
FRAME_BYTES = _FRAME.size
HEADER_BYTES = _FRAME.size + _FACTS.size
#: No body is larger (see ``limits``); a longer length is damage.
MOST_BYTES = 64 * 2**20

#: Kinds of records.  The others are the letters of calls that bring one event: t i p s g a.
BATCH, MENDED = b"b", b"q"
CALLS = {b"t": "track", b"i": "identify", b"p": "page", b"s": "screen", b"g": "group", b"a": "alias"}
ROLES = {b"s": "server", b"w": "web", b"t": "trusted_web"}
ROLE_LETTERS = {name: letter for letter, name in ROLES.items()}


@dataclass(frozen=True, slots=True)
class Record:
    """What one request brought.  ``end`` is the offset after it in its segment."""

    received_at: int
    kind: bytes
    role: str
    source: str
    body: bytes
    end: int = 0


def packed(*, received_at: int, kind: bytes, role: str, source: str, body: bytes) -> bytes:
    """The record as it is written.  Raises ``ValueError`` for a source that does not fit."""
    name = source.encode("ascii")
    if len(name) > 24:
        raise ValueError(f"The source {source!r} is longer than 24 characters.")
    facts = _FACTS.pack(received_at, kind, ROLE_LETTERS[role], name.ljust(24))
    checksum = zlib.crc32(body, zlib.crc32(facts))
    return b"".join((_FRAME.pack(MAGIC, len(facts) + len(body), checksum), facts, body))


def records(data: bytes | memoryview, *, offset: int = 0) -> Iterator[Record]:
    """The whole records of a part of a segment that begins at ``offset``.

    Stops at the first one that is torn.  One whose content is damaged is passed over if a sound
    one follows it: a kill can tear only the last.
    """
    view, place = memoryview(data), 0
    while (length := _length_at(view, place)) is not None:
        end = place + FRAME_BYTES + length
        if _is_sound(view, place):
            received_at, kind, role, name = _FACTS.unpack_from(view, place + FRAME_BYTES)
            yield Record(
                received_at=received_at,
                kind=kind,
                role=ROLES.get(role, "web"),
                source=name.decode("ascii", "replace").rstrip(),
                body=bytes(view[place + HEADER_BYTES : end]),
                end=offset + end,
            )
        elif not _is_sound(view, end):
            return
        place = end


def _length_at(view: memoryview, place: int) -> int | None:
    """The length of the record that begins there, ``None`` if there is no whole one."""
    if place + HEADER_BYTES > len(view):
        return None
    magic, length, _checksum = _FRAME.unpack_from(view, place)
    fits = (
        magic == MAGIC and _FACTS.size <= length <= MOST_BYTES and place + FRAME_BYTES + length <= len(view)
    )
    return length if fits else None


def _is_sound(view: memoryview, place: int) -> bool:
    length = _length_at(view, place)
    if length is None:
        return False
    checksum: int = _FRAME.unpack_from(view, place)[2]
    start = place + FRAME_BYTES
    return zlib.crc32(view[start : start + length]) == checksum
