"""The slow shall not keep the quick out: in a crowd a body has less time."""

import asyncio
import json
from pathlib import Path
from typing import Any

from shuke.sources.collector.asgi import Collector, Limits
from shuke.sources.collector.grants import Grant, key_hash
from shuke.sources.collector.spool import Spool
from shuke.sources.collector.writing import GroupWriter

SCOPE = {"type": "http", "method": "POST", "path": "/v1/b", "headers": []}
GOOD = json.dumps({"writeKey": "k", "batch": [{"type": "track", "event": "e", "userId": "u"}]}).encode()


async def asked(collector: Collector, *parts: bytes | None) -> dict[str, Any]:
    """The answer to a body in parts; ``None`` never comes."""
    waiting = list(parts)
    said: list[Any] = []

    async def receive() -> Any:
        part = waiting.pop(0)
        if part is None:
            await asyncio.sleep(3600)
        return {"type": "http.request", "body": part, "more_body": bool(waiting)}

    async def send(message: Any) -> None:
        said.append(message)

    await collector(dict(SCOPE), receive, send)
    return {"status": said[0]["status"], **json.loads(said[1]["body"])}


def test_in_a_crowd_a_slow_body_is_given_up_and_the_crowd_dissolves(tmp_path: Path) -> None:
    async def play() -> None:
        collector = Collector(
            writer=GroupWriter(Spool(tmp_path / "spool")),
            load_grants=lambda: {key_hash("k"): Grant("src_1", "web")},
            clock=lambda: 1,
            limits=Limits(body_seconds=3600, crowd=2, crowded_seconds=0.05),
        )
        await collector.open()
        while not collector._is_ready:
            await asyncio.sleep(0.01)
        first = [asyncio.create_task(asked(collector, b"{", None)) for _number in range(2)]
        await asyncio.sleep(0.05)
        # Two are on their way: the third slow one ends, a quick one is served, and the first two go on.
        refused = await asyncio.wait_for(asked(collector, b"{", None), 60)
        assert refused["code"] == "too_slow"
        assert (await asked(collector, GOOD))["status"] == 200
        assert not any(task.done() for task in first)
        for task in first:
            task.cancel()
        await asyncio.gather(*first, return_exceptions=True)
        # They are gone, so there is no crowd: another slow one has its time again.
        patient = asyncio.create_task(asked(collector, b"{", None))
        await asyncio.sleep(0.3)
        assert not patient.done()
        patient.cancel()
        await asyncio.gather(patient, return_exceptions=True)
        await collector.close()

    asyncio.run(play())
