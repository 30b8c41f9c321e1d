"""The proof: people come in through every door, one is erased, and no byte anywhere tells of them.

Every file of the data directory is read raw, Parquet files also decoded; the database is read as the
file it is (SQLite, with its write-ahead log) and as a dump (PostgreSQL).  The same scan before
the erasure finds the person, so that it is known to look.
"""

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.migrated import place_database
from tests.privacy.story import DEVICE, EMAIL, EXTERNAL, PHONE

ROOT = Path(__file__).parents[2]
KEYRING = "keyring.json"


class Installation:
    """A home and its database, worked on by a process of its own that can be killed."""

    def __init__(self, home: Path, *, url: str = "") -> None:
        self.home, self.url = home, url
        self.process = self._start()

    def _start(self) -> "subprocess.Popen[str]":
        environment = {
            **os.environ,
            "SHUKE_HOME": str(self.home),
            "DJANGO_SETTINGS_MODULE": "shuke.config.settings",
        }
        environment.pop("SHUKE_DATABASE_URL", None)
        if self.url:
            environment["SHUKE_DATABASE_URL"] = self.url
        command = [sys.executable, "-m", "tests.privacy.story"]
        return subprocess.Popen(
            command, cwd=ROOT, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def run(self, *arguments: str) -> dict[str, Any]:
        """Let the process do something; what it tells."""
        self._ask(*arguments)
        assert self.process.stdout
        line = self.process.stdout.readline()
        assert line, f"The process died of {arguments}; its error stands above."
        told: dict[str, Any] = json.loads(line)
        return told

    def _ask(self, *arguments: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(" ".join(arguments) + "\n")
        self.process.stdin.flush()

    def die_during(self, *arguments: str, after_seconds: float) -> None:
        """Let the process begin something and kill it; another one takes its place."""
        self._ask(*arguments)
        time.sleep(after_seconds)
        self.stop()
        self.process = self._start()

    def stop(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.communicate()

    def dump(self) -> bytes:
        """The database as text; nothing on SQLite, whose file lies in the home."""
        return dumped(self.url) if self.url else b""

    def contents(self) -> Iterator[tuple[str, bytes]]:
        """Every file raw, what is packed also unpacked, and the dump."""
        for path in sorted(self.home.rglob("*")):
            if path.is_file() and path.name != KEYRING:
                yield str(path.relative_to(self.home)), path.read_bytes()
                if path.suffix == ".parquet":
                    rows = pl.read_parquet(path, hive_partitioning=False).to_dicts()
                    yield f"{path.name} (decoded)", repr(rows).encode()
        yield "dump", self.dump()

    def in_database(self, words: list[str]) -> set[str]:
        """Which of the words stand in the clear in the database: its file and its log, or its dump."""
        files = [self.home / name for name in ("db.sqlite3", "db.sqlite3-wal")]
        content = b"".join(file.read_bytes() for file in files if file.exists()) + self.dump()
        assert len(content) > 50_000
        return {word for word in words if word.encode() in content}

    def found(self, words: list[str]) -> set[tuple[str, str]]:
        """(file, word) of every word in any usual encoding."""
        forms = {
            word: {word.encode(e) for e in ("utf-8", "gb18030", "utf-16-le", "utf-16-be")} for word in words
        }
        return {
            (name, word)
            for name, content in self.contents()
            for word, encodings in forms.items()
            if any(form in content for form in encodings)
        }


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def installation(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Installation]:
    """A new home."""
    is_server = request.param == "postgresql"
    url = ""
    if is_server:
        url = request.getfixturevalue("postgresql_server").create_database(is_migrated=True)
    else:
        place_database(tmp_path / "home")
    running = Installation(tmp_path / "home", url=url)
    yield running
    running.stop()


def shown_to(installation: Installation, member_id: str) -> set[str]:
    """Files of answers on their way to the lake that name the member."""
    return {file for file, _word in installation.found([member_id]) if file.startswith("list-spool/")}


def dumped(url: str) -> bytes:
    """Every row of every table as text, which is what a dump holds."""
    import psycopg

    parts = []
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for (table,) in cursor.fetchall():
            with cursor.copy(f'COPY "{table}" TO STDOUT') as rows:
                parts += [bytes(part) for part in rows]
    return b"".join(parts)


@pytest.mark.slow
def test_an_erased_person_is_in_no_byte_and_everybody_else_is_as_before(installation: Installation) -> None:
    played = installation.run("play")
    known = played["known_by"]
    words = [*known["values"], *known["hashes"], *known["keys"]]
    assert PHONE in words
    before = installation.run("sums")
    seen = installation.found(words)
    assert DEVICE in words
    told_by_database = installation.in_database([*known["values"], *known["guesses"], "Quill Road"])
    assert told_by_database == set(), "A leaked database alone tells who somebody is."
    # The scan sees the person in the lake, in its log, in uploads and in the database.
    assert {word for _file, word in seen} >= {EMAIL, EXTERNAL, *known["hashes"], *known["keys"][:1]}
    assert any("_delta_log" in file for file, _word in seen)
    assert shown_to(installation, played["zoe"])

    # The first try is killed somewhere; the second takes up what the first left, or begins anew.
    installation.die_during("erase", played["zoe"], after_seconds=random.uniform(0, 1.5))
    installation.run("erase", played["zoe"])
    assert installation.found(words) == set()
    assert shown_to(installation, played["zoe"]) == set()
    assert shown_to(installation, played["bo"])
    after = installation.run("sums")
    assert after["zoe_found"] == []
    # Only the parcel of hers that he had ordered is gone from his data.
    assert before["bo"].pop("commerce")
    assert after["bo"].pop("commerce") == []
    assert after["bo"] == before["bo"]
    assert after["paid"] == {"A2": 2000, "A5": 500}
    assert after["refunded"] == 200
    assert after["audit"] >= before["audit"] + 2

    installation.run("settle")
    assert installation.found(words) == set()
    # The same files again do not bring the person back: sales come in without a name.
    installation.run("import")
    again = installation.run("sums")
    assert again["zoe_found"] == []
    assert again["bo"].pop("commerce") == []
    assert again["bo"] == before["bo"]
    assert again["paid"] == before["paid"]
