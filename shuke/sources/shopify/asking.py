"""Questions to Shopify's Admin API, at the speed that its bucket of points allows.

docs/algorithms/shop-orders.md has the arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from math import ceil
from typing import Any

from shuke.sources.asking import Answer, answered, sent
from shuke.sources.contract import Pull, SourceError
from shuke.sources.records import UnusableRecordError, moment, part
from shuke.sources.shopify.documents import ORDERS, PRODUCTS, STOCK

Record = Mapping[str, Any]
#: After so many throttled answers in a row the run ends for now.
MOST_WAITS = 6
LONGEST_WAIT_SECONDS = 60.0
#: Records a page and within a record, to begin with; halved where a question costs too much.
FIRST = {ORDERS: 10, PRODUCTS: 20, STOCK: 50}
FIRST_OF_OTHERS, INNER = 100, 20
#: Shopify ends a list at 25,000 records; the question is put anew before that.
MOST_IN_A_LIST = 20_000


class _TooDear(Exception):
    """The question may cost more than one may."""


class Asking:
    """One pull's conversation: it remembers what questions cost and what the bucket held."""

    def __init__(self, pull: Pull) -> None:
        self._pull = pull
        self._wait_seconds = 0.0
        self._sizes: dict[str, tuple[int, int]] = {}

    def ask(self, document: str, **variables: Any) -> Record:
        """The ``data`` of an answer, in pages as large as their cost allows.  Raises ``SourceError``."""
        while True:
            first, inner = self._sizes.get(document, (FIRST.get(document, FIRST_OF_OTHERS), INNER))
            sizes = {
                name: size for name, size in (("first", first), ("inner", inner)) if f"${name}" in document
            }
            try:
                return self._once(document, variables | sizes)
            except _TooDear as error:
                self._sizes[document] = _smaller(sizes, first=first, inner=inner, error=error)

    def _once(self, document: str, variables: Record) -> Record:
        for _attempt in range(MOST_WAITS):
            if self._wait_seconds > 0:
                self._pull.wait(self._wait_seconds)
            answer = sent(
                self._pull.http, "POST", "graphql.json", json={"query": document, "variables": variables}
            )
            content = self._content(answer)
            errors = content.get("errors")
            cost = part(part(content, "extensions"), "cost")
            if _has_code(errors, "THROTTLED"):
                self._wait_seconds = max(_wait_seconds(cost), 1.0)
                continue
            if errors:
                raise _TooDear if _has_code(errors, "MAX_COST_EXCEEDED") else _refusal(errors)
            self._wait_seconds = _wait_seconds(cost)
            return part(content, "data")
        raise SourceError(
            "throttled",
            "Shopify goes on being busy. The synchronisation goes on by itself later.",
            is_transient=True,
            retry_after=LONGEST_WAIT_SECONDS,
        )

    def _content(self, answer: Answer) -> Record:
        content = answered(answer)
        if content is None:
            raise SourceError(
                "no_such_shop",
                "There is no Admin API at this address. Write it as https://name.myshopify.com.",
            )
        if not isinstance(content, Mapping):
            raise SourceError("odd_answer", "Shopify answered something else than an object.")
        return content


def _smaller(sizes: Mapping[str, int], *, first: int, inner: int, error: Exception) -> tuple[int, int]:
    """Half the records a page, then half of those within each."""
    if "first" in sizes and first > 1:
        return first // 2, inner
    if "inner" in sizes and inner > 1:
        return first, inner // 2
    raise SourceError("too_dear", "Shopify counts even one record as too much.") from error


def _has_code(errors: Any, code: str) -> bool:
    return isinstance(errors, list) and any(
        isinstance(error, Mapping) and part(error, "extensions").get("code") == code for error in errors
    )


def _refusal(errors: Any) -> SourceError:
    """What Shopify said, without what was asked."""
    first = errors[0] if isinstance(errors, list) and errors else errors
    said = first.get("message") if isinstance(first, Mapping) else first
    code = part(first, "extensions").get("code") if isinstance(first, Mapping) else None
    if code == "ACCESS_DENIED":
        return SourceError(
            "not_allowed",
            "The app lacks a right: {said} Give it read_orders, read_customers, read_products and read_inventory.",
            said=str(said)[:300],
        )
    is_fault = code == "INTERNAL_SERVER_ERROR"
    return SourceError(
        "shop_fault" if is_fault else "refused",
        "Shopify refused the question: {said}",
        is_transient=is_fault,
        said=str(said)[:300],
    )


def _wait_seconds(cost: Record) -> float:
    """Seconds until the bucket holds what a question like the last costs."""
    status = part(cost, "throttleStatus")
    wanted, held, rate = (
        _number(cost, "requestedQueryCost"),
        _number(status, "currentlyAvailable"),
        _number(status, "restoreRate"),
    )
    if rate <= 0 or held >= wanted:
        return 0.0
    # A tenth more, so that rounding does not leave the bucket a hair too empty.
    return min(ceil(10 * (wanted - held) / rate) / 10, LONGEST_WAIT_SECONDS)


def _number(record: Record, name: str) -> float:
    value = record.get(name)
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return 0.0


def nodes(connection: Any) -> tuple[list[Record], str | None]:
    """The records of a page and the cursor of the next.  Raises ``SourceError``."""
    found = connection.get("nodes") if isinstance(connection, Mapping) else None
    if not isinstance(found, list):
        raise SourceError("odd_answer", "Shopify answered without a list. Check the API version.")
    info = part(connection, "pageInfo")
    after = info.get("endCursor") if info.get("hasNextPage") is True else None
    return [node for node in found if isinstance(node, Mapping)], after if isinstance(after, str) else None


def whole(asking: Asking, document: str, record: Record, field: str) -> list[Record]:
    """All records of a list within a record, of which the first page is there already."""
    found, after = nodes(record.get(field))
    while after is not None:
        node = part(asking.ask(document, id=record.get("id"), after=after), "node")
        more, after = nodes(node.get(field))
        found = [*found, *more]
    return found


def listing(
    asking: Asking, document: str, field: str, *, query: str | None = None
) -> Iterator[Sequence[Record]]:
    """The pages of a list."""
    after: str | None = None
    while True:
        found, after = nodes(asking.ask(document, query=query, after=after).get(field))
        if found:
            yield found
        if after is None:
            return


def changed(
    asking: Asking, document: str, field: str, *, since: datetime | None
) -> Iterator[Sequence[Record]]:
    """Records updated at or after ``since``, oldest change first.

    Before a list reaches its end at 25,000, it is asked for anew from the newest time seen.
    """
    floor = since
    while True:
        query = f"updated_at:>='{floor:%Y-%m-%dT%H:%M:%SZ}'" if floor else None
        count, newest = 0, floor
        for page in listing(asking, document, field, query=query):
            yield page
            count += len(page)
            newest = max((at for at in (newest, *map(updated_at, page)) if at is not None), default=None)
            if count >= MOST_IN_A_LIST and newest is not None and newest != floor:
                break
        else:
            return
        floor = newest


def every(
    asking: Asking, document: str, field: str, *, number: Callable[[Record], int]
) -> Iterator[Sequence[Record]]:
    """Every record in the order of its id, also beyond 25,000: the list is asked for anew after an id."""
    last = 0
    while True:
        count = 0
        for page in listing(asking, document, field, query=f"id:>{last}" if last else None):
            yield page
            count += len(page)
            last = max(last, *map(number, page))
            if count >= MOST_IN_A_LIST:
                break
        else:
            return


def updated_at(record: Record) -> datetime | None:
    """When the record was changed last."""
    try:
        return moment(record, "updatedAt")
    except UnusableRecordError:
        return None
