"""The connector to django-oscar with django-oscar-api (Oscar 4, API 3)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TypeVar

import httpx

from shuke.sources.batches import Page
from shuke.sources.contract import (
    Batch,
    ConnectionField,
    Cursor,
    ForgedWebhookError,
    Pull,
    Row,
    SourceError,
    WebhookNews,
)
from shuke.sources.digests import digest
from shuke.sources.oscar.orders import order_digest, refund_row, rows_of, statuses_from
from shuke.sources.oscar.paging import Record, counted, own_number, pages, whole
from shuke.sources.oscar.products import SYSTEM, Range, listing_row, product_row, range_of, stock_rows
from shuke.sources.records import identifier, moment_text, usable, words

ORDERS, PRODUCTS, USERS = "admin/orders/", "admin/products/", "admin/users/"
#: Orders whose lines are asked for before they are handed on.
ORDERS_A_BATCH = 50
ROWS_A_BATCH = 500
T = TypeVar("T")


@dataclass(frozen=True)
class Oscar:
    """Holds no state."""

    system: str = SYSTEM
    label: str = "django-oscar"
    streams: tuple[str, ...] = ("members", "products", "orders", "stock")
    settings_fields: tuple[ConnectionField, ...] = (
        ConnectionField(
            "address",
            "Address of the API",
            "Such as https://shop.example.com/api, with its admin API open.",
            type="url",
        ),
        ConnectionField("username", "User name", "A staff account that may view orders, products and users."),
        ConnectionField(
            "refunds",
            "Path of the refunds",
            "admin/refunds/ with the view that the guide shows, for Oscar's API has none. Empty: no refunds.",
            is_required=False,
        ),
        ConnectionField(
            "completed",
            "Statuses of orders that are done",
            "Separated by commas, as in OSCAR_ORDER_STATUS_PIPELINE.",
            is_required=False,
            default="Complete, Completed, Dispatched, Shipped, Delivered",
        ),
        ConnectionField(
            "cancelled",
            "Statuses of orders that are off",
            "Separated by commas.",
            is_required=False,
            default="Cancelled, Canceled",
        ),
        ConnectionField(
            "unpaid",
            "Statuses of orders that wait for money",
            "Separated by commas; empty if orders are placed after the payment.",
            is_required=False,
        ),
    )
    secret_fields: tuple[ConnectionField, ...] = (ConnectionField("password", "Password"),)
    listed_streams: tuple[str, ...] = ("orders",)
    silent_streams: tuple[str, ...] = ()
    requests_per_second: float = 10.0

    def client(
        self, *, settings: Mapping[str, str], secrets: Mapping[str, str], transport: httpx.BaseTransport
    ) -> httpx.Client:
        """HTTP Basic, which the API takes by default."""
        auth = httpx.BasicAuth(settings["username"], secrets["password"])
        return httpx.Client(base_url=settings["address"].rstrip("/") + "/", auth=auth, transport=transport)

    def check(self, pull: Pull) -> str:
        """The partners that stock is kept with; the shop's own name is not in the API."""
        names = [words(partner, "name") for partner in whole(pull.http, "admin/partners/")]
        return ", ".join(name for name in names if name)[:80] or pull.http.base_url.host

    def pull(self, *, stream: str, cursor: Cursor, pull: Pull) -> Iterator[Batch]:  # noqa: ARG002
        """Everything each time: Oscar cannot be asked what changed.  Digests leave out what did not."""
        if stream == "orders":
            return _orders(pull)
        if stream == "members":
            return _members(pull)
        if stream == "products":
            return _products(pull)
        if stream == "stock":
            return _stock(pull)
        raise SourceError("no_such_stream", "django-oscar has no stream {stream}.", stream=stream)

    def recent(self, *, stream: str, since: datetime, pull: Pull) -> Iterator[Batch]:  # noqa: ARG002
        """Nothing: each pull sees every order."""
        return iter(())

    def one(self, *, stream: str, external_id: str, pull: Pull) -> Iterator[Batch]:  # noqa: ARG002
        """Nothing: Oscar sends no webhooks that could name a record."""
        return iter(())

    def ids(self, *, stream: str, pull: Pull) -> Iterator[Sequence[str]]:
        """The numbers of all orders, of a list that stood still."""
        if stream == "orders":
            yield [identifier(record, "number") for record in counted(pull.http, ORDERS)]

    def webhook(
        self,
        *,
        headers: Mapping[str, str],  # noqa: ARG002
        body: bytes,  # noqa: ARG002
        secrets: Mapping[str, str],  # noqa: ARG002
        now: datetime,  # noqa: ARG002
    ) -> WebhookNews:
        """Always a forgery."""
        raise ForgedWebhookError("django-oscar sends no webhooks.")


OSCAR = Oscar()


def _place(number: int) -> Cursor:
    """Says only that something has landed: each pull asks for everything, and digests know what landed."""
    return {"batch": number}


def _members(pull: Pull) -> Iterator[Batch]:
    for number, page in enumerate(pages(pull.http, USERS), start=1):
        members = Page("members")
        for record in page:
            if record.get("is_staff") is not True:
                row = usable(partial(_member_row, record), members.rejected)
                members.add([row] if row else [])
        yield members.batch(cursor=_place(number))


def _member_row(record: Record) -> Row:
    """The row of an account.  Names are there if the shop shows them (``OSCARAPI_ADMIN_USER_FIELDS``)."""
    names = (words(record, "first_name"), words(record, "last_name"))
    joined = moment_text(record, "date_joined")
    return {
        "external": own_number(record),
        "email": words(record, "email"),
        "name": " ".join(name for name in names if name) or None,
        "joined_on": joined[:10] if joined else None,
    }


def _range(pull: Pull) -> Range:
    return range_of(whole(pull.http, PRODUCTS))


def _products(pull: Pull) -> Iterator[Batch]:
    products = _range(pull)
    sold = list(products.sold())
    for place, some in enumerate(_slices(sold, ROWS_A_BATCH), start=1):
        page, listings = Page("products"), Page("listings")
        for number, product in some:
            row = usable(partial(product_row, products, number, product), page.rejected, id=number)
            if row is not None:
                page.add([row])
                listings.add([listing_row(products, number)])
        yield page.batch(cursor=_place(place))
        yield listings.batch(cursor=_place(place))


def _stock(pull: Pull) -> Iterator[Batch]:
    products = _range(pull)
    stock, rows = Page("stock"), dict[str, Row]()
    for number, product in products.sold():
        found = usable(partial(stock_rows, products, number, product), stock.rejected, id=number)
        rows |= {f"{row['location_id']}:{row['product_id']}": row for row in found or []}
    for place, names in enumerate(_slices(list(rows), ROWS_A_BATCH), start=1):
        known = pull.known(names)
        digests = {name: digest(rows[name]) for name in names if known.get(name) != digest(rows[name])}
        stock.add([rows[name] for name in digests])
        yield stock.batch(cursor=_place(place), digests=digests)
        stock = Page("stock")


def _orders(pull: Pull) -> Iterator[Batch]:
    """Orders whose digest is not known; only of these are the lines asked for."""
    products, refunds = _range(pull), _refunds(pull)
    place = 0
    for page in pages(pull.http, ORDERS):
        for some in _slices(page, ORDERS_A_BATCH):
            place += 1
            yield from _order_batches(some, pull, cursor=_place(place), products=products, refunds=refunds)


def _refunds(pull: Pull) -> dict[str, list[Record]]:
    """Refunds by the number of their order."""
    found: dict[str, list[Record]] = {}
    if path := pull.settings.get("refunds", "").strip("/ "):
        for record in whole(pull.http, f"{path}/"):
            found.setdefault(str(record.get("order")), []).append(record)
    return found


def _order_batches(
    some: Sequence[Record],
    pull: Pull,
    *,
    cursor: Cursor,
    products: Range,
    refunds: Mapping[str, Sequence[Record]],
) -> Iterator[Batch]:
    digests = {
        number: order_digest(record, refunds.get(number, ()))
        for record in some
        if (number := words(record, "number"))
    }
    known = pull.known(list(digests))
    orders, given_back = Page("orders"), Page("refunds")
    landed: dict[str, str] = {}
    for record in some:
        number = words(record, "number") or ""
        if number in digests and known.get(number) == digests[number]:
            continue
        shown = {"number": number, "status": record.get("status")}
        read = partial(_rows, record, pull, products=products, refunds=refunds.get(number, ()))
        rows = usable(read, orders.rejected, **shown)
        if rows is not None:
            landed[number] = digests[number]
            currency = words(record, "currency") or ""
            orders.add(rows, currency=currency)
            for refund in refunds.get(number, ()):
                row = usable(partial(refund_row, refund), given_back.rejected, order=number)
                given_back.add([row] if row else [], currency=currency)
    yield from orders.batches(cursor=cursor)
    yield from given_back.batches(cursor=cursor)
    if landed:
        # Remembered when orders and refunds have both landed.
        yield Batch(kind="orders", rows=[], cursor=cursor, digests=landed)


def _rows(record: Record, pull: Pull, *, products: Range, refunds: Sequence[Record]) -> list[Row]:
    items = whole(pull.http, f"{ORDERS}{own_number(record)}/lines/")
    return rows_of(record, items, products=products, statuses=statuses_from(pull.settings), refunds=refunds)


def _slices(values: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (values[start : start + size] for start in range(0, len(values), size))
