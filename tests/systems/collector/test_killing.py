"""kill -9 of collector and loader under load: what was acknowledged arrives, once."""

import tempfile
from pathlib import Path

import pytest

from tests.ports import free_port
from tests.series import series
from tests.systems.collector.killing import run

#: A kill leaves to the system what was written, in memory as on disk; making the database is quicker in memory.
MEMORY = Path("/dev/shm")


@pytest.mark.slow
@pytest.mark.systems
def test_kills_lose_and_double_nothing(tmp_path):
    port = free_port()
    kills = series(4, long=8)
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else tmp_path) as home:
        outcome = run(Path(home), port, kills=kills)
    assert outcome.kills == kills
    assert outcome.sent > series(100, long=200)
    assert (outcome.lost, outcome.missing) == (0, 0)
    assert outcome.in_lake == outcome.distinct == outcome.sent
