"""Small files as platforms write them: their headers, guards, masks and oddities, with invented people."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent / "exports"


def sample(name: str) -> str:
    """The text of a file."""
    return (FOLDER / f"{name}.csv").read_text(encoding="utf-8")


TAOBAO_ORDERS = sample("taobao_orders")
TAOBAO_DETAILS = sample("taobao_details")
JD_ORDERS = sample("jd_orders")
PINDUODUO_ORDERS = sample("pinduoduo_orders")
DOUYIN_OF_LINE = sample("douyin_of_line")
DOUYIN_OF_ORDER = sample("douyin_of_order")
YOUZAN_ORDERS = sample("youzan_orders")
SHOPIFY_ORDERS = sample("shopify_orders")
WOOCOMMERCE_ORDERS = sample("woocommerce_orders")
WOOCOMMERCE_PLUGIN = sample("woocommerce_plugin")
SQUARE_ITEMS = sample("square_items")
SHOPIFY_CUSTOMERS = sample("shopify_customers")
#: Name of the layout → text of a sample.
SAMPLES = {
    "taobao_orders": TAOBAO_ORDERS,
    "taobao_details": TAOBAO_DETAILS,
    "jd_orders": JD_ORDERS,
    "pinduoduo_orders": PINDUODUO_ORDERS,
    "douyin_orders": DOUYIN_OF_LINE,
    "youzan_orders": YOUZAN_ORDERS,
    "shopify_orders": SHOPIFY_ORDERS,
    "shopify_customers": SHOPIFY_CUSTOMERS,
    "woocommerce_orders": WOOCOMMERCE_ORDERS,
    "square_items": SQUARE_ITEMS,
}
