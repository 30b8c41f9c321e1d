"""Many tills at once: threads that start together, for the races of several apps."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable

from django.db import OperationalError, connection

from shuke.platform.errors import Refused

#: Seconds that anybody waits for the others, on the busiest machine.
PATIENCE = 240.0


class Meeting:
    """Nobody goes on before so many have come; who comes later goes on at once.

    For a race that must be met: that all have read before one writes is not left to how fast they are.
    """

    def __init__(self, size: int = 2) -> None:
        self._size, self._came, self._news = size, 0, threading.Condition()

    def wait(self) -> None:
        """Come, and wait for the others."""
        with self._news:
            self._came += 1
            self._news.notify_all()
            assert self._news.wait_for(lambda: self._came >= self._size, PATIENCE), "the others never came"


def at_once(task: Callable[[int], str], count: int, *, tills: int) -> Counter[str]:
    """Run the task for each number, by several threads that start together; what came of it, counted."""
    outcomes: list[str] = []
    barrier = threading.Barrier(tills)

    def till(number: int) -> None:
        if connection.vendor == "postgresql":
            # Connecting takes longer than the moment that they race for.
            connection.ensure_connection()
        barrier.wait(PATIENCE)
        outcomes.extend(outcome_of(task, n) for n in range(number, count, tills))
        connection.close()

    threads = [threading.Thread(target=till, args=(number,)) for number in range(tills)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    return Counter(outcomes)


def outcome_of(task: Callable[[int], str], number: int) -> str:
    """What the task says, or the code of its refusal; tried again while SQLite is locked."""
    while True:
        try:
            return task(number)
        except Refused as refusal:
            return refusal.code
        except OperationalError as error:
            # SQLite's shared cache of the test database does not wait for its lock.
            if "locked" not in str(error):
                raise
            time.sleep(random.uniform(0.005, 0.02))
