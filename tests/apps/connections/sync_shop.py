"""A village shop for the tests of the frame: a real server on loopback, and a connector that asks it."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from shuke.sources.asking import ask
from shuke.sources.contract import (
    Batch,
    ConnectionField,
    Cursor,
    ForgedWebhookError,
    Pull,
    Rejection,
    WebhookNews,
)

KEY = "village-key"
SECRET = "village-secret"


@dataclass
class Shelf:
    """What the shop has.  Records have ``id``, ``updated`` (a number that grows) and ``rows``."""

    members: list[dict[str, Any]] = field(default_factory=list)
    products: list[dict[str, Any]] = field(default_factory=list)
    orders: list[dict[str, Any]] = field(default_factory=list)
    #: Answers to give instead, in turn: (status, headers); status 0 is the usual answer.
    troubles: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    #: Ids that the next list of ids leaves out, once.
    overlooked: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    address: str = ""

    def put(
        self, stream: str, number: str, rows: list[dict[str, str]], *, updated: int, kind: str = ""
    ) -> None:
        """Keep a record or replace it."""
        records = getattr(self, stream)
        records[:] = [record for record in records if record["id"] != number]
        records.append({"id": number, "updated": updated, "rows": rows, "kind": kind or stream})

    def drop(self, stream: str, number: str) -> None:
        """Delete a record."""
        records = getattr(self, stream)
        records[:] = [record for record in records if record["id"] != number]

    def answer(self, path: str, query: Mapping[str, list[str]]) -> Any:
        """The records of a stream after a stamp, or its ids, or one record."""
        stream, *rest = path.strip("/").split("/")
        records = sorted(getattr(self, stream), key=lambda record: (record["updated"], record["id"]))
        if rest == ["ids"]:
            hidden, self.overlooked = self.overlooked, []
            return [record["id"] for record in records if record["id"] not in hidden]
        if rest:
            return next((record for record in records if record["id"] == rest[0]), None)
        after, skip = int(query.get("after", ["-1"])[0]), int(query.get("skip", ["0"])[0])
        return [record for record in records if record["updated"] > after][skip : skip + 100]


@contextmanager
def village_shop() -> Iterator[Shelf]:
    """The shop on a port of its own."""
    shelf = Shelf()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            shelf.asked.append(self.path)
            if self.headers["x-key"] != KEY:
                self._send(401, {}, b"")
                return
            status, headers = shelf.troubles.pop(0) if shelf.troubles else (0, {})
            if status:
                self._send(status, headers, b"")
            else:
                parts = urlsplit(self.path)
                found = shelf.answer(parts.path, parse_qs(parts.query))
                self._send(404 if found is None else 200, {}, json.dumps(found).encode())

        def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    shelf.address = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield shelf
    server.shutdown()
    server.server_close()


class Village:
    """Asks the village shop."""

    system = "village"
    label = "Village shop"
    streams: tuple[str, ...] = ("members", "products", "orders")
    settings_fields: tuple[ConnectionField, ...] = (
        ConnectionField("address", "Address of the shop", type="url"),
    )
    secret_fields: tuple[ConnectionField, ...] = (
        ConnectionField("key", "API key"),
        ConnectionField("webhook_secret", "Secret of the webhooks", is_required=False),
    )
    listed_streams: tuple[str, ...] = ("orders", "products")
    silent_streams: tuple[str, ...] = ("orders",)
    requests_per_second = 0.0

    def client(
        self, *, settings: Mapping[str, str], secrets: Mapping[str, str], transport: httpx.BaseTransport
    ) -> httpx.Client:
        return httpx.Client(
            base_url=settings["address"], headers={"x-key": secrets["key"]}, transport=transport
        )

    def check(self, pull: Pull) -> str:
        ask(pull.http, "members/ids")
        return "The village shop"

    def pull(self, *, stream: str, cursor: Cursor, pull: Pull) -> Iterator[Batch]:
        after, skip = int(cursor.get("after", 0)) - 1, 0
        while True:
            page = ask(pull.http, stream, {"after": after, "skip": skip})
            newest = max([int(cursor.get("after", 0)), *(record["updated"] for record in page)])
            yield from _batches(page, stream, {"after": newest})
            if len(page) < 100:
                return
            if page[-1]["updated"] - 1 > after:
                after, skip = page[-1]["updated"] - 1, 0
            else:
                skip += len(page)

    def recent(self, *, stream: str, since: datetime, pull: Pull) -> Iterator[Batch]:
        yield from _batches(ask(pull.http, stream), stream, {})

    def one(self, *, stream: str, external_id: str, pull: Pull) -> Iterator[Batch]:
        record = ask(pull.http, f"{stream}/{external_id}")
        yield from _batches([record] if record else [], stream, {})

    def ids(self, *, stream: str, pull: Pull) -> Iterator[Sequence[str]]:
        yield ask(pull.http, f"{stream}/ids")

    def webhook(
        self, *, headers: Mapping[str, str], body: bytes, secrets: Mapping[str, str], now: datetime
    ) -> WebhookNews:
        if "x-sign" not in headers and body == b"ping":
            return WebhookNews("", "", None, is_ping=True, occurred_at=None)
        stamp = headers.get("x-time", "0")
        if headers.get("x-sign") != signature(body, stamp, secret=secrets.get("webhook_secret") or "none"):
            raise ForgedWebhookError("The signature is wrong.")
        if abs(now.timestamp() - int(stamp)) > timedelta(minutes=5).total_seconds():
            raise ForgedWebhookError("The message is old.")
        news = json.loads(body)
        return WebhookNews(
            headers.get("x-id", ""), news["stream"], news.get("id"), is_ping=False, occurred_at=None
        )


def signature(body: bytes, stamp: str, *, secret: str = SECRET) -> str:
    """What the shop signs with."""
    return hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def _batches(page: Sequence[Mapping[str, Any]], stream: str, cursor: Cursor) -> Iterator[Batch]:
    """Records by kind and currency; one without rows is unreadable."""
    rejected = [
        Rejection(
            {"id": record["id"]}, "no_lines", "The order has no lines. Delete it in the shop if it is a test."
        )
        for record in page
        if not record["rows"]
    ]
    groups: dict[tuple[str, str], list[Any]] = {}
    for record in page:
        for row in record["rows"]:
            currency = row.get("currency", "")
            plain = {name: value for name, value in row.items() if name != "currency"}
            groups.setdefault((record["kind"], currency), []).append(plain)
    for (kind, currency), rows in groups.items():
        yield Batch(kind=kind, rows=rows, cursor=cursor, currency=currency)
    yield Batch(kind=stream, rows=[], cursor=cursor, rejected=rejected)
