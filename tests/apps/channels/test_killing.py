"""Workers killed with SIGKILL at random moments, against a real SMTP server in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.migrated import place_database
from tests.series import series

HARNESS = Path(__file__).parents[3] / "benchmarks" / "sending.py"


def harness(*arguments: str, home: Path) -> dict[str, Any]:
    place_database(home)
    arguments = (*arguments, "--database", str(home / "db.sqlite3"))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SHUKE_")}
    done = subprocess.run(
        [sys.executable, str(HARNESS), *arguments],
        check=False,
        capture_output=True,
        text=True,
        env=environment,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


# The harness makes a home of its own on SQLite, whatever database the suite runs on.
@pytest.mark.once
@pytest.mark.slow
def test_nobody_twice_and_nobody_skipped_over_many_kills(tmp_path: Path) -> None:
    kills, recipients = series(5, long=24), series(500, long=20_000)
    # The server takes its time, so that the short series is not over before its last kill.
    pace = ("--delay-ms", str(series(40, long=0)))
    found = harness(
        "--recipients", str(recipients), "--workers", "2", "--kills", str(kills), *pace, home=tmp_path
    )
    assert found["kills"] == kills
    assert found["twice"] == found["uncertain_twice"] == 0
    assert found["sent_but_absent"] == found["arrived_but_unknown"] == found["other"] == 0
    assert found["sent"] + found["uncertain"] == recipients
    assert found["uncertain"] <= kills


@pytest.mark.once
@pytest.mark.slow
def test_kills_in_the_instant_of_doubt_are_uncertain_and_never_twice(tmp_path: Path) -> None:
    found = harness(
        "--recipients", "200", "--workers", "2", "--kills", "8", "--delay-ms", "20", "--doubt", home=tmp_path
    )
    assert found["uncertain"] > 0
    assert found["twice"] == found["other"] == found["sent_but_absent"] == 0
    assert found["sent"] + found["uncertain"] == 200


@pytest.mark.once
@pytest.mark.slow
def test_without_the_journal_the_same_harness_finds_duplicates(tmp_path: Path) -> None:
    found = harness("--recipients", "100", "--kills", "3", "--doubt", "--sabotage", home=tmp_path)
    assert found["twice"] > 0
