"""Undoing a request's compression without believing what it claims to hold."""

from __future__ import annotations

import zlib

_GZIP_OR_ZLIB = zlib.MAX_WBITS | 32
_RAW = -zlib.MAX_WBITS


class DamagedBody(Exception):
    """The body is not what its encoding says."""


class BodyTooLarge(Exception):
    """The body is, or would become, larger than allowed."""


class UnknownEncoding(Exception):
    """A Content-Encoding that is not read here."""


def inflated(data: bytes, *, encoding: str, limit: int) -> bytes:
    """The body as it was before compression (``gzip``, ``deflate``, ``identity`` or nothing), up to ``limit`` bytes.

    Never makes more than that, whatever the data would swell to.  Raises ``BodyTooLarge``, ``DamagedBody`` and
    ``UnknownEncoding``.
    """
    name = encoding.strip().lower()
    if name in {"", "identity"}:
        if len(data) > limit:
            raise BodyTooLarge
        return data
    if name in {"gzip", "x-gzip"}:
        return _members(data, limit=limit)
    if name != "deflate":
        raise UnknownEncoding(name[:40])
    try:
        return _members(data, limit=limit)
    except DamagedBody:
        # Some senders mean the bare stream by "deflate".
        return _one(data, window=_RAW, limit=limit)[0]


def _members(data: bytes, *, limit: int) -> bytes:
    """All members of a gzip file: usually one, but several are one file too."""
    parts, left = [], limit
    while data:
        part, data = _one(data, window=_GZIP_OR_ZLIB, limit=left)
        parts.append(part)
        left -= len(part)
    if not parts:
        raise DamagedBody
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _one(data: bytes, *, window: int, limit: int) -> tuple[bytes, bytes]:
    stream = zlib.decompressobj(window)
    try:
        made = stream.decompress(data, limit + 1)
    except zlib.error as error:
        raise DamagedBody from error
    if len(made) > limit:
        raise BodyTooLarge
    if not stream.eof:
        raise DamagedBody
    return made, stream.unused_data
