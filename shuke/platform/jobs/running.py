"""What a running task can say of itself."""

from collections.abc import Callable
from contextvars import ContextVar


class Cancelled(Exception):
    """Somebody asked that this job stop; raised from ``report_progress``."""


#: Set by the worker around a job: takes (done, total, label).
progress_writer: ContextVar[Callable[[int, int | None, str], None] | None] = ContextVar(
    "progress_writer", default=None
)
#: Set by the worker around a job: whether it has run for long enough while others wait for its worker.
turn: ContextVar[Callable[[], bool] | None] = ContextVar("turn", default=None)


def report_progress(*, done: int, total: int | None = None, label: str = "") -> None:
    """Say how far the job is; outside a job it does nothing.  Cheap: written at most once a second.

    Raises ``Cancelled`` if the job was asked to stop, so call it where stopping is safe: outside a
    transaction, where what is written can also be seen.  ``label`` must not hold personal data.
    """
    write = progress_writer.get()
    if write is not None:
        write(done, total, label)


def has_had_its_turn() -> bool:
    """Whether the job should let others through: it has run for a while, and others wait for its worker.

    A job that can go on later asks this where it can be left, queues its rest again under its unique key,
    which puts it behind those that wait, and returns.  Once true it stays so.  Outside a job it is false.
    """
    ask = turn.get()
    return ask is not None and ask()
