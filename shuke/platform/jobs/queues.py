"""The two queues: work of seconds, and work of minutes that must not hold the other up."""

from collections.abc import Iterable

#: Work that ends within some ten seconds, or that lets others through when it has had its turn.
DEFAULT = "default"
#: Fits, studies, synchronisations, large imports: whoever waits for these waits for minutes.
LONG = "long"
#: Settings name the same ones, so that a task with a queue that no worker takes is refused where it is queued.
QUEUES = (DEFAULT, LONG)


class UnknownQueue(ValueError):
    """A worker was told to take jobs of a queue that does not exist."""


def chosen_queues(names: Iterable[str]) -> tuple[str, ...]:
    """The queues of those names in their usual order; all for none.  Raises ``UnknownQueue``."""
    wanted = set(names)
    unknown = sorted(wanted - set(QUEUES))
    if unknown:
        raise UnknownQueue(f"There is no queue {unknown[0]!r}; there are {', '.join(QUEUES)}.")
    return tuple(name for name in QUEUES if not wanted or name in wanted)
