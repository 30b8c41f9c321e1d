"""The collector asked without a server: every answer it gives, and that nothing is kept but what it said it kept."""

import asyncio
import base64
import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from shuke.sources.collector.asgi import Collector, Document, Limits
from shuke.sources.collector.grants import Grant, key_hash
from shuke.sources.collector.spool import Spool
from shuke.sources.collector.unpacking import unpack
from shuke.sources.collector.writing import GroupWriter

EVENT = {"type": "track", "event": "Viewed", "userId": "1", "messageId": "m"}
ONE = json.dumps({"batch": [EVENT]}).encode()


def keyed(key: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{key}:".encode()).decode()}


class Answer:
    """What came back."""

    def __init__(self, messages: list[dict[str, Any]]) -> None:
        self.status = messages[0]["status"]
        self.headers = {name.decode(): value.decode() for name, value in messages[0]["headers"]}
        self.body = messages[1]["body"]

    @property
    def code(self) -> str:
        return json.loads(self.body)["code"]


async def ask(
    collector: Collector,
    path: str,
    body: bytes = b"",
    *,
    method: str = "POST",
    headers: Mapping[str, str] | None = None,
    parts: int = 1,
) -> Answer:
    sent: list[dict[str, Any]] = []
    size = max(1, -(-len(body) // parts))
    chunks = [body[start : start + size] for start in range(0, len(body), size)] or [b""]

    async def receive() -> dict[str, Any]:
        chunk = chunks.pop(0) if chunks else None
        if chunk is None:
            await asyncio.sleep(3600)
        return {"type": "http.request", "body": chunk, "more_body": bool(chunks)}

    async def send(message: Any) -> None:
        sent.append(message)

    given = [
        (name.encode(), value.encode())
        for name, value in {"host": "collect.example", **(headers or {})}.items()
    ]
    scope = {"type": "http", "method": method, "path": path, "headers": given, "scheme": "http"}
    await collector(scope, receive, send)
    return Answer(sent)


def play(
    folder: Path, scenario: Any, *, limits: Limits | None = None, rate: int | None = None, **writer: int
) -> None:
    """Run a scenario against an open collector."""

    async def playing() -> None:
        collector = Collector(
            writer=GroupWriter(Spool(folder), **writer),
            load_grants=lambda: {
                key_hash("wk"): Grant("src_a", "web", rate),
                key_hash("free"): Grant("src_b", "server"),
            },
            clock=lambda: 1_795_773_600_000_000,
            limits=limits or Limits(reload_seconds=0.01),
            documents={"/shuke.js": Document(b"//", "text/javascript")},
        )
        assert (await ask(collector, "/v1/batch", ONE, headers=keyed("wk"))).status == 503
        await collector.open()
        while (await ask(collector, "/health", method="GET")).status != 200:
            await asyncio.sleep(0.005)
        try:
            await scenario(collector)
        finally:
            await collector.close()

    asyncio.run(playing())


def kept(folder: Path) -> list[str]:
    spool, found, after = Spool(folder), [], 0
    while part := spool.read(after, limit_bytes=1 << 30):
        found += [row[6] for row in unpack(part.records, segment=part.segment).rows]
        after = part.until
    return found


def test_events_are_taken_at_every_address_and_with_every_way_to_give_a_key(tmp_path):
    async def scenario(collector: Collector) -> None:
        zipped = {
            **keyed("wk"),
            "content-encoding": "gzip",
            "content-type": "application/x-www-form-urlencoded",
        }
        named = json.dumps({"batch": [EVENT], "writeKey": "wk"}).encode()
        for answer in (
            await ask(collector, "/v1/batch", ONE, headers=keyed("wk")),
            await ask(collector, "/v1/batch/", ONE, headers={"authorization": "Bearer wk"}, parts=7),
            await ask(collector, "/v1/import", gzip.compress(ONE), headers=zipped),
            await ask(collector, "/v1/b", named, headers={"content-type": "text/plain"}),
            await ask(collector, "/v1/t", json.dumps({**EVENT, "writeKey": "wk"}).encode()),
            await ask(collector, "/v1/track/", json.dumps(EVENT).encode(), headers=keyed("wk")),
        ):
            assert (answer.status, answer.body) == (200, b'{"success": true}')
            assert answer.headers["access-control-allow-origin"] == "*"
        assert (await ask(collector, "/v1/batch", b'{"batch":[]}', headers=keyed("wk"))).status == 200

    play(tmp_path, scenario)
    assert kept(tmp_path) == ["m"] * 6


@pytest.mark.parametrize(
    ("path", "body", "headers", "expected"),
    [
        ("/v1/batch", ONE, {}, (401, "no_write_key")),
        ("/v1/batch", ONE, keyed("guess"), (401, "unknown_write_key")),
        ("/v1/batch", ONE, keyed("wk\x00"), (401, "unknown_write_key")),
        ("/v1/batch", b"{", keyed("wk"), (400, "not_json")),
        ("/v1/batch", ONE, {**keyed("wk"), "content-encoding": "gzip"}, (400, "damaged_body")),
        ("/v1/batch", ONE, {**keyed("wk"), "content-encoding": "br"}, (415, "unknown_encoding")),
        ("/v1/batch", b"x" * 5000, keyed("wk"), (413, "too_large")),
        ("/v1/batch", ONE, {**keyed("wk"), "content-length": "999999999"}, (413, "too_large")),
        (
            "/v1/batch",
            gzip.compress(bytes(10**6)),
            {**keyed("wk"), "content-encoding": "gzip"},
            (413, "too_large"),
        ),
        ("/v1/batch", b'{"batch":[' + b"{}," * 1200 + b"{}]}", keyed("wk"), (413, "too_large")),
        ("/v1/nothing", ONE, keyed("wk"), (404, "not_found")),
        ("/v1/batch/../x", ONE, keyed("wk"), (404, "not_found")),
    ],
)
def test_refusals(tmp_path, path, body, headers, expected):
    async def scenario(collector: Collector) -> None:
        answer = await ask(collector, path, body, headers=headers)
        assert (answer.status, answer.code) == expected
        assert json.loads(answer.body)["message"]

    play(tmp_path, scenario, limits=Limits(body_bytes=3000, reload_seconds=0.01))
    assert kept(tmp_path) == []


def test_other_methods_and_documents(tmp_path):
    async def scenario(collector: Collector) -> None:
        assert (await ask(collector, "/v1/batch", method="GET")).status == 405
        preflight = await _preflight(collector)
        assert preflight["access-control-allow-headers"].startswith("authorization")
        snippet = await ask(collector, "/shuke.js", method="GET")
        assert (snippet.status, snippet.body, snippet.headers["content-type"]) == (
            200,
            b"//",
            "text/javascript",
        )
        told = await ask(
            collector, "/v1/projects/wk/settings", method="GET", headers={"x-forwarded-proto": "https"}
        )
        assert json.loads(told.body)["integrations"]["Segment.io"] == {
            "apiKey": "wk",
            "apiHost": "collect.example/v1",
            "protocol": "https",
        }
        assert (await ask(collector, "/v1/projects/guess/settings", method="GET")).status == 401
        forged = await ask(
            collector, "/v1/projects/wk/settings", method="GET", headers={"host": 'x"/><script>'}
        )
        assert forged.status == 400

    play(tmp_path, scenario)


async def _preflight(collector: Collector) -> dict[str, str]:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "OPTIONS", "path": "/v1/t", "headers": []}
    await collector(scope, lambda: asyncio.sleep(0), send)  # type: ignore[arg-type, return-value]
    assert sent[0]["status"] == 204
    return {name.decode(): value.decode() for name, value in sent[0]["headers"]}


def test_a_source_that_sends_too_much_waits_and_others_do_not(tmp_path):
    batch = json.dumps({"batch": [EVENT] * 40}).encode()

    async def scenario(collector: Collector) -> None:
        assert (await ask(collector, "/v1/batch", batch, headers=keyed("wk"))).status == 200
        refused = await ask(collector, "/v1/batch", batch, headers=keyed("wk"))
        assert (refused.status, refused.code) == (429, "too_many_events")
        assert int(refused.headers["retry-after"]) >= 1
        assert (await ask(collector, "/v1/batch", batch, headers=keyed("free"))).status == 200

    play(tmp_path, scenario, rate=2)
    assert len(kept(tmp_path)) == 80


def test_a_full_queue_and_too_much_on_its_way_are_told(tmp_path):
    async def scenario(collector: Collector) -> None:
        answers = await asyncio.gather(
            *(ask(collector, "/v1/batch", ONE, headers=keyed("free")) for _number in range(20))
        )
        refused = [answer for answer in answers if answer.status == 429]
        assert refused
        assert {(answer.code, answer.headers["retry-after"]) for answer in refused} == {("busy", "1")}
        collector._receiving = collector.limits.receiving_bytes
        assert (await ask(collector, "/v1/batch", ONE, headers=keyed("free"))).status == 429
        collector._receiving = 0
        assert (await ask(collector, "/v1/batch", ONE, headers=keyed("free"))).status == 200
        assert collector._receiving == 0

    play(tmp_path, scenario, queue_bytes=500)


def test_a_body_that_does_not_come_is_not_waited_for(tmp_path):
    async def scenario(collector: Collector) -> None:
        async def receive() -> dict[str, Any]:
            await asyncio.sleep(0.02)
            return {"type": "http.request", "body": b"{", "more_body": True}

        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "POST", "path": "/v1/batch", "headers": []}
        await collector(scope, receive, send)
        assert sent[0]["status"] == 408
        assert collector._receiving == 0

    play(tmp_path, scenario, limits=Limits(body_seconds=0.2, reload_seconds=0.01))


def test_a_key_that_was_revoked_is_refused_and_lost_keys_are_held_while_the_database_is_away(tmp_path):
    known = {key_hash("wk"): Grant("src_a", "web")}
    asked: list[int] = []

    def load() -> Mapping[str, Grant]:
        asked.append(1)
        if len(asked) in range(5, 10):
            raise OSError("away")
        return known if len(asked) < 10 else {}

    async def playing() -> None:
        collector = Collector(
            writer=GroupWriter(Spool(tmp_path)),
            load_grants=load,
            clock=lambda: 0,
            limits=Limits(reload_seconds=0.01),
        )
        await collector.open()
        while len(asked) < 8:
            await asyncio.sleep(0.002)
        assert (await ask(collector, "/v1/batch", ONE, headers=keyed("wk"))).status == 200
        while len(asked) < 12:
            await asyncio.sleep(0.002)
        assert (await ask(collector, "/v1/batch", ONE, headers=keyed("wk"))).status == 401
        await collector.close()

    asyncio.run(playing())
