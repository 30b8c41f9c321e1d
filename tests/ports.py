"""Ports for servers that tests start as processes of their own."""

import random
import socket

#: Below the range from which systems give out ports for outgoing connections (32768 and up on Linux): a port
#: asked from the system can be taken by a neighbour's connection before the started process listens.
LOWEST, HIGHEST = 15_000, 32_000


def free_port() -> int:
    """A port that nobody uses just now, and neither the one after it: the collector listens there."""
    chance = random.SystemRandom()
    while True:
        port = chance.randrange(LOWEST, HIGHEST, 2)
        if _is_free(port) and _is_free(port + 1):
            return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
