"""How fast connectors turn a shop's orders into rows: the mapping alone, and pages over loopback.

    python benchmarks/connectors.py [--orders 10000]

Orders of three lines, made up.  ``mapping`` is CPU work per order without any request; ``pages`` is a
WooCommerce stand-in in a process of its own, signed queries and JSON included.  Real shops are slower than
their connector: their own limit of requests is what counts (``requests_per_second``).
"""

import argparse
import multiprocessing
import resource
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import httpx

from shuke.sources.contract import Pull
from shuke.sources.shopify.orders import rows_of
from shuke.sources.woocommerce import WOOCOMMERCE
from shuke.sources.woocommerce.orders import read_order
from tests.sources.shopify import shop as shopify
from tests.sources.standin import serving
from tests.sources.woocommerce import shop as woo

SECRETS = {"consumer_key": woo.KEY, "consumer_secret": woo.SECRET}


def woo_order(number: int) -> dict:
    """An order of three lines."""
    lines = [woo.line(number * 10 + place, total="6.00") for place in (1, 2, 3)]
    return woo.order(number, at=woo.START + timedelta(seconds=number), line_items=lines, total="28.00")


def rate(make: Callable[[dict], object], records: list[dict]) -> str:
    """Orders a second of one core's time, which other work on the machine does not blur."""
    began = time.process_time()
    for record in records:
        make(record)
    return f"{len(records) / (time.process_time() - began):,.0f} orders per CPU second"


def serve(count: int, pipe) -> None:
    """A shop with so many orders, until its parent ends."""
    shop = woo.Shop()
    for number in range(1, count + 1):
        shop.put("orders", woo_order(number))
    with serving(shop) as address:
        pipe.send(address)
        pipe.recv()


def pages(count: int) -> str:
    """All orders through the connector."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=serve, args=(count, theirs), daemon=True)
    process.start()
    settings = {"address": ours.recv()}
    with WOOCOMMERCE.client(settings=settings, secrets=SECRETS, transport=httpx.HTTPTransport()) as http:
        pull = Pull(http=http, settings=settings, now=datetime.now(UTC))
        began, spent = time.perf_counter(), time.process_time()
        rows = sum(len(batch.rows) for batch in WOOCOMMERCE.pull(stream="orders", cursor={}, pull=pull))
        seconds, spent = time.perf_counter() - began, time.process_time() - spent
    ours.send(None)
    process.join()
    assert rows == 3 * count
    return f"{count / seconds:,.0f} orders/s, {count / spent:,.0f} per CPU second of the connector"


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--orders", type=int, default=10_000)
    count = parser.parse_args().orders
    woos = [woo_order(number) for number in range(1, count + 1)]
    print("mapping, WooCommerce:", rate(lambda record: read_order(record, coin=Decimal("0.01")), woos))
    lines = [shopify.line(place, price="6.00") for place in (1, 2, 3)]
    orders = [
        shopify.order(number, lines=lines, totalPriceSet=shopify.bag("23.00")) for number in range(count)
    ]
    print("mapping, Shopify:", rate(lambda record: rows_of(record, record["lineItems"]), orders))
    del woos, orders
    print("pages, WooCommerce:", pages(count))
    print(f"memory at the peak: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")


if __name__ == "__main__":
    main()
