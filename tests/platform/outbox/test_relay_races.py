"""Exactly once, with real processes that race and are killed with SIGKILL."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.migrated import place_database
from tests.series import series

REPOSITORY = Path(__file__).parents[3]


def race(home: Path, *, kills: int, database: str | None = None, sabotage: str = "") -> dict[str, Any]:
    environment = {**os.environ, "SHUKE_HOME": str(home)}
    for name in ("SHUKE_DATABASE_URL", "SHUKE_LAKE", "DJANGO_SETTINGS_MODULE"):
        environment.pop(name, None)
    if database:
        environment["SHUKE_DATABASE_URL"] = database
    program = "from tests.platform.outbox.racing import main; main()"
    finished = subprocess.run(
        [sys.executable, "-c", program, "--kills", str(kills), "--sabotage", sabotage],
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr[-3000:]
    return json.loads(finished.stdout.splitlines()[-1])


def assert_exactly_once(result: dict[str, Any]) -> None:
    for name in ("identity_map", "consents"):
        stream = result[name]
        assert stream["committed"] == stream["arrived"] > 0, result
        assert (stream["lost"], stream["invented"], stream["twice"]) == (0, 0, 0), result
        # The relays themselves worked between the kills, not only the last tidying up.
        assert stream["commits"] > series(3, long=10), result


@pytest.mark.slow
def test_no_row_is_lost_or_doubled_while_three_relays_race_and_die_on_sqlite(tmp_path):
    place_database(tmp_path)
    assert_exactly_once(race(tmp_path, kills=series(6, long=30)))


@pytest.mark.slow
@pytest.mark.postgresql
def test_no_row_is_lost_or_doubled_while_three_relays_race_and_die_on_postgresql(tmp_path, postgresql_server):
    assert_exactly_once(
        race(tmp_path, kills=series(6, long=30), database=postgresql_server.create_database(is_migrated=True))
    )


@pytest.mark.slow
@pytest.mark.postgresql
@pytest.mark.parametrize("sabotage", ["path", "transaction"])
def test_the_same_race_finds_out_a_relay_that_commits_blindly(tmp_path, postgresql_server, sabotage):
    result = race(
        tmp_path,
        kills=series(6, long=12),
        database=postgresql_server.create_database(is_migrated=True),
        sabotage=sabotage,
    )
    assert result["identity_map"]["twice"] + result["consents"]["twice"] > 0, result
