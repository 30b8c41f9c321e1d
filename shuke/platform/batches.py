"""Long inputs in parts, since databases limit the parameters of one statement."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")

#: Below the parameter limits of SQLite (32,766) and PostgreSQL (65,535) with room for a few columns.
STATEMENT_SIZE = 5_000


def in_batches(items: Iterable[Item], size: int = STATEMENT_SIZE) -> Iterator[list[Item]]:
    """Lists of up to ``size`` items in their order."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
