"""Lists of django-oscar's API: whole by default, in numbered pages where the shop has set a page size."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import httpx

from shuke.sources.asking import ask, listed
from shuke.sources.contract import SourceError
from shuke.sources.records import UnusableRecordError

Record = Mapping[str, Any]


def pages(http: httpx.Client, path: str) -> Iterator[Sequence[Record]]:
    """The records of a list.

    The link to the next page is not followed: it could lead elsewhere, and the credentials with it.
    """
    number = 1
    while True:
        answer = ask(http, path, {"page": number} if number > 1 else None)
        if answer is None:
            raise SourceError(
                "no_such_list",
                "The shop has no list at {path}. Check the address, and that its admin API is open.",
                path=path,
            )
        if not isinstance(answer, Mapping):
            yield listed(answer)
            return
        yield listed(answer.get("results"))
        if not answer.get("next"):
            return
        number += 1


def whole(http: httpx.Client, path: str) -> list[Record]:
    """All records of a list."""
    return [record for page in pages(http, path) for record in page]


def counted(http: httpx.Client, path: str) -> list[Record]:
    """All records of a list that did not move meanwhile, so that none can be missing.

    Raises a passing ``SourceError`` if it did.
    """
    before = _count(http, path)
    found = whole(http, path)
    if before is not None and (_count(http, path) != before or len(found) != before):
        raise SourceError(
            "list_moved",
            "The shop's list changed while it was read. It is tried again later.",
            is_transient=True,
        )
    return found


def _count(http: httpx.Client, path: str) -> int | None:
    """How many there are; ``None`` of a list that comes whole."""
    answer = ask(http, path)
    count = answer.get("count") if isinstance(answer, Mapping) else None
    return count if isinstance(count, int) else None


def number_in(record: Record, name: str) -> str | None:
    """The number at the end of a link to a record.

    >>> number_in({"owner": "http://127.0.0.1/api/users/2/"}, "owner"), number_in({"owner": None}, "owner")
    ('2', None)
    """
    value = record.get(name)
    found = re.search(r"/(\d{1,19})/?$", value) if isinstance(value, str) else None
    return found[1] if found else None


def own_number(record: Record) -> str:
    """The number of a record by its own link.  Raises ``UnusableRecordError``."""
    number = number_in(record, "url")
    if number is None:
        raise UnusableRecordError("no_id", "The record has no “url” that ends in its number.")
    return number
