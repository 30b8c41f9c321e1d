"""The connector to a Vendure shop."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import httpx

from shuke.sources.batches import Page
from shuke.sources.contract import (
    Batch,
    ConnectionField,
    Cursor,
    Pull,
    Row,
    SourceError,
    WebhookNews,
)
from shuke.sources.digests import digest
from shuke.sources.records import Record, moment, part, parts, usable
from shuke.sources.vendure import orders, people, products
from shuke.sources.vendure.asking import Session, ask, items_of
from shuke.sources.vendure.paging import PAGE, Ask, changed_since, later, list_options, newest_of
from shuke.sources.vendure.signing import news_of

_CHECK = "{ activeChannel { code currencyCode } orders(options: { take: 1 }) { totalItems } }"
_LIST = "query($options: %s) { %s(options: $options) { items { %s } } }"
_ONE = "query($id: ID!) { %s(id: $id) { %s } }"
_OPTIONS = {
    "orders": "OrderListOptions",
    "customers": "CustomerListOptions",
    "products": "ProductListOptions",
    "productVariants": "ProductVariantListOptions",
}
_ALL: Mapping[str, Any] = {}
_PLACED: Mapping[str, Any] = {"orderPlacedAt": {"isNull": False}}
#: Orders carry many records; smaller pages keep an answer below what gateways allow.
ORDERS_A_PAGE = 50
IDS_A_PAGE = 500
#: Vendure's amounts are integers with so many decimals whatever the currency, unless it is set up otherwise.
PRECISION = "2"


@dataclass(frozen=True)
class Vendure:
    """Customers, products with listings, stock, orders with refunds."""

    system: str = "vendure"
    label: str = "Vendure"
    streams: tuple[str, ...] = ("members", "products", "stock", "orders")
    settings_fields: tuple[ConnectionField, ...] = (
        ConnectionField("address", "Address of the shop", "Such as https://shop.example.com", type="url"),
        ConnectionField(
            "path", "Path of the Admin API", "As in the shop's configuration", default="admin-api"
        ),
        ConnectionField(
            "channel", "Channel token", "Only for shops with several channels", is_required=False
        ),
        ConnectionField("username", "User name", "Only if the shop takes no API keys", is_required=False),
        ConnectionField(
            "precision",
            "Decimals of the shop's amounts",
            "2 unless changed",
            type="number",
            default=PRECISION,
        ),
    )
    secret_fields: tuple[ConnectionField, ...] = (
        ConnectionField(
            "api_key", "API key", "Of an administrator who may read customers, orders and products",
            is_required=False,
        ),
        ConnectionField("password", "Password", "Only together with the user name", is_required=False),
        ConnectionField(
            "webhook_secret", "Secret of the webhooks", "Begins with whsec_; empty if there are none",
            is_required=False,
        ),
    )  # fmt: skip
    listed_streams: tuple[str, ...] = ("products", "orders")
    silent_streams: tuple[str, ...] = ("orders",)
    requests_per_second: float = 5.0

    def client(
        self, *, settings: Mapping[str, str], secrets: Mapping[str, str], transport: httpx.BaseTransport
    ) -> httpx.Client:
        """By API key, else by name and password."""
        headers = {"vendure-token": settings["channel"]} if settings.get("channel") else {}
        auth: httpx.Auth | None = None
        if secrets.get("api_key"):
            headers["vendure-api-key"] = secrets["api_key"]
        else:
            auth = Session(name=settings.get("username", ""), password=secrets.get("password", ""))
        path = (settings.get("path") or "admin-api").strip("/")
        return httpx.Client(
            base_url=f"{settings['address'].rstrip('/')}/{path}",
            headers=headers,
            auth=auth,
            transport=transport,
            timeout=60,
        )

    def check(self, pull: Pull) -> str:
        """The channel and its currency."""
        _precision(pull)
        channel = part(ask(pull.http, _CHECK), "activeChannel")
        return f"{pull.http.base_url.host} · {channel.get('code')} ({channel.get('currencyCode')})"

    def pull(self, *, stream: str, cursor: Cursor, pull: Pull) -> Iterator[Batch]:
        """Pages of a stream since the cursor."""
        if stream == "members":
            return _members(cursor, pull)
        if stream == "products":
            return _products(cursor, pull)
        if stream == "stock":
            return _stock(pull)
        if stream == "orders":
            return _orders(cursor, pull)
        raise SourceError("no_such_stream", "The connector has no stream {stream}.", stream=stream)

    def recent(self, *, stream: str, since: datetime, pull: Pull) -> Iterator[Batch]:
        """Orders placed since then: a refund moves neither the state nor the update time of its order."""
        if stream != "orders":
            return
        after = since.isoformat().replace("+00:00", "Z")
        listing = _lister(pull, "orders", orders.FIELDS, {"orderPlacedAt": {"after": after}})
        for page in changed_since(listing, since=None, page_size=ORDERS_A_PAGE):
            yield from _order_batches(page, pull, cursor={})

    def one(self, *, stream: str, external_id: str, pull: Pull) -> Iterator[Batch]:
        """The record a webhook named."""
        name, fields = _SINGLE[stream]
        record = ask(pull.http, _ONE % (name, fields), id=external_id).get(name)
        if not isinstance(record, Mapping):
            return
        if stream == "members":
            yield _member_batch([record], cursor={})
        elif stream == "orders":
            yield from _order_batches([record], pull, cursor={})
        elif stream == "products":
            yield from _product_batches(
                [(variant, record) for variant in parts(record, "variants")], cursor={}
            )
        else:
            yield _stock_batch([record], pull)

    def ids(self, *, stream: str, pull: Pull) -> Iterator[Sequence[str]]:
        """Every order's code, every variant's product."""
        if stream == "orders":
            for page in _whole(pull, "orders", "id code type orderPlacedAt", filter=_PLACED):
                yield [str(record.get("code")) for record in page]
        elif stream == "products":
            for page in _whole(pull, "productVariants", "id sku"):
                yield [products.key_of(record) for record in page]

    def webhook(
        self, *, headers: Mapping[str, str], body: bytes, secrets: Mapping[str, str], now: datetime
    ) -> WebhookNews:
        """A message of the plug-in; there are no unsigned ones."""
        return news_of(headers, body, secret=secrets.get("webhook_secret", ""), now=now)


_SINGLE = {
    "members": ("customer", people.FIELDS),
    "products": ("product", products.PRODUCT_FIELDS),
    "stock": ("productVariant", products.STOCK_FIELDS),
    "orders": ("order", orders.FIELDS),
}


def _precision(pull: Pull) -> int:
    text = pull.settings.get("precision") or PRECISION
    if text not in {"0", "1", "2", "3", "4"}:
        raise SourceError("bad_precision", "The decimals of the shop's amounts are a number from 0 to 4.")
    return int(text)


def _lister(pull: Pull, name: str, fields: str, filters: Mapping[str, Any] = _ALL) -> Ask:
    """Asks for pages of a list by update time."""
    query = _LIST % (_OPTIONS[name], name, fields)

    def ask_page(after: datetime | None, skip: int, take: int) -> list[Record]:
        options = list_options(after, skip, take, filters=filters)
        return items_of(ask(pull.http, query, options=options), name)

    return ask_page


def _whole(pull: Pull, name: str, fields: str, **options: Any) -> Iterator[list[Record]]:
    """A whole list in the order of its ids."""
    skip = 0
    while True:
        asked = {"sort": {"id": "ASC"}, "skip": skip, "take": IDS_A_PAGE, **options}
        page = items_of(ask(pull.http, _LIST % (_OPTIONS[name], name, fields), options=asked), name)
        yield page
        if len(page) < IDS_A_PAGE:
            return
        skip += len(page)


def _members(cursor: Cursor, pull: Pull) -> Iterator[Batch]:
    listing = _lister(pull, "customers", people.FIELDS)
    for page in changed_since(listing, since=moment(cursor, "updated"), page_size=PAGE):
        cursor = later(cursor, "updated", newest_of(page))
        yield _member_batch(page, cursor=cursor)


def _member_batch(page: Sequence[Record], *, cursor: Cursor) -> Batch:
    members = Page("members")
    for record in page:
        row = usable(partial(people.member_of, record), members.rejected, id=record.get("id"))
        members.add([row] if row else [])
    return members.batch(cursor=cursor)


def _products(cursor: Cursor, pull: Pull) -> Iterator[Batch]:
    """Products that changed with all their variants, then variants that changed."""
    listing = _lister(pull, "products", products.PRODUCT_FIELDS)
    for page in changed_since(listing, since=moment(cursor, "products"), page_size=PAGE):
        cursor = later(cursor, "products", newest_of(page))
        pairs = [(variant, record) for record in page for variant in parts(record, "variants")]
        yield from _product_batches(pairs, cursor=cursor)
    listing = _lister(pull, "productVariants", products.VARIANT_FIELDS)
    for page in changed_since(listing, since=moment(cursor, "variants"), page_size=PAGE):
        cursor = later(cursor, "variants", newest_of(page))
        yield from _product_batches([(record, part(record, "product")) for record in page], cursor=cursor)


def _product_batches(pairs: Sequence[tuple[Record, Record]], *, cursor: Cursor) -> Iterator[Batch]:
    found, listings = Page("products"), Page("listings")
    for variant, product in pairs:
        shown = variant.get("id")
        row = usable(partial(products.product_of, variant, product), found.rejected, id=shown)
        listing = usable(partial(products.listing_of, variant, product), [], id=shown)
        if row is not None and listing is not None:
            found.add([row])
            listings.add([listing])
    yield found.batch(cursor=cursor)
    yield listings.batch(cursor=cursor)


def _stock(pull: Pull) -> Iterator[Batch]:
    """All stock, since a sale moves no variant's update time; what has not changed is left out."""
    for page in _whole(pull, "productVariants", products.STOCK_FIELDS):
        yield _stock_batch(page, pull)


def _stock_batch(page: Sequence[Record], pull: Pull) -> Batch:
    stock = Page("stock")
    rows: dict[str, list[Row]] = {}
    for record in page:
        made: Callable[[], list[Row]] = partial(products.stock_of, record)
        rows[str(record.get("id"))] = usable(made, stock.rejected, id=record.get("id")) or []
    known = pull.known(list(rows))
    fresh = {key: digest(some) for key, some in rows.items() if some and known.get(key) != digest(some)}
    for key in fresh:
        stock.add(rows[key])
    return stock.batch(cursor={}, digests=fresh)


def _orders(cursor: Cursor, pull: Pull) -> Iterator[Batch]:
    listing = _lister(pull, "orders", orders.FIELDS, _PLACED)
    for page in changed_since(listing, since=moment(cursor, "updated"), page_size=ORDERS_A_PAGE):
        cursor = later(cursor, "updated", newest_of(page))
        yield from _order_batches(page, pull, cursor=cursor)


def _order_batches(page: Sequence[Record], pull: Pull, *, cursor: Cursor) -> Iterator[Batch]:
    """Orders before their refunds, each in its currency."""
    precision = _precision(pull)
    sales, refunds = Page("orders"), Page("refunds")
    for record in page:
        if not orders.is_sale(record):
            continue
        currency = str(record.get("currencyCode") or "")
        shown = {"code": record.get("code"), "state": record.get("state")}
        rows = usable(partial(orders.order_of, record, precision=precision), sales.rejected, **shown)
        if rows is None:
            continue
        sales.add(rows, currency=currency)
        back = usable(partial(orders.refund_rows, record, precision=precision), refunds.rejected, **shown)
        refunds.add(back or [], currency=currency)
    yield from sales.batches(cursor=cursor, is_last=True)
    yield from refunds.batches(cursor=cursor)


VENDURE = Vendure()
