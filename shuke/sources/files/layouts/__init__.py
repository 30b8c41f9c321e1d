"""Exports of shops and platforms, recognised by the names of their columns and rewritten as our own kinds.

docs/algorithms/platform-files.md says how; one module per platform.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from shuke.sources.files.layouts.china import JD_ORDERS, PINDUODUO_ORDERS, YOUZAN_ORDERS
from shuke.sources.files.layouts.douyin import DOUYIN_ORDERS
from shuke.sources.files.layouts.forbidden import forbidden_columns
from shuke.sources.files.layouts.layout import Layout, header_key
from shuke.sources.files.layouts.rewriting import rewrite
from shuke.sources.files.layouts.shopify import SHOPIFY_CUSTOMERS, SHOPIFY_ORDERS
from shuke.sources.files.layouts.square import SQUARE_ITEMS
from shuke.sources.files.layouts.taobao import TAOBAO_DETAILS, TAOBAO_JOINED, TAOBAO_ORDERS, joined
from shuke.sources.files.layouts.woocommerce import WOOCOMMERCE_ORDERS

#: Every layout by its name.
LAYOUTS: Mapping[str, Layout] = MappingProxyType(
    {
        layout.name: layout
        for layout in (
            TAOBAO_JOINED,
            TAOBAO_ORDERS,
            TAOBAO_DETAILS,
            JD_ORDERS,
            PINDUODUO_ORDERS,
            DOUYIN_ORDERS,
            YOUZAN_ORDERS,
            SHOPIFY_ORDERS,
            SHOPIFY_CUSTOMERS,
            WOOCOMMERCE_ORDERS,
            SQUARE_ITEMS,
        )
    }
)


def recognise(headers: Sequence[str]) -> Layout | None:
    """The layout that fits and knows most of the headers; ``None`` where none fits."""
    keys = frozenset(header_key(header) for header in headers if header)
    best = max(LAYOUTS.values(), key=lambda layout: layout.fits(keys))
    return best if best.fits(keys) else None


__all__ = ["LAYOUTS", "Layout", "forbidden_columns", "joined", "recognise", "rewrite"]
