"""The collector as a bare ASGI callable: checks, keeps, and only then answers.

Where things may fail and what is answered then: docs/algorithms/collector.md.
"""

from __future__ import annotations

import asyncio
import logging
import math
import re
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from shuke.sources.collector.bodies import Body, UnreadableBody, call_kind, read_body
from shuke.sources.collector.browser_settings import browser_settings
from shuke.sources.collector.compression import BodyTooLarge, DamagedBody, UnknownEncoding, inflated
from shuke.sources.collector.grants import Allowances, Grant, Grants, presented_key
from shuke.sources.collector.records import packed
from shuke.sources.collector.writing import GroupWriter, QueueFull

log = logging.getLogger("shuke.collector")
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_JSON = (b"content-type", b"application/json")
_CORS = (b"access-control-allow-origin", b"*")
#: Scripts of other origins may not read how long to wait unless it is named.
_EXPOSED = (b"access-control-expose-headers", b"retry-after")
_PREFLIGHT = (
    _CORS,
    (b"access-control-allow-methods", b"GET, POST, OPTIONS"),
    (b"access-control-allow-headers", b"authorization, content-type, content-encoding"),
    (b"access-control-max-age", b"86400"),
)
_SUCCESS = b'{"success": true}'
_HOST = re.compile(r"[A-Za-z0-9.:\[\]_-]{1,255}")
_SETTINGS = re.compile(r"/v1/projects/([^/]{1,200})/settings")


@dataclass(frozen=True)
class Limits:
    """What a request may cost.  ``receiving_bytes`` is for all requests together that are on their way in."""

    body_bytes: int = 10 * 2**20
    receiving_bytes: int = 128 * 2**20
    body_seconds: float = 30.0
    #: Once so many bodies are on their way, each further one has less time: the slow shall not keep the quick out.
    crowd: int = 64
    crowded_seconds: float = 3.0
    #: Larger bodies are unpacked and read aside, so that small ones need not wait for them.
    aside_bytes: int = 256 * 2**10
    reload_seconds: float = 2.0


@dataclass(frozen=True)
class Document:
    """A file that is handed out as it is, such as the web snippet."""

    content: bytes
    media_type: str


@dataclass
class Refusal(Exception):
    """An answer other than 200."""

    status: int
    code: str
    message: str
    retry_after: int | None = None


@dataclass
class Collector:
    """One collector.  ``load_grants`` tells the keys that open now, ``clock`` microseconds since 1970."""

    writer: GroupWriter
    load_grants: Callable[[], Mapping[str, Grant]]
    clock: Callable[[], int]
    limits: Limits = field(default_factory=Limits)
    documents: Mapping[str, Document] = field(default_factory=dict)
    _grants: Grants = field(default_factory=Grants)
    _allowances: Allowances = field(default_factory=Allowances)
    _receiving: int = 0
    _bodies: int = 0
    _reloading: asyncio.Task[None] | None = None
    _is_ready: bool = False

    async def open(self) -> None:
        """Take the spool and begin to read keys.  Raises ``SpoolBusy`` if another collector writes there."""
        await asyncio.to_thread(self.writer.start)
        self._reloading = asyncio.create_task(self._reload())

    async def close(self) -> None:
        """Keep what waits, then let go of the spool."""
        if self._reloading is not None:
            self._reloading.cancel()
        await asyncio.to_thread(self.writer.stop)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI, HTTP only."""
        if scope["type"] == "http":
            await self._answer(scope, receive, send)

    async def _reload(self) -> None:
        """Hold the newest keys.  While the database cannot be asked, the last ones go on to hold."""
        while True:
            try:
                self._grants.replace(await asyncio.to_thread(self.load_grants))
                self._is_ready = True
            except Exception:
                log.exception("write keys could not be read")
            await asyncio.sleep(self.limits.reload_seconds)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"].rstrip("/")
        try:
            if scope["method"] == "OPTIONS":
                await _send(send, 204, _PREFLIGHT)
                return
            kind = call_kind(path)
            if kind is None:
                await self._hand_out(scope, path, send)
                return
            if scope["method"] != "POST":
                raise Refusal(405, "method_not_allowed", "Send events with POST.")
            await self._take(scope, receive, kind)
        except Refusal as refusal:
            await _send_refusal(send, refusal)
        except Exception:
            log.exception("a request failed")
            await _send_refusal(send, Refusal(500, "fault", "This is our fault; send the events again."))
        else:
            await _send(send, 200, (_JSON, _CORS), _SUCCESS)

    async def _hand_out(self, scope: Scope, path: str, send: Send) -> None:
        if scope["method"] not in {"GET", "HEAD"}:
            raise Refusal(404, "not_found", "There is nothing here. Events go to /v1/batch.")
        document = self.documents.get(path)
        if path == "/health":
            status = 200 if self._is_ready else 503
            await _send(
                send, status, (_JSON,), b'{"status": "ok"}' if self._is_ready else b'{"status": "starting"}'
            )
        elif document is not None:
            kept = (b"cache-control", b"public, max-age=3600")
            await _send(
                send, 200, ((b"content-type", document.media_type.encode()), _CORS, kept), document.content
            )
        elif found := _SETTINGS.fullmatch(path):
            await _send(send, 200, (_JSON, _CORS), self._settings(scope, found[1]))
        else:
            raise Refusal(404, "not_found", "There is nothing here. Events go to /v1/batch.")

    def _settings(self, scope: Scope, write_key: str) -> bytes:
        self._granted(write_key)
        headers = dict(scope["headers"])
        host = headers.get(b"host", b"").decode("latin-1")
        if not _HOST.fullmatch(host):
            raise Refusal(400, "no_host", "The request names no host.")
        is_secure = b"https" in (headers.get(b"x-forwarded-proto", b""), scope.get("scheme", "").encode())
        return msgspec.json.encode(browser_settings(write_key=write_key, host=host, is_secure=is_secure))

    async def _take(self, scope: Scope, receive: Receive, kind: bytes) -> None:
        """Everything from the header to the disk.  Returns when the events are durable."""
        headers = dict(scope["headers"])
        key = presented_key(headers.get(b"authorization", b""))
        # A key in the header is judged before the body is waited for.
        grant = self._granted(key) if key else None
        body = await self._body(headers, receive, kind)
        grant = grant or self._granted(body.write_key)
        wait = self._allowances.take(grant, body.count, now=time.monotonic())
        if wait:
            raise Refusal(429, "too_many_events", "The source sends more than it may; wait.", math.ceil(wait))
        if not body.count:
            return
        record = packed(
            received_at=self.clock(), kind=body.kind, role=grant.role, source=grant.source, body=body.content
        )
        await self._keep(record)

    async def _keep(self, record: bytes) -> None:
        try:
            outcome = await self.writer.append(record)
        except QueueFull:
            raise Refusal(429, "busy", "More arrives than can be kept; wait.", 1) from None
        if outcome == "no_space":
            raise Refusal(
                503, "no_space", "The events could not be kept (is the disk full?); send them again.", 5
            )
        if outcome == "stopped":
            raise Refusal(503, "stopping", "The collector is being restarted; send the events again.", 1)

    def _granted(self, key: str) -> Grant:
        if not self._is_ready:
            raise Refusal(503, "starting", "The collector is starting; send the events again.", 1)
        if not key:
            raise Refusal(401, "no_write_key", "Give the write key as the user name of Basic authentication.")
        grant = self._grants.find(key)
        if grant is None:
            raise Refusal(401, "unknown_write_key", "This write key is unknown or was revoked.")
        return grant

    async def _body(self, headers: Mapping[bytes, bytes], receive: Receive, kind: bytes) -> Body:
        limit = self.limits.body_bytes
        if (headers.get(b"content-length") or b"0").isdigit() and int(
            headers.get(b"content-length") or 0
        ) > limit:
            raise _too_large(limit)
        encoding = headers.get(b"content-encoding", b"").decode("latin-1")
        chunks: list[bytes] = []
        is_crowded = self._bodies >= self.limits.crowd
        seconds = self.limits.crowded_seconds if is_crowded else self.limits.body_seconds
        self._bodies += 1
        try:
            async with asyncio.timeout(seconds):
                await self._receive(receive, chunks)
            data = chunks[0] if len(chunks) == 1 else b"".join(chunks)
            return await self._read(data, encoding=encoding, kind=kind)
        except TimeoutError:
            raise Refusal(408, "too_slow", "The body did not arrive in time.") from None
        finally:
            self._receiving -= sum(map(len, chunks))
            self._bodies -= 1

    async def _receive(self, receive: Receive, chunks: list[bytes]) -> None:
        """Gather the body; each byte is counted until the request has been read."""
        size, is_open = 0, True
        while is_open:
            message = await receive()
            if message["type"] != "http.request":
                raise Refusal(400, "cut_off", "The body was cut off.")
            chunk = message.get("body", b"")
            chunks.append(chunk)
            size += len(chunk)
            self._receiving += len(chunk)
            if size > self.limits.body_bytes:
                raise _too_large(self.limits.body_bytes)
            if self._receiving > self.limits.receiving_bytes:
                raise Refusal(429, "busy", "More arrives than can be kept; wait.", 1)
            is_open = message.get("more_body", False)

    async def _read(self, data: bytes, *, encoding: str, kind: bytes) -> Body:
        try:
            if len(data) > self.limits.aside_bytes or (
                encoding and len(data) > self.limits.aside_bytes // 16
            ):
                return await asyncio.to_thread(self._unpacked, data, encoding=encoding, kind=kind)
            return self._unpacked(data, encoding=encoding, kind=kind)
        except BodyTooLarge:
            raise _too_large(self.limits.body_bytes) from None
        except DamagedBody:
            raise Refusal(400, "damaged_body", "The body is not what its Content-Encoding says.") from None
        except UnknownEncoding:
            raise Refusal(415, "unknown_encoding", "Send the body plain, or compressed with gzip.") from None
        except UnreadableBody as error:
            raise Refusal(413 if error.code == "too_many_events" else 400, error.code, str(error)) from None

    def _unpacked(self, data: bytes, *, encoding: str, kind: bytes) -> Body:
        return read_body(inflated(data, encoding=encoding, limit=self.limits.body_bytes), kind=kind)


def _too_large(limit: int) -> Refusal:
    return Refusal(
        413, "too_large", f"A request may hold up to {limit // 2**20} MB, unpacked; send smaller batches."
    )


async def _send_refusal(send: Send, refusal: Refusal) -> None:
    headers = [_JSON, _CORS, _EXPOSED]
    if refusal.retry_after is not None:
        headers.append((b"retry-after", str(refusal.retry_after).encode()))
    content = msgspec.json.encode({"code": refusal.code, "message": refusal.message, "success": False})
    await _send(send, refusal.status, headers, content)


async def _send(send: Send, status: int, headers: Any, content: bytes = b"") -> None:
    length = (b"content-length", str(len(content)).encode())
    every = [*headers, length] if status != 204 else [*headers]
    await send({"type": "http.response.start", "status": status, "headers": every})
    await send({"type": "http.response.body", "body": content})
