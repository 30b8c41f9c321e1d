"""The connector to WooCommerce (REST API ``wc/v3``, WooCommerce 5.8 or newer)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import httpx

from shuke.sources.asking import ask, listed
from shuke.sources.batches import Page
from shuke.sources.contract import (
    Batch,
    ConnectionField,
    Cursor,
    ForgedWebhookError,
    Pull,
    SourceError,
    WebhookNews,
)
from shuke.sources.digests import digest
from shuke.sources.order_lines import coin_of
from shuke.sources.records import loads, moment, usable
from shuke.sources.woocommerce.customers import is_customer, member_row
from shuke.sources.woocommerce.orders import SYSTEM, Order, order_no, read_order, refund_rows
from shuke.sources.woocommerce.paging import PER_PAGE, Record, changed, every, modified_at, numbered
from shuke.sources.woocommerce.products import Sold, listing_row, product_row, sold, stock_row
from shuke.sources.woocommerce.signing import credentials, is_signed

#: Seconds by which each pull begins before the newest change of the last: WooCommerce's times are whole
#: seconds, and an order may be saved a moment after the time that it bears.
REWIND = timedelta(minutes=5)
_STREAM_OF = {"order": "orders", "customer": "members", "product": "products"}
ADDRESS = ConnectionField(
    "address", "Address of the shop", "Such as https://shop.example.com, without /wp-json.", type="url"
)


@dataclass(frozen=True)
class WooCommerce:
    """Holds no state."""

    system: str = SYSTEM
    label: str = "WooCommerce"
    streams: tuple[str, ...] = ("members", "products", "orders", "stock")
    settings_fields: tuple[ConnectionField, ...] = (ADDRESS,)
    secret_fields: tuple[ConnectionField, ...] = (
        ConnectionField("consumer_key", "Consumer key", "WooCommerce, Settings, Advanced, REST API: read."),
        ConnectionField("consumer_secret", "Consumer secret", "Shown once beside the consumer key."),
        ConnectionField(
            "webhook_secret",
            "Secret of the webhooks",
            "The same for all webhooks of this shop; leave it empty to pull on schedule only.",
            is_required=False,
        ),
    )
    listed_streams: tuple[str, ...] = ("orders",)
    silent_streams: tuple[str, ...] = ()
    requests_per_second: float = 5.0

    def client(
        self, *, settings: Mapping[str, str], secrets: Mapping[str, str], transport: httpx.BaseTransport
    ) -> httpx.Client:
        """Basic over HTTPS, signed queries over HTTP."""
        address = settings["address"].rstrip("/")
        auth = credentials(address, key=secrets["consumer_key"], secret=secrets["consumer_secret"])
        return httpx.Client(base_url=f"{address}/wp-json/wc/v3/", auth=auth, transport=transport)

    def check(self, pull: Pull) -> str:
        """The shop's name is not in the API; its currency tells that settings and key are right."""
        listed(ask(pull.http, "orders", {"per_page": 1, "_fields": "id"}))
        answer = ask(pull.http, "data/currencies/current")
        currency = answer.get("code") if isinstance(answer, Mapping) else None
        return f"{pull.http.base_url.host} ({currency})" if currency else pull.http.base_url.host

    def pull(self, *, stream: str, cursor: Cursor, pull: Pull) -> Iterator[Batch]:
        """Pages of a stream since the cursor."""
        if stream == "orders":
            return _orders(cursor, pull)
        if stream == "products":
            return _products(cursor, pull)
        if stream == "members":
            return _members(cursor, pull)
        if stream == "stock":
            return _stock(pull)
        raise SourceError("no_such_stream", "WooCommerce has no stream {stream}.", stream=stream)

    def recent(self, *, stream: str, since: datetime, pull: Pull) -> Iterator[Batch]:  # noqa: ARG002
        """Nothing: a refund moves the time of its order."""
        return iter(())

    def one(self, *, stream: str, external_id: str, pull: Pull) -> Iterator[Batch]:
        """The record a webhook named."""
        record = ask(pull.http, f"{_PATHS[stream]}/{int(external_id)}")
        if not isinstance(record, Mapping):
            return
        if stream == "orders":
            yield from _order_page([record], pull, before={}, after={})
        elif stream == "members":
            yield _member_page([record], cursor={})
        else:
            parent = record.get("parent_id")
            if record.get("type") == "variation" and parent:
                record = ask(pull.http, f"products/{int(parent)}") or {}
            yield from _product_page([record], pull, before={}, after={})

    def ids(self, *, stream: str, pull: Pull) -> Iterator[Sequence[str]]:
        """The numbers of all orders that are not in the bin."""
        if stream == "orders":
            for page in every(pull.http, "orders", fields=("id", "number")):
                yield [order_no(record) for record in page]

    def webhook(
        self,
        *,
        headers: Mapping[str, str],
        body: bytes,
        secrets: Mapping[str, str],
        now: datetime,  # noqa: ARG002
    ) -> WebhookNews:
        """An order, customer or product changed.  The first delivery is an unsigned form; it changes nothing."""
        return _news(headers, body, secret=secrets.get("webhook_secret", ""))


_PATHS = {"orders": "orders", "members": "customers", "products": "products"}
WOOCOMMERCE = WooCommerce()


def _since(cursor: Cursor) -> datetime | None:
    newest = moment(cursor, "modified")
    return newest - REWIND if newest else None


def _moved(cursor: Cursor, page: Sequence[Record]) -> Cursor:
    """The cursor after a page: never back."""
    times = [at for at in (moment(cursor, "modified"), *map(modified_at, page)) if at is not None]
    return {"modified": max(times).isoformat()} if times else dict(cursor)


def _orders(cursor: Cursor, pull: Pull) -> Iterator[Batch]:
    for page in changed(pull.http, "orders", since=_since(cursor)):
        after = _moved(cursor, page)
        yield from _order_page(page, pull, before=cursor, after=after)
        cursor = after


def _order_page(page: Sequence[Record], pull: Pull, *, before: Cursor, after: Cursor) -> Iterator[Batch]:
    orders, refunds = Page("orders"), Page("refunds")
    for record in page:
        shown = {"id": record.get("id"), "status": record.get("status")}
        coin = coin_of(str(record.get("currency")))
        order = usable(partial(read_order, record, coin=coin), orders.rejected, **shown)
        if order is None:
            continue
        orders.add(order.rows, currency=order.currency)
        if order.has_refunds:
            _add_refunds(order, refunds, pull)
    yield from orders.batches(cursor=before)
    yield from refunds.batches(cursor=before)
    # An empty batch last: the cursor moves only when orders and refunds have both landed.
    yield Batch(kind="orders", rows=[], cursor=after)


def _add_refunds(order: Order, refunds: Page, pull: Pull) -> None:
    answer = ask(pull.http, f"orders/{order.number}/refunds", {"per_page": PER_PAGE})
    for refund in listed(answer or []):
        rows = usable(
            partial(refund_rows, refund, order),
            refunds.rejected,
            id=refund.get("id"),
            order=order.order_no,
        )
        refunds.add(rows or [], currency=order.currency)


def _products(cursor: Cursor, pull: Pull) -> Iterator[Batch]:
    for page in changed(pull.http, "products", since=_since(cursor)):
        after = _moved(cursor, page)
        yield from _product_page(page, pull, before=cursor, after=after)
        cursor = after


def _product_page(page: Sequence[Record], pull: Pull, *, before: Cursor, after: Cursor) -> Iterator[Batch]:
    products, listings = Page("products"), Page("listings")
    for what in _everything_sold(page, pull):
        shown = {"id": what.record.get("id")}
        row = usable(partial(product_row, what), products.rejected, **shown)
        if row is not None:
            products.add([row])
            listings.add([listing_row(what)])
    yield from products.batches(cursor=before)
    yield from listings.batches(cursor=after, is_last=True)


def _everything_sold(page: Sequence[Record], pull: Pull) -> Iterator[Sold]:
    for product in page:
        variations: list[Record] = []
        if product.get("type") in {"variable", "variable-subscription"} and isinstance(
            product.get("id"), int
        ):
            for part in numbered(pull.http, f"products/{product['id']}/variations"):
                variations += part
        yield from sold(product, variations)


def _members(cursor: Cursor, pull: Pull) -> Iterator[Batch]:
    """All customers, page by page: WooCommerce cannot list those that changed.

    The page is remembered, so that a pull that was killed goes on; after the last one it begins anew.
    """
    first = int(cursor.get("page", 1))
    number = first
    for number, page in enumerate(
        numbered(pull.http, "customers", first=first, params={"role": "all"}), first
    ):
        yield _member_page(page, cursor={"page": number + 1})
    yield Batch(kind="members", rows=[], cursor={})


def _member_page(page: Sequence[Record], *, cursor: Cursor) -> Batch:
    members = Page("members")
    for record in filter(is_customer, page):
        row = usable(partial(member_row, record), members.rejected, id=record.get("id"))
        members.add([row] if row else [])
    return members.batch(cursor=cursor)


def _stock(pull: Pull) -> Iterator[Batch]:
    """All stock; what has not changed since it last landed is left out by its digest."""
    for number, page in enumerate(numbered(pull.http, "products"), start=1):
        rows: dict[str, Any] = {}
        stock = Page("stock")
        for what in _everything_sold(page, pull):
            row = usable(partial(stock_row, what), stock.rejected, id=what.record.get("id"))
            if row is not None:
                rows[str(row["product_id"])] = row
        known = pull.known(list(rows))
        digests = {key: digest(row) for key, row in rows.items() if known.get(key) != digest(row)}
        stock.add([rows[key] for key in digests])
        yield stock.batch(cursor={"page": number}, digests=digests)


def _news(headers: Mapping[str, str], body: bytes, *, secret: str) -> WebhookNews:
    delivery = headers.get("x-wc-webhook-delivery-id", "")
    if "x-wc-webhook-signature" not in headers:
        if _is_ping(body):
            return WebhookNews(delivery, "", None, is_ping=True, occurred_at=None)
        raise ForgedWebhookError("The webhook is not signed.")
    if not is_signed(headers, body, secret=secret):
        raise ForgedWebhookError("The webhook's signature is not that of its body.")
    try:
        record = loads(body)
    except ValueError as error:
        raise ForgedWebhookError("The webhook is not JSON.") from error
    stream = _STREAM_OF.get(headers.get("x-wc-webhook-resource", ""), "")
    number = record.get("id") if isinstance(record, Mapping) else None
    if not stream or isinstance(number, bool) or not isinstance(number, int):
        return WebhookNews(delivery, stream, None, is_ping=not stream, occurred_at=None)
    return WebhookNews(delivery, stream, str(number), is_ping=False, occurred_at=modified_at(record))


def _is_ping(body: bytes) -> bool:
    """WooCommerce tests an address with the form ``webhook_id=12``, which it does not sign."""
    name, _, number = body.partition(b"=")
    return name == b"webhook_id" and number.isdigit() and len(number) < 20
