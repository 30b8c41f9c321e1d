"""A real collector with its loader, as processes in a home of their own, and the lake they fill."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from shuke.lake import Lake
from tests.migrated import place_database
from tests.ports import free_port
from tests.systems.sdks.packages import node_modules

ROOT = Path(__file__).resolve().parents[3]
HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here runs an outside system."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.systems)


def wait_for(condition: Any, what: str, *, seconds: float = 180) -> Any:
    """What the condition returns once it is true.  A generous limit: the machine may be busy."""
    until = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < until, what
        time.sleep(0.1)
    return found


@dataclass
class House:
    """A home with a collector and a loader that can be killed and started again."""

    home: Path
    port: int
    #: name of a source → its id and a write key
    keys: dict[str, tuple[str, str]] = field(default_factory=dict)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        cleared = {name: value for name, value in os.environ.items() if not name.startswith("SHUKE_")}
        return cleared | {"SHUKE_HOME": str(self.home), "SHUKE_LOG_LEVEL": "WARNING"}

    def run(self, script: str) -> Any:
        """What a script of ours prints as JSON in a process that has this home."""
        finished = subprocess.run(
            [sys.executable, str(HERE / script)],
            env=self.environment, cwd=ROOT, check=True, stdout=subprocess.PIPE,
        )  # fmt: skip
        return json.loads(finished.stdout.splitlines()[-1])

    def start(self, name: str) -> None:
        """Start ``collector``, ``loader`` or ``relay``."""
        arguments = ["--port", str(self.port)] if name == "collector" else []
        self.processes[name] = subprocess.Popen(
            [sys.executable, "-m", "shuke.config.cli", name, *arguments], env=self.environment, cwd=ROOT
        )
        if name == "collector":
            wait_for(self.is_open, "the collector did not open")

    def kill(self, name: str) -> None:
        """SIGKILL, as a power cut would."""
        process = self.processes.pop(name)
        process.kill()
        process.wait()

    def is_open(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True

    def rows(self, source: str, table: str = "events") -> list[dict[str, Any]]:
        """The rows of one source in the lake."""
        with Lake(str(self.home / "lake")).read() as snapshot:
            found = snapshot.table(table)
            column = found.source if table == "events" else found.batch_id
            return found.filter(column.contains(source)).to_pyarrow().to_pylist()

    def identity_map(self) -> list[dict[str, Any]]:
        """Every identifier that the lake knows of."""
        with Lake(str(self.home / "lake")).read() as snapshot:
            return snapshot.table("identity_map").to_pyarrow().to_pylist()

    def arrived(self, source: str, message_ids: set[str]) -> dict[str, dict[str, Any]]:
        """The events by id, once all have arrived; each exactly once."""

        def all_there() -> list[dict[str, Any]]:
            rows = self.rows(source)
            return rows if message_ids <= {row["message_id"] for row in rows} else []

        try:
            rows = wait_for(all_there, "events are missing in the lake")
        except AssertionError as error:
            missing = message_ids - {row["message_id"] for row in self.rows(source)}
            raise AssertionError(
                f"{len(missing)} of {len(message_ids)} never arrived: {sorted(missing)[:5]}"
            ) from error
        assert len(rows) == len({row["message_id"] for row in rows}), "an event lies in the lake twice"
        return {row["message_id"]: row for row in rows}


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The processes, with one source and key for each SDK."""
    house = House(home=tmp_path_factory.mktemp("sdks"), port=free_port())
    try:
        place_database(house.home)
        house.keys = house.run("prepare_home.py")
        for name in ("collector", "loader", "relay"):
            house.start(name)
        yield house
    finally:
        for name in list(house.processes):
            house.kill(name)


@pytest.fixture(scope="session")
def modules() -> Path:
    """The npm packages."""
    return node_modules()
