"""The words that platforms have for an order's state, as our three axes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from shuke.sources.cleaning.widths import narrowed

#: payment, fulfilment, lifecycle
Axes = tuple[str, str, str]

_CLOSED = re.compile("关闭|取消|删除|作废")
_UNPAID = re.compile("待付款|未付款|待支付|未支付|等待买家付款|等待付款|未成团|拼单中")
_PARTLY_BACK = re.compile("部分退款")
_BACK = re.compile("退款成功|已退款|全额退款|已全额退")
_PARTLY_SENT = re.compile("部分发货")
_UNDERWAY = re.compile("已发货|待收货|待签收|等待[^,]*(确认|收货)|等待签收|运输中|配送中")
_DONE = re.compile("交易成功|已完成|(?<!未)完成|已收货|已签收|确认收货|已自提|已评价")
_TO_SEND = re.compile("待发货|等待[^,]*(发货|出库)|备货|待出库|已付款|已支付|待成团|待配送|暂停|锁定")


def chinese(text: str) -> Axes | None:
    """The state in the words of Taobao, JD, Pinduoduo, Douyin and Youzan; ``None``: not understood.

    What follows a ``|`` is the state of a complaint: it tells of money given back and of nothing else.

    >>> chinese("卖家已发货，等待买家确认收货")
    ('paid', 'shipped', 'open')
    """
    said, _, complaint = narrowed(text).partition("|")
    if not any(p.search(said) for p in (_CLOSED, _UNPAID, _BACK, _PARTLY_SENT, _UNDERWAY, _DONE, _TO_SEND)):
        return None
    is_closed = bool(_CLOSED.search(said))
    payment = _chinese_payment(
        f"{said}|{complaint}", is_unpaid=bool(_UNPAID.search(said)), is_closed=is_closed
    )
    return payment, _chinese_fulfilment(said), _life(said, is_closed=is_closed)


def _chinese_payment(words: str, *, is_unpaid: bool, is_closed: bool) -> str:
    if _PARTLY_BACK.search(words):
        return "partially_refunded"
    if _BACK.search(words):
        return "refunded"
    if is_closed:
        return "void"
    return "pending" if is_unpaid else "paid"


def _chinese_fulfilment(said: str) -> str:
    if _PARTLY_SENT.search(said):
        return "partial"
    if _UNDERWAY.search(said):
        return "shipped"
    return "delivered" if _DONE.search(said) and not _CLOSED.search(said) else "unfulfilled"


def _life(said: str, *, is_closed: bool) -> str:
    if is_closed:
        return "cancelled"
    return "completed" if _DONE.search(said) and not _UNDERWAY.search(said) else "open"


_SHOPIFY_PAYMENT = {
    "pending": "pending", "authorized": "authorized", "partially_paid": "pending", "paid": "paid", "voided": "void",
    "partially_refunded": "partially_refunded", "refunded": "refunded", "expired": "void", "": "paid",
}  # fmt: skip
_SHOPIFY_FULFILMENT = {
    "fulfilled": "shipped", "partial": "partial", "unfulfilled": "unfulfilled", "": "unfulfilled",
    "restocked": "unfulfilled", "on_hold": "unfulfilled", "scheduled": "unfulfilled",
}  # fmt: skip


def shopify(text: str) -> Axes | None:
    """``<financial>|<fulfilment>|<time of cancellation>``."""
    financial, fulfilment, cancelled = (part.strip().casefold() for part in (text + "||").split("|")[:3])
    if financial not in _SHOPIFY_PAYMENT or fulfilment not in _SHOPIFY_FULFILMENT:
        return None
    sent = _SHOPIFY_FULFILMENT[fulfilment]
    life = "cancelled" if cancelled else "completed" if sent == "shipped" else "open"
    return _SHOPIFY_PAYMENT[financial], sent, life


_WOOCOMMERCE: Mapping[str, Axes] = MappingProxyType(
    {
        "pending": ("pending", "unfulfilled", "open"),
        "pending payment": ("pending", "unfulfilled", "open"),
        "on-hold": ("pending", "unfulfilled", "open"),
        "on hold": ("pending", "unfulfilled", "open"),
        "checkout-draft": ("pending", "unfulfilled", "open"),
        "processing": ("paid", "unfulfilled", "open"),
        "completed": ("paid", "shipped", "completed"),
        "cancelled": ("void", "unfulfilled", "cancelled"),
        "refunded": ("refunded", "unfulfilled", "completed"),
        "failed": ("void", "unfulfilled", "cancelled"),
    }
)


def woocommerce(text: str) -> Axes | None:
    """A status with or without the prefix ``wc-``."""
    return _WOOCOMMERCE.get(text.split("|", maxsplit=1)[0].strip().casefold().removeprefix("wc-"))


READERS: Mapping[str, Callable[[str], Axes | None]] = MappingProxyType(
    {"chinese": chinese, "shopify": shopify, "woocommerce": woocommerce}
)
