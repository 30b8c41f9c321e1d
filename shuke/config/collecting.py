"""The collector's HTTP server, in this process and on one event loop."""

from __future__ import annotations

import asyncio
import signal
import time
from pathlib import Path

from granian.constants import Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server

from shuke.sources.collector.asgi import Collector, Document
from shuke.sources.collector.grants import Grant
from shuke.sources.collector.writing import GroupWriter

#: Slow headers and idle connections are cut off after this, slow bodies by the collector itself.  Longer than
#: clients keep a connection for reuse (Node 4 to 5 s), so that none is closed just as it is used again.
HEADER_MILLISECONDS = 7_000
#: Requests in work at a time; what comes on top waits in the kernel.
MOST_REQUESTS = 512
#: The web snippet, handed out under an address that does not change.
SNIPPET = Path(__file__).resolve().parent.parent / "apps/collector/static/collector/shuke.js"


def configured_collector() -> Collector:
    """The collector of this installation: its spool, its keys, its snippet."""
    from shuke.apps.collector.queries import spool

    return Collector(
        writer=GroupWriter(spool()),
        load_grants=_grants,
        clock=lambda: time.time_ns() // 1000,
        documents={"/shuke.js": Document(SNIPPET.read_bytes(), "text/javascript; charset=utf-8")},
    )


def _grants() -> dict[str, Grant]:
    """The keys of the database, asked in whatever thread, with a connection that is given back."""
    from django.db import connection

    from shuke.apps.collector.queries import grants

    try:
        return grants()
    finally:
        connection.close()


async def serve(collector: Collector, *, host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT; what was received by then is kept.  Raises ``SpoolBusy``."""
    await collector.open()
    server = Server(
        collector,
        address=host,
        port=port,
        interface=Interfaces.ASGINL,
        websockets=False,
        backlog=1024,
        backpressure=MOST_REQUESTS,
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_MILLISECONDS),
        log_enabled=False,
    )
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.stop)
    try:
        await server.serve()
    finally:
        await collector.close()
