"""Senders that insist, while collector and loader are killed again and again; then everything is counted.

A sender repeats a batch until it is acknowledged, as the SDKs do, so that at the end each event that was ever sent
must lie in the lake, once.  Whatever was acknowledged must lie in the spool at once, without any repetition.

    python -m tests.systems.collector.killing <kills> [<every how many the loader>]
"""

import http.client
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from shuke.sources.collector.spool import Spool
from shuke.sources.collector.unpacking import unpack
from tests.migrated import place_database
from tests.systems.collector.light import KEY

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
BATCH = 20


@dataclass
class Outcome:
    """What a run found."""

    kills: int = 0
    sent: int = 0
    lost: int = 0
    in_lake: int = 0
    distinct: int = 0
    missing: int = 0


@dataclass
class Scene:
    """A home directory, a port, the processes that die, and the senders."""

    home: Path
    port: int
    source: str = ""
    chance: random.Random = field(default_factory=lambda: random.Random(7))
    acknowledged: list[str] = field(default_factory=list)
    started: list[subprocess.Popen[str]] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)
    is_over: bool = False

    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SHUKE_")}
        return kept | {
            "SHUKE_HOME": str(self.home),
            "SHUKE_LOG_LEVEL": "ERROR",
            "DJANGO_SETTINGS_MODULE": "shuke.config.settings",
            "PYTHONPATH": str(ROOT),
        }

    def start(self, script: str, *arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, str(HERE / script), *arguments]
        process = subprocess.Popen(
            command, env=self.environment(), cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        self.started.append(process)
        return process

    def end(self) -> None:
        """Leave nothing behind, however the run went."""
        self.stopping.set()
        self.is_over = True
        for process in self.started:
            if process.poll() is None:
                kill(process)

    def prepare(self) -> None:
        place_database(self.home)
        self.source = self.finish(self.start("loading.py", "prepare")).strip()

    def finish(self, process: subprocess.Popen[str]) -> str:
        output, _errors = process.communicate(timeout=300)
        assert process.returncode == 0
        return output

    def collector(self) -> subprocess.Popen[str]:
        process = self.start("light.py", str(self.home / "spool"), str(self.port), self.source)
        while process.poll() is None:
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
                connection.request("GET", "/health")
                if connection.getresponse().status == 200:
                    return process
            except (OSError, http.client.HTTPException):
                time.sleep(0.01)
        raise AssertionError("The collector did not start.")

    def loader(self) -> subprocess.Popen[str]:
        process = self.start("loading.py", "run")
        assert process.stdout is not None
        process.stdout.readline()
        return process

    def send(self, sender: int) -> None:
        """Send batches until told to stop; the last one too until it is acknowledged."""
        number = 0
        while not self.stopping.is_set():
            ids = [f"{sender}-{number}-{n}" for n in range(BATCH)]
            events = [
                {
                    "type": "track",
                    "event": "x",
                    "userId": f"u{n % 9}",
                    "messageId": each,
                    "properties": {"n": n},
                }
                for n, each in enumerate(ids)
            ]
            self.insist(json.dumps({"batch": events}))
            self.acknowledged += ids
            number += 1
            time.sleep(0.02)

    def insist(self, body: str) -> None:
        headers = {"Authorization": "Basic " + b64encode(f"{KEY}:".encode()).decode()}
        while not self.is_over:
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
                connection.request("POST", "/v1/batch", body, headers)
                answer = connection.getresponse()
                if answer.status == 200 and answer.read() == b'{"success": true}':
                    return
            except (OSError, http.client.HTTPException):
                pass
            time.sleep(0.005)


def spooled(folder: Path) -> Iterator[str]:
    """Ids of the events of all segments."""
    spool, after = Spool(folder), 0
    while part := spool.read(after, limit_bytes=64 * 2**20):
        yield from (row[6] for row in unpack(part.records, segment=part.segment).rows)
        after = part.until


def kill(process: subprocess.Popen[str]) -> None:
    os.kill(process.pid, signal.SIGKILL)
    process.wait()


def run(home: Path, port: int, *, kills: int, loader_every: int = 2) -> Outcome:
    """Kill so many times, every so many times the loader, else the collector; returns what was found."""
    scene = Scene(home, port)
    try:
        return _played(scene, kills=kills, loader_every=loader_every)
    finally:
        scene.end()


def _played(scene: Scene, *, kills: int, loader_every: int) -> Outcome:
    outcome = Outcome(kills=kills)
    scene.prepare()
    collector, loader = scene.collector(), scene.loader()
    senders = [threading.Thread(target=scene.send, args=(number,), daemon=True) for number in range(3)]
    for sender in senders:
        sender.start()
    for number in range(kills):
        time.sleep(scene.chance.uniform(0.0, 0.3))
        if number % loader_every == loader_every - 1:
            kill(loader)
            loader = scene.loader()
        else:
            kill(collector)
            # What was acknowledged before this moment must be on disk already.
            known = list(scene.acknowledged)
            outcome.lost += len(set(known) - set(spooled(scene.home / "spool")))
            collector = scene.collector()
    scene.stopping.set()
    for sender in senders:
        sender.join()
    collector.terminate()
    collector.wait()
    kill(loader)
    ids = scene.finish(scene.start("loading.py", "finish")).split()
    outcome.sent = len(scene.acknowledged)
    outcome.in_lake, outcome.distinct = len(ids), len(set(ids))
    outcome.missing = len(set(scene.acknowledged) - set(ids))
    return outcome


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:
        began = time.monotonic()
        numbers = [int(word) for word in sys.argv[1:]]
        outcome = run(
            Path(folder), 8112, kills=numbers[0], loader_every=numbers[1] if len(numbers) > 1 else 2
        )
        print(outcome, f"{time.monotonic() - began:.0f} s")
