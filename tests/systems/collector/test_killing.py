"""kill -9 of collector and loader under load: what was acknowledged arrives, once."""

import socket

import pytest

from tests.systems.collector.killing import run


@pytest.mark.slow
@pytest.mark.systems
def test_kills_lose_and_double_nothing(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    outcome = run(tmp_path, port, kills=10)
    assert outcome.kills == 10
    assert outcome.sent > 200
    assert (outcome.lost, outcome.missing) == (0, 0)
    assert outcome.in_lake == outcome.distinct == outcome.sent
