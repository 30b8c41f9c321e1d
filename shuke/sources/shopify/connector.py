"""The connector to Shopify (Admin GraphQL API, 2025-04 or newer)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

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
from shuke.sources.records import UnusableRecordError, loads, moment, part, parts, usable
from shuke.sources.shopify import documents
from shuke.sources.shopify.asking import Asking, Record, changed, every, updated_at, whole
from shuke.sources.shopify.customers import member_row
from shuke.sources.shopify.ids import SYSTEM, global_id, number_of
from shuke.sources.shopify.orders import currency_of, order_no, refund_rows, rows_of
from shuke.sources.shopify.products import cost_currency, listing_row, product_row, stock_rows
from shuke.sources.shopify.signing import AppToken, is_signed

REWIND = timedelta(minutes=5)
VERSION = "2026-07"
_ONE = {
    "orders": ("Order", documents.ORDER),
    "members": ("Customer", documents.CUSTOMER),
    "products": ("Product", documents.PRODUCT),
}


@dataclass(frozen=True)
class Shopify:
    """Holds no state."""

    system: str = SYSTEM
    label: str = "Shopify"
    streams: tuple[str, ...] = ("members", "products", "orders", "stock")
    settings_fields: tuple[ConnectionField, ...] = (
        ConnectionField("address", "Address of the shop", "https://your-shop.myshopify.com", type="url"),
        ConnectionField("version", "API version", "Shopify keeps each for a year.", default=VERSION),
        ConnectionField(
            "client_id",
            "Client ID of the app",
            "Of an app made in the developer dashboard; empty if you have an access token.",
            is_required=False,
        ),
    )
    secret_fields: tuple[ConnectionField, ...] = (
        ConnectionField(
            "client_secret",
            "Client secret of the app",
            "Gets access tokens, and signs the webhooks; without it these are refused.",
            is_required=False,
        ),
        ConnectionField(
            "access_token",
            "Access token",
            "Only of apps that were made in the shop's admin (shpat_…).",
            is_required=False,
        ),
    )
    listed_streams: tuple[str, ...] = ("orders",)
    silent_streams: tuple[str, ...] = ()
    requests_per_second: float = 10.0

    def client(
        self, *, settings: Mapping[str, str], secrets: Mapping[str, str], transport: httpx.BaseTransport
    ) -> httpx.Client:
        """A client with the app's token."""
        address = settings["address"].rstrip("/")
        auth = AppToken(
            address=address,
            token=secrets.get("access_token", ""),
            client_id=settings.get("client_id", ""),
            client_secret=secrets.get("client_secret", ""),
        )
        version = settings.get("version") or VERSION
        return httpx.Client(base_url=f"{address}/admin/api/{version}/", auth=auth, transport=transport)

    def check(self, pull: Pull) -> str:
        """The shop's name and currency."""
        shop = part(Asking(pull).ask(documents.SHOP), "shop")
        return f"{shop.get('name')} ({shop.get('currencyCode')})"

    def pull(self, *, stream: str, cursor: Cursor, pull: Pull) -> Iterator[Batch]:
        """Pages of a stream since the cursor."""
        if stream == "orders":
            return _orders(cursor, Asking(pull))
        if stream == "products":
            return _products(cursor, Asking(pull))
        if stream == "members":
            return _members(cursor, Asking(pull))
        if stream == "stock":
            return _stock(pull)
        raise SourceError("no_such_stream", "Shopify has no stream {stream}.", stream=stream)

    def recent(self, *, stream: str, since: datetime, pull: Pull) -> Iterator[Batch]:  # noqa: ARG002
        """Nothing: a refund moves the time of its order."""
        return iter(())

    def one(self, *, stream: str, external_id: str, pull: Pull) -> Iterator[Batch]:
        """The record a webhook named."""
        if stream not in _ONE:
            return
        kind, document = _ONE[stream]
        asking = Asking(pull)
        record = part(asking.ask(document, id=global_id(kind, external_id)), "node")
        if not record:
            return
        if stream == "orders":
            yield from _order_page([record], asking, before={}, after={})
        elif stream == "members":
            yield _member_page([record], cursor={})
        else:
            yield from _product_page([record], asking, cursor={})

    def ids(self, *, stream: str, pull: Pull) -> Iterator[Sequence[str]]:
        """The names of all orders."""
        if stream == "orders":
            pages = every(
                Asking(pull), documents.ORDER_IDS, "orders", number=lambda node: int(number_of(node))
            )
            for page in pages:
                yield [order_no(record) for record in page]

    def webhook(
        self,
        *,
        headers: Mapping[str, str],
        body: bytes,
        secrets: Mapping[str, str],
        now: datetime,  # noqa: ARG002
    ) -> WebhookNews:
        """An order, refund, customer, product or stock level changed.

        The signature covers the body alone, so no time in the headers can be believed; the frame's
        memory of what came is what stops a replay.
        """
        return _news(headers, body, secret=secrets.get("client_secret", ""))


SHOPIFY = Shopify()


def _since(cursor: Cursor) -> datetime | None:
    newest = moment(cursor, "updated")
    return newest - REWIND if newest else None


def _moved(cursor: Cursor, page: Sequence[Record]) -> Cursor:
    """The cursor after a page: never back."""
    times = [at for at in (moment(cursor, "updated"), *map(updated_at, page)) if at is not None]
    return {"updated": max(times).isoformat()} if times else dict(cursor)


def _orders(cursor: Cursor, asking: Asking) -> Iterator[Batch]:
    for page in changed(asking, documents.ORDERS, "orders", since=_since(cursor)):
        after = _moved(cursor, page)
        yield from _order_page(page, asking, before=cursor, after=after)
        cursor = after


def _order_page(page: Sequence[Record], asking: Asking, *, before: Cursor, after: Cursor) -> Iterator[Batch]:
    orders, refunds = Page("orders"), Page("refunds")
    for record in page:
        if record.get("test") is True:
            continue
        items = whole(asking, documents.LINES, record, "lineItems")
        shown = {"id": record.get("id"), "status": record.get("displayFinancialStatus")}
        rows = usable(partial(rows_of, record, items), orders.rejected, **shown)
        if rows is None:
            continue
        orders.add(rows, currency=currency_of(record))
        if record.get("refunds"):
            _add_refunds(record, items, refunds, asking)
    yield from orders.batches(cursor=before)
    yield from refunds.batches(cursor=before)
    # An empty batch last: the cursor moves only when orders and refunds have both landed.
    yield Batch(kind="orders", rows=[], cursor=after)


def _add_refunds(record: Record, items: Sequence[Record], refunds: Page, asking: Asking) -> None:
    node = part(asking.ask(documents.REFUNDS, id=record.get("id")), "node")
    for refund in usable(partial(parts, node, "refunds"), refunds.rejected, id=record.get("id")) or []:
        given = whole(asking, documents.GIVEN_BACK, refund, "refundLineItems")
        make = partial(refund_rows, refund, record, items=items, given=given)
        rows = usable(make, refunds.rejected, id=refund.get("id"), order=record.get("id"))
        refunds.add(rows or [], currency=currency_of(record))


def _products(cursor: Cursor, asking: Asking) -> Iterator[Batch]:
    for page in changed(asking, documents.PRODUCTS, "products", since=_since(cursor)):
        cursor = _moved(cursor, page)
        yield from _product_page(page, asking, cursor=cursor)


def _product_page(page: Sequence[Record], asking: Asking, *, cursor: Cursor) -> Iterator[Batch]:
    products, listings = Page("products"), Page("listings")
    for record in page:
        for variant in whole(asking, documents.VARIANTS, record, "variants"):
            row = usable(partial(product_row, record, variant), products.rejected, id=variant.get("id"))
            if row is not None:
                products.add([row], currency=cost_currency(variant))
                listings.add([listing_row(record, variant)])
    yield from products.batches(cursor=cursor)
    yield from listings.batches(cursor=cursor, is_last=True)


def _members(cursor: Cursor, asking: Asking) -> Iterator[Batch]:
    for page in changed(asking, documents.CUSTOMERS, "customers", since=_since(cursor)):
        cursor = _moved(cursor, page)
        yield _member_page(page, cursor=cursor)


def _member_page(page: Sequence[Record], *, cursor: Cursor) -> Batch:
    members = Page("members")
    for record in page:
        row = usable(partial(member_row, record), members.rejected, id=record.get("id"))
        members.add([row] if row else [])
    return members.batch(cursor=cursor)


def _stock(pull: Pull) -> Iterator[Batch]:
    """All stock: levels have no common list by time.  Digests leave out what did not change."""
    asking = Asking(pull)
    pages = every(asking, documents.STOCK, "productVariants", number=lambda node: int(number_of(node)))
    for place, page in enumerate(pages, start=1):
        stock, rows = Page("stock"), dict[str, Row]()
        for variant in page:
            found = usable(partial(_levels, variant, asking), stock.rejected, id=variant.get("id"))
            rows |= {f"{row['location_id']}:{row['product_id']}": row for row in found or []}
        known = pull.known(list(rows))
        digests = {name: digest(row) for name, row in rows.items() if known.get(name) != digest(row)}
        stock.add([rows[name] for name in digests])
        yield stock.batch(cursor={"page": place}, digests=digests)


def _levels(variant: Record, asking: Asking) -> list[Row]:
    item = part(variant, "inventoryItem")
    if not item:
        return []
    return stock_rows(variant, whole(asking, documents.LEVELS, item, "inventoryLevels"))


_STREAM_OF = {"orders": "orders", "refunds": "orders", "customers": "members", "products": "products",
              "inventory_levels": "stock"}  # fmt: skip


def _news(headers: Mapping[str, str], body: bytes, *, secret: str) -> WebhookNews:
    if not is_signed(headers, body, secret=secret):
        raise ForgedWebhookError("The webhook's signature is not that of its body.")
    try:
        record = loads(body)
    except ValueError as error:
        raise ForgedWebhookError("The webhook is not JSON.") from error
    topic = headers.get("x-shopify-topic", "").partition("/")[0]
    stream = _STREAM_OF.get(topic, "")
    # The event stays the same when Shopify sends it again; the webhook's id does too.
    delivery = headers.get("x-shopify-webhook-id") or headers.get("x-shopify-event-id") or ""
    number = record.get("order_id" if topic == "refunds" else "id") if isinstance(record, Mapping) else None
    has_number = isinstance(number, int) and not isinstance(number, bool) and stream != "stock"
    return WebhookNews(
        delivery_id=delivery,
        stream=stream,
        external_id=str(number) if has_number else None,
        is_ping=not stream,
        occurred_at=_occurred_at(record),
    )


def _occurred_at(record: object) -> datetime | None:
    try:
        return moment(record, "updated_at") if isinstance(record, Mapping) else None
    except UnusableRecordError:
        return None
