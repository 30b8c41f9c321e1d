"""Pages of WooCommerce's REST API, such that a shop that goes on selling hides nothing.

docs/algorithms/shop-orders.md explains both ways.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import httpx

from shuke.sources.asking import Params, ask, listed
from shuke.sources.records import UnusableRecordError, moment

Record = Mapping[str, Any]
PER_PAGE = 100
#: Pages of ids overlap by this many, and by more where an overlap was not met.
OVERLAP = 10


def modified_at(record: Record) -> datetime | None:
    """When WooCommerce says a record was changed, to the second."""
    try:
        return moment(record, "date_modified_gmt") or moment(record, "date_created_gmt")
    except UnusableRecordError:
        return None


def changed(
    http: httpx.Client, path: str, *, since: datetime | None, params: Params | None = None
) -> Iterator[Sequence[Record]]:
    """Records changed at or after ``since``, oldest change first, each change once.

    Numbered pages would move under us with every order that changes, so the next page is not asked for
    by number but by the newest time seen.  ``modified_after`` excludes its own second: one is taken off.
    Only where a whole page lies within one second does a number count.
    """
    floor, page = since, 1
    seen: set[tuple[str, datetime | None]] = set()
    while True:
        asked: dict[str, str | int] = dict(params or {})
        asked |= {"per_page": PER_PAGE, "page": page, "orderby": "modified", "order": "asc"}
        asked |= {"dates_are_gmt": "true"}
        if floor is not None:
            asked["modified_after"] = f"{floor - timedelta(seconds=1):%Y-%m-%dT%H:%M:%S}"
        found = listed(ask(http, path, asked))
        fresh = [record for record in found if _mark(record) not in seen]
        if fresh:
            yield fresh
        if len(found) < PER_PAGE:
            return
        newest = max((at for at in map(modified_at, found) if at is not None), default=floor)
        if newest is None or newest == floor:
            page += 1
            seen |= {_mark(record) for record in found}
        else:
            floor, page = newest, 1
            seen = {_mark(record) for record in found if modified_at(record) == newest}


def _mark(record: Record) -> tuple[str, datetime | None]:
    return str(record.get("id")), modified_at(record)


def every(http: httpx.Client, path: str, *, fields: Sequence[str]) -> Iterator[Sequence[Record]]:
    """Some fields of every record (the id among them), also while records are deleted.

    Each page must begin at or before the last id of the page before; where it does not, records moved
    forward by more than the overlap and the page is asked for again, further back.
    """
    last, offset = 0, 0
    while True:
        asked: Params = {
            "_fields": ",".join(fields),
            "orderby": "id",
            "order": "asc",
            "per_page": PER_PAGE,
            "offset": offset,
        }
        found = [record for record in listed(ask(http, path, asked)) if isinstance(record.get("id"), int)]
        if offset and (not found or found[0]["id"] > last):
            offset = max(0, offset - PER_PAGE)
            continue
        fresh = [record for record in found if record["id"] > last]
        if fresh:
            last = fresh[-1]["id"]
            yield fresh
        if len(found) < PER_PAGE:
            return
        offset += PER_PAGE - OVERLAP


def numbered(
    http: httpx.Client, path: str, *, first: int = 1, params: Params | None = None
) -> Iterator[Sequence[Record]]:
    """Pages by number in the order of ids, for lists without a time of change."""
    page = first
    while True:
        asked: dict[str, str | int] = dict(params or {})
        asked |= {"per_page": PER_PAGE, "page": page, "orderby": "id", "order": "asc"}
        found = listed(ask(http, path, asked))
        if found:
            yield found
        if len(found) < PER_PAGE:
            return
        page += 1
