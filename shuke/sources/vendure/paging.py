"""Walking through lists that change while one walks (docs/algorithms/sync.md)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from shuke.sources.records import Record, UnusableRecordError, moment

#: Before its cursor a pull begins: clocks differ, and what is committed late carries an earlier stamp.
REWIND = timedelta(minutes=5)
#: "After" is exclusive and stamps may be whole seconds: so much before the last stamp the next page begins.
STEP = timedelta(seconds=1)
PAGE = 100
#: What Vendure gives at most in one answer of its Admin API unless the shop was told otherwise.
MOST = 1000

#: Asks for one page: the filter's ``after`` (``None`` = from the beginning), records to skip, records to take.
Ask = Callable[[datetime | None, int, int], list[Record]]


def changed_since(ask: Ask, *, since: datetime | None, page_size: int = PAGE) -> Iterator[Sequence[Record]]:
    """Pages of records by their update time, none left out, some repeated within a second.

    The next page begins at the last stamp and not at an offset: a record that changes meanwhile moves to
    the end, and with offsets its neighbour would fall between two pages.  A page that ends in the second
    in which it began is asked for anew and larger; only a second with more than ``MOST`` records is walked
    by offsets.
    """
    floor, skip, take = since - REWIND if since else None, 0, page_size
    seen: set[tuple[str, str]] = set()
    while True:
        page = ask(floor, skip, take)
        now_seen = {(str(record.get("id")), str(record.get("updatedAt"))) for record in page}
        yield [r for r in page if (str(r.get("id")), str(r.get("updatedAt"))) not in seen]
        if len(page) < take:
            return
        seen = now_seen
        newest = newest_of(page)
        if newest is not None and (floor is None or newest - STEP > floor):
            floor, skip, take = newest - STEP, 0, page_size
        elif take < MOST:
            take = min(2 * take, MOST)
        else:
            skip += len(page)


def newest_of(page: Sequence[Record]) -> datetime | None:
    """The newest update time of a page; records without a readable one do not count."""
    times = []
    for record in page:
        try:
            times.append(moment(record, "updatedAt"))
        except UnusableRecordError:
            continue
    return max((at for at in times if at is not None), default=None)


def later(cursor: Mapping[str, Any], name: str, newest: datetime | None) -> dict[str, Any]:
    """The cursor with a stamp moved on, never back."""
    stored = moment(cursor, name)
    best = max((at for at in (stored, newest) if at is not None), default=None)
    return dict(cursor) | ({name: best.isoformat()} if best else {})


def list_options(
    after: datetime | None, skip: int, take: int, *, filters: Mapping[str, Any]
) -> dict[str, Any]:
    """Vendure's options of a list by update time."""
    wanted = dict(filters)
    if after is not None:
        wanted["updatedAt"] = {"after": after.isoformat().replace("+00:00", "Z")}
    return {"filter": wanted, "sort": {"updatedAt": "ASC", "id": "ASC"}, "skip": skip, "take": take}
