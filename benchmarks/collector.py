"""What the collector takes: events a second in durable batches of 100, and how long a batch waits for its answer.

    python benchmarks/collector.py [--events 5000000] [--connections 32] [--single]

Starts a collector as a process of its own with its spool in ``--folder`` (mind that a folder in memory forces
nothing to disk), sends prepared requests over keep-alive connections from this process, and counts afterwards
what lies in the spool.  Every answer is read and must be 200.  Memory is that of the collector, over time.
Sender and collector share the machine's cores.
"""

import argparse
import json
import os
import resource
import select
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from shuke.sources.collector.bodies import read_body
from shuke.sources.collector.spool import Spool

ROOT = Path(__file__).resolve().parents[1]
KEY = "wk_light"
CONTEXT = {
    "library": {"name": "analytics-python", "version": "2.3.4"},
    "userAgent": "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36",
    "page": {
        "path": "/products/4711",
        "url": "https://shop.example/products/4711",
        "title": "Olive oil 500 ml",
    },
    "locale": "en-GB",
    "timezone": "Europe/London",
}


def event(number: int, *, people: int) -> dict[str, object]:
    """An event of about 780 bytes; one in twenty comes from a device that nobody saw before."""
    is_new = number % 20 == 0
    return {
        "type": "track",
        "messageId": f"{number:032x}",
        "timestamp": "2026-11-27T10:00:00.123Z",
        "event": "Product Viewed",
        "userId": None if is_new else f"customer-{number * 7919 % people}",
        "anonymousId": f"device-{number if is_new else number * 7919 % people:032x}",
        "properties": {
            "product_id": f"sku-{number % 9000}",
            "sku": f"{number % 9000:08}",
            "category": "Groceries / Oils",
            "brand": "Example",
            "price": 7.99,
            "quantity": 1 + number % 3,
            "currency": "GBP",
            "position": number % 40,
        },
        "context": CONTEXT,
        "integrations": {},
    }


def request(body: bytes, path: str, port: int) -> bytes:
    """A whole request."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Basic d2tfbGlnaHQ6\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Senders:
    """Connections that each wait for their answer before they send the next request."""

    def __init__(self, port: int, count: int) -> None:
        self.sockets = [socket.create_connection(("127.0.0.1", port)) for _ in range(count)]
        self.by_number = {s.fileno(): s for s in self.sockets}
        self.poll = select.epoll()
        for s in self.sockets:
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.poll.register(s.fileno(), select.EPOLLIN)

    def send(self, requests: list[bytes], total: int, watch) -> list[float]:
        """Send so many requests in all, in turn; returns the seconds that each waited."""
        began, waits, sent = {}, [], 0
        for s in self.sockets[:total]:
            began[s.fileno()] = time.perf_counter()
            s.sendall(requests[sent % len(requests)])
            sent += 1
        while len(waits) < total:
            for number, _what in self.poll.poll(5):
                s = self.by_number[number]
                answer = s.recv(4096)
                assert answer.startswith(b"HTTP/1.1 200"), answer[:300]
                now = time.perf_counter()
                waits.append(now - began[number])
                watch(len(waits))
                if sent < total:
                    began[number] = now
                    s.sendall(requests[sent % len(requests)])
                    sent += 1
        return waits


def memory_mb(pid: int) -> float:
    """Resident memory now."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize() / 2**20


def cpu_seconds(pid: int) -> float:
    """CPU seconds so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def start(folder: str, port: int) -> subprocess.Popen:
    """A collector that answers."""
    script = ROOT / "tests/systems/collector/light.py"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    process = subprocess.Popen([sys.executable, str(script), folder, str(port)], env=environment)
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1) as s:
                s.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                if s.recv(100).startswith(b"HTTP/1.1 200"):
                    return process
        except OSError:
            pass
        time.sleep(0.05)
    raise SystemExit("The collector did not start.")


def count_spooled(folder: str) -> int:
    """Events in the spool, all segments."""
    spool, place, count = Spool(Path(folder)), 0, 0
    while part := spool.read(place, limit_bytes=64 * 2**20):
        count += sum(read_body(record.body, kind=record.kind).count for record in part.records)
        place = part.until
    return count


def main() -> None:
    """Send, measure, count."""
    options = argparse.ArgumentParser()
    options.add_argument("--events", type=int, default=1_000_000)
    options.add_argument("--connections", type=int, default=32)
    options.add_argument("--port", type=int, default=8111)
    options.add_argument("--folder", default=None)
    options.add_argument("--single", action="store_true", help="one event per request")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
        measure(chosen, folder)


def measure(chosen: argparse.Namespace, folder: str) -> None:
    """One run in a fresh spool."""
    size = 1 if chosen.single else 100
    path = "/v1/track" if chosen.single else "/v1/batch"
    bodies = []
    for number in range(0, 200 * size, size):
        events = [event(n, people=50_000) for n in range(number, number + size)]
        bodies.append(json.dumps(events[0] if chosen.single else {"batch": events, "sentAt": None}).encode())
    requests = [request(body, path, chosen.port) for body in bodies]
    print(f"{np.mean([len(body) for body in bodies]) / size:.0f} bytes an event, {size} a request")
    process = start(folder, chosen.port)
    total = chosen.events // size
    seen: list[float] = []

    def watch(done: int) -> None:
        if done % max(1, total // 10) == 0:
            seen.append(memory_mb(process.pid))

    began = time.perf_counter()
    waits = Senders(chosen.port, chosen.connections).send(requests, total, watch)
    seconds = time.perf_counter() - began
    cpu = cpu_seconds(process.pid)
    process.terminate()
    process.wait()
    spooled = count_spooled(folder)
    p50, p99 = np.percentile(waits, [50, 99]) * 1000
    print(
        f"{total * size / seconds:,.0f} events/s, {total / seconds:,.0f} requests/s, {chosen.connections} connections"
    )
    print(f"answers: median {p50:.1f} ms, p99 {p99:.1f} ms, longest {max(waits) * 1000:.0f} ms")
    print(
        f"collector: {cpu / total / size * 1e6:.2f} µs CPU an event; memory MB {[round(mb) for mb in seen]}"
    )
    print(f"acknowledged {total * size:,}, in the spool {spooled:,}")
    assert spooled == total * size


if __name__ == "__main__":
    main()
