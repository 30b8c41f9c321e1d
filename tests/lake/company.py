"""Three processes that work for the tests of races: starting one costs more than its whole part in a race.

They begin each race together, which fresh processes, busy with their imports, hardly do.
"""

import multiprocessing
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing.synchronize import Barrier, Event
from pathlib import Path
from typing import Any

#: delta-rs does not survive a fork after its first use, so processes are spawned.
CONTEXT = multiprocessing.get_context("spawn")
SIZE = 3
#: How long anything may take before the test is lost, on the busiest machine.
PATIENCE = 240.0

Task = Callable[[str, int, int], int | None]
#: What the members of the company share; filled in each when it starts.
_shared: dict[str, Any] = {}


class Company:
    """Runs tasks, each in a process of its own and all at once."""

    def __init__(self) -> None:
        self._closing_time = CONTEXT.Event()
        meetings = {size: CONTEXT.Barrier(size) for size in (2, SIZE)}
        self._processes = ProcessPoolExecutor(SIZE, CONTEXT, _join, (meetings, self._closing_time))

    def start(self, root: Path, *tasks: tuple[Task, int, int]) -> list[Future[int]]:
        """Begin; each task gets the root, its number and how often."""
        self._closing_time.clear()
        return [
            self._processes.submit(_together, len(tasks), task, str(root), who, n) for task, who, n in tasks
        ]

    def finish(self, running: list[Future[int]]) -> list[int]:
        """Wait for all of them; raises what one of them raised."""
        self._closing_time.set()
        return [task.result(PATIENCE) for task in running]

    def run(self, root: Path, *tasks: tuple[Task, int, int]) -> None:
        """Begin and wait."""
        self.finish(self.start(root, *tasks))

    def close(self) -> None:
        """Send the processes home."""
        self._processes.shutdown(cancel_futures=True)


def meet(size: int = SIZE) -> None:
    """Wait until that many processes are here."""
    _shared["meetings"][size].wait(PATIENCE)


def is_closing_time() -> bool:
    """Whether those who go on until they are told should stop."""
    closing: Event = _shared["closing_time"]
    return closing.is_set()


def _join(meetings: dict[int, Barrier], closing_time: Event) -> None:
    _shared.update(meetings=meetings, closing_time=closing_time)


def _together(size: int, task: Task, root: str, who: int, times: int) -> int:
    meet(size)
    return task(root, who, times) or 0
