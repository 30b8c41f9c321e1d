"""How fast slots answer: latency at a constant rate over HTTP, and members a second in batch.

    python benchmarks/serving.py --home COPY_OF_A_HOME [--rate 300] [--seconds 60] [--batch 100000] [--whole]

Works in a home with the demonstration's data and an active bundle (``shuke recommend fit``); it makes slots, a token
and answers there, so give it a copy.  Starts the console as a process of its own (``--whole``: all of ``shuke serve``)
and sends questions from this process over keep-alive connections.  Open loop: every question has its moment, whether
earlier ones were answered or not, and its latency counts from that moment, so that a stall is seen by all whom it
would have met (no coordinated omission).  Server and sender share the machine's cores.
"""

import argparse
import heapq
import json
import os
import random
import resource
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.parse import urlencode

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
#: Parts of the mix, their slot, and who is asked for.
MIX = (("members", 60, "bench-member"), ("strangers", 10, "bench-member"), ("products", 15, "bench-product"),
       ("baskets", 15, "bench-basket"))  # fmt: skip
WARM_SECONDS = 5.0


def prepare() -> tuple[str, dict[str, list[str]]]:
    """Slots and a token in the home; the token, and the ids that questions are made of."""
    from shuke.apps.recommendations.operations.slots import create_slot, go_live
    from shuke.apps.recommendations.queries.bundles import serving_bundle
    from shuke.apps.recommendations.queries.slots import slots
    from shuke.apps.recommendations.schemas import SlotInput
    from shuke.platform.accounts.operations import issue_token
    from shuke.platform.accounts.queries import users
    from shuke.platform.clock import now
    from shuke.platform.permissions import SYSTEM

    bundle = serving_bundle()
    if bundle is None:
        raise SystemExit("The home has no active bundle; make one: shuke recommend fit")
    preferred = ("fusion", "repeat-ranker", "personal-frequency")
    best = next(name for name in preferred if name in bundle.lists)
    wanted = (("bench-member", "member", best), ("bench-product", "product", "similar"),
              ("bench-basket", "basket", "complements"))  # fmt: skip
    held = {view.code: view for view in slots()}
    for code, about, strategy in wanted:
        if code not in held:
            arms = [{"name": "only", "strategy": strategy}]
            fallbacks = [best, "popularity"] if about == "basket" else ["popularity"]
            made = {"code": code, "name": code, "about": about, "arms": arms, "fallbacks": fallbacks}
            create_slot(actor=SYSTEM, at=now(), slot=SlotInput.model_validate(made))
        if code not in held or held[code].state != "live":
            go_live(actor=SYSTEM, at=now(), code=code)
    owner = next(user for user in users() if user.role == "administrator")
    token = issue_token(
        actor=SYSTEM, at=now(), owner_id=owner.id, name="benchmark", scopes=["recommendations.view"],
        requests_per_minute=1_000_000,
    )  # fmt: skip
    print(
        f"bundle {bundle.id}: {len(bundle.member_ids):,} members, {len(bundle.item_ids):,} products, list: {best}"
    )
    ids = {"members": bundle.member_ids.tolist(), "products": bundle.item_ids.tolist()}
    return token.secret, ids


def questions(
    ids: dict[str, list[str]], *, count: int, port: int, token: str
) -> tuple[list[bytes], list[str]]:
    """Whole requests of the mix and the part each belongs to, in random order; the seed is fixed."""
    chance = random.Random(1)
    kinds = chance.choices([name for name, _w, _s in MIX], [weight for _n, weight, _s in MIX], k=count)
    slot_of = {name: slot for name, _weight, slot in MIX}
    made = []
    for kind in kinds:
        asked: dict[str, str] = {"language": chance.choice(("en", "zh-hans"))}
        if kind in {"members", "baskets"}:
            asked["member"] = chance.choice(ids["members"])
        if kind == "products":
            asked["product"] = chance.choice(ids["products"])
        if kind == "baskets":
            asked["basket"] = ",".join(chance.sample(ids["products"], chance.randint(1, 12)))
        if kind == "strangers":
            asked["anonymous_id"] = f"device-{chance.randrange(100_000)}"
        path = f"/api/v1/recommendations/{slot_of[kind]}?{urlencode(asked)}"
        head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n\r\n"
        made.append(head.encode())
    return made, kinds


class Sender:
    """Keep-alive connections; a question whose moment has come takes a free one, or waits for one."""

    def __init__(self, port: int, connections: int) -> None:
        self.sockets = {}
        self.poll = select.epoll()
        for _ in range(connections):
            opened = socket.create_connection(("127.0.0.1", port))
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.sockets[opened.fileno()] = opened
            self.poll.register(opened.fileno(), select.EPOLLIN)
        self.free = list(self.sockets)
        self.asking: dict[int, int] = {}
        self.parts: dict[int, bytes] = {}
        self.errors: list[str] = []

    def run(self, requests: list[bytes], *, rate: float) -> np.ndarray:
        """Seconds from each question's moment to the last byte of its answer."""
        waits = np.full(len(requests), np.nan)
        begun, sent, done = time.perf_counter() + 0.1, 0, 0
        while done < len(requests):
            moment = time.perf_counter()
            while self.free and sent < len(requests) and begun + sent / rate <= moment:
                # The one that rested longest: the server closes a connection that rests for 30 seconds.
                number = self.free.pop(0)
                self.asking[number] = sent
                self.sockets[number].sendall(requests[sent])
                sent += 1
            due = begun + sent / rate - time.perf_counter() if sent < len(requests) and self.free else 1.0
            for number, _what in self.poll.poll(max(due, 0.0)):
                if self._read(number):
                    asked = self.asking.pop(number)
                    waits[asked] = time.perf_counter() - (begun + asked / rate)
                    self.free.append(number)
                    done += 1
        return waits

    def _read(self, number: int) -> bool:
        """Whether the whole answer is there."""
        received = self.sockets[number].recv(65536)
        if not received:
            raise SystemExit("The server closed a connection.")
        data = self.parts.pop(number, b"") + received
        head, _, body = data.partition(b"\r\n\r\n")
        length = next(
            (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")),
            None,
        )
        if length is None or len(body) < length:
            self.parts[number] = data
            return False
        if not head.startswith(b"HTTP/1.1 200") or b'"product_id"' not in body or b'"lst_' not in body:
            self.errors.append(data[:300].decode("utf-8", "replace"))
        return True


class Disk:
    """Asks beside the run, twenty times a second, how long the home's disk takes to confirm a small append: an answer
    waits for that, so that a stall of the disk is a stall of answers and none of the program."""

    def __init__(self, home: str) -> None:
        self.path = Path(home) / "bench-disk"
        self.waits: list[float] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._ask, daemon=True)

    def __enter__(self) -> "Disk":
        self._thread.start()
        return self

    def __exit__(self, *_raised: object) -> None:
        self._over.set()
        self._thread.join()
        self.path.unlink()

    def _ask(self) -> None:
        with self.path.open("ab", buffering=0) as file:
            while not self._over.wait(0.05):
                begun = time.perf_counter()
                file.write(b"." * 500)
                os.fdatasync(file.fileno())
                self.waits.append(time.perf_counter() - begun)


def memory_mb(pid: int) -> float:
    """Resident memory now."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize() / 2**20


def cpu_seconds(pid: int) -> float:
    """CPU seconds so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def family(pid: int) -> list[int]:
    """The process and those below it."""
    found = [pid]
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        found += family(int(child))
    return found


def start(home: str, port: int, *, whole: bool) -> subprocess.Popen:
    """A console that answers."""
    command = ["serve", "--port", str(port)] if whole else ["console", "--port", str(port)]
    environment = os.environ | {"SHUKE_HOME": home, "SHUKE_LOG_LEVEL": "WARNING"}
    process = subprocess.Popen(
        [sys.executable, "-m", "shuke.config.cli", *command], env=environment, cwd=ROOT
    )
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1) as s:
                s.sendall(b"GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
                if s.recv(100).startswith(b"HTTP/1.1 200"):
                    return process
        except OSError:
            pass
        time.sleep(0.05)
    raise SystemExit("The console did not start.")


def over_http(home: str, *, rate: float, seconds: float, connections: int, whole: bool) -> dict[str, object]:
    """The figures of a run."""
    from tests.ports import free_port

    token, ids = prepare()
    port = free_port()
    process = start(home, port, whole=whole)
    try:
        requests, kinds = questions(ids, count=int(rate * seconds), port=port, token=token)
        warm, _ = questions(ids, count=int(rate * WARM_SECONDS / 2), port=port, token=token)
        sender = Sender(port, connections)
        sender.run(warm, rate=rate / 2)
        pids = family(process.pid)
        before, own = sum(map(cpu_seconds, pids)), time.process_time()
        with Disk(home) as disk:
            waits = sender.run(requests, rate=rate)
        used, mine = sum(map(cpu_seconds, pids)) - before, time.process_time() - own
        memory = sum(map(memory_mb, pids))
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
    return {
        "rate": rate, "seconds": seconds, "connections": connections, "ms": _summary(waits),
        "disk_ms": _summary(np.array(disk.waits)) if disk.waits else {},
        "ms_by_part": {name: _summary(waits[np.array(kinds) == name]) for name, _w, _s in MIX},
        "mix": {name: kinds.count(name) for name, _w, _s in MIX}, "errors": len(sender.errors),
        "first_error": sender.errors[:1], "server_cpu_ms_per_request": round(used / len(requests) * 1000, 2),
        "server_cores": round(used / seconds, 2), "sender_cores": round(mine / seconds, 2),
        "server_mb": round(memory), "slowest_moments_s": _moments(waits, rate),
    }  # fmt: skip


def _summary(waits: np.ndarray) -> dict[str, float]:
    p50, p95, p99 = np.percentile(waits, (50, 95, 99)) * 1000
    worst = waits.max() * 1000
    return {"p50": round(p50, 2), "p95": round(p95, 2), "p99": round(p99, 2), "max": round(worst, 2)}


def _moments(waits: np.ndarray, rate: float) -> list[float]:
    """When the five slowest were asked."""
    return [round(place / rate, 1) for place in heapq.nlargest(5, range(len(waits)), key=lambda n: waits[n])]


def in_batch(count: int, *, threads: int) -> dict[str, object]:
    """Members a second of ``recommend_many``, with and without reasons; members of the bundle over and over."""
    from shuke.apps.recommendations.queries.bundles import serving_bundle
    from shuke.apps.recommendations.queries.serving import recommend_many
    from shuke.apps.recommendations.queries.slots import live_slot
    from shuke.platform.clock import now

    bundle = serving_bundle()
    known = bundle.member_ids.tolist()
    members = [known[number % len(known)] for number in range(count)]
    found: dict[str, object] = {"members": count, "threads": threads}
    for with_reasons in (True, False):
        begun, places = time.perf_counter(), 0
        for answer in recommend_many(
            live_slot("bench-member"), members, bundle=bundle, at=now(), language="zh-hans", threads=threads,
            with_reasons=with_reasons,
        ):  # fmt: skip
            places += len(answer.items)
        seconds = time.perf_counter() - begun
        name = "with_reasons" if with_reasons else "without_reasons"
        found[name] = {
            "members_per_s": round(count / seconds),
            "seconds": round(seconds, 1),
            "places": places,
        }
    return found


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--home", required=True)
    parser.add_argument("--rate", type=float, default=300)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--batch", type=int, default=100_000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--whole", action="store_true", help="Run all of shuke serve, loader included.")
    options = parser.parse_args()
    os.environ |= {"SHUKE_HOME": options.home, "DJANGO_SETTINGS_MODULE": "shuke.config.settings"}
    import django

    django.setup()
    if options.seconds:
        found = over_http(
            options.home, rate=options.rate, seconds=options.seconds, connections=options.connections,
            whole=options.whole,
        )  # fmt: skip
        print(json.dumps(found, indent=1))
    if options.batch:
        print(json.dumps(in_batch(options.batch, threads=options.threads), indent=1))


if __name__ == "__main__":
    main()
