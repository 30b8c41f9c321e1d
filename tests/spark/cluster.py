"""A real Spark standalone cluster on loopback, started from the pyspark package: a master and two workers."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: Why the cluster cannot run here; empty if it can.
MISSING = " and ".join(
    what
    for what, is_here in (
        ("the extra shuke[spark]", importlib.util.find_spec("pyspark") is not None),
        ("Java 17", shutil.which("java") is not None),
    )
    if not is_here
)
START_SECONDS = 180


@dataclass(frozen=True)
class Cluster:
    """``master`` is what an application connects to; ``folders`` are the workers' own."""

    master: str
    web: str
    folders: tuple[Path, ...]

    def state(self) -> dict[str, Any]:
        """What the master says of itself: its workers and applications."""
        with urllib.request.urlopen(f"{self.web}/json/", timeout=120) as answer:
            found: dict[str, Any] = json.load(answer)
        return found


@contextmanager
def running_cluster(folder: Path, *, workers: int = 2) -> Iterator[Cluster]:
    """Start the processes, wait until every worker is registered, and stop them in the end."""
    processes: list[subprocess.Popen[bytes]] = []
    try:
        log = folder / "master.log"
        processes.append(
            _started("org.apache.spark.deploy.master.Master", "--port", "0", "--webui-port", "0", log=log)
        )
        master = _said(log, r"Starting Spark master at (spark://\S+)")
        web = _said(log, r"started at (http://\S+)")
        folders = tuple(folder / f"worker-{number}" for number in range(workers))
        processes.extend(
            _started(
                "org.apache.spark.deploy.worker.Worker", "--cores", "1", "--memory", "1g",
                "--webui-port", "0", "--work-dir", str(place), master, log=Path(f"{place}.log"),
            )
            for place in folders
        )  # fmt: skip
        cluster = Cluster(master, web, folders)
        deadline = time.monotonic() + START_SECONDS
        while len(cluster.state()["workers"]) < workers:
            assert time.monotonic() < deadline, f"The workers did not register: {list(folder.glob('*.log'))}"
            time.sleep(0.2)
        yield cluster
    finally:
        for process in reversed(processes):
            process.terminate()
        for process in processes:
            process.wait(timeout=240)


def _started(name: str, *arguments: str, log: Path) -> subprocess.Popen[bytes]:
    home = Path(_pyspark_home())
    environment = {
        **os.environ,
        "SPARK_HOME": str(home),
        # The master only keeps books: a small heap leaves the machine to the executors.
        "SPARK_DAEMON_MEMORY": "256m",
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_DAEMON_JAVA_OPTS": "-XX:+UseSerialGC -XX:TieredStopAtLevel=1",
        "PYSPARK_PYTHON": sys.executable,
    }
    command = [str(home / "bin" / "spark-class"), name, "--host", "127.0.0.1", *arguments]
    with log.open("wb") as out:
        return subprocess.Popen(command, env=environment, stdout=out, stderr=subprocess.STDOUT)


def _pyspark_home() -> str:
    spec = importlib.util.find_spec("pyspark")
    assert spec is not None
    assert spec.origin is not None
    return str(Path(spec.origin).parent)


def _said(log: Path, pattern: str) -> str:
    """Wait until the process has told where it listens."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        found = re.search(pattern, log.read_text(encoding="utf-8", errors="replace"))
        if found:
            return found[1]
        assert time.monotonic() < deadline, log.read_text(encoding="utf-8", errors="replace")
        time.sleep(0.1)
