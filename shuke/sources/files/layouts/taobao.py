"""Taobao and Tmall: ExportOrderList (orders), ExportOrderDetailList (lines), and both joined."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from shuke.sources.files.errors import UnreadableFileError
from shuke.sources.files.layouts.layout import CHINA, Columns, Draft, Layout, header_key
from shuke.sources.files.reading import ROW_NO, SourceTable

_ORDER_NEEDS = (
    ("订单编号", "主订单编号"),
    ("买家会员名", "买家昵称"),
    ("买家实际支付金额",),
    ("订单创建时间",),
)
_DETAIL_NEEDS = (("订单编号", "主订单编号"), ("标题", "宝贝标题"), ("价格",), ("购买数量",))
_ORDER: Columns = {
    "order_no": ("订单编号", "主订单编号"),
    "external": ("买家会员名", "买家昵称"),
    "placed_at": ("订单创建时间",),
    "paid_at": ("订单付款时间",),
    "completed_at": ("确认收货时间",),
    "state": ("订单状态",),
    "shipping": ("买家应付邮费",),
    "merchant_received": ("打款商家金额",),
    "platform_discount": ("天猫卡券抵扣",),
    "points_spent": ("买家实际支付积分",),
    "refunded_amount": ("退款金额",),
    "store_id": ("新零售导购门店id", "新零售成交门店id", "新零售发货门店id"),
    "receiver_name": ("收货人姓名",),
    "receiver_phone": ("联系手机", "联系电话"),
    "receiver_address": ("修改后的收货地址", "收货地址"),
}
_LINE: Columns = {
    "product_id": ("商家编码", "外部系统编号", "标题"),
    "product_name": ("标题",),
    "quantity": ("购买数量",),
    "unit_price": ("价格",),
}


def _finish_joined(draft: Draft) -> Draft:
    """Put rows aside that only one of the two files knows."""
    rows = draft.rows
    lonely = (
        ("order_no", "no_order", rows.filter(pl.col("placed_at").is_null())),
        ("product_id", "no_detail", rows.filter(pl.col("product_id").is_null())),
    )
    faults = tuple((number, column, code) for column, code, part in lonely for number in part["row_no"])
    return replace(draft, faults=faults)


TAOBAO_ORDERS = Layout(
    name="taobao_orders",
    label="Taobao and Tmall: orders",
    kind="order_headers",
    sales_channel="taobao",
    needs=_ORDER_NEEDS,
    columns={**_ORDER, "paid": ("买家实际支付金额",), "goods": ("买家应付货款",)},
    status=("state",),
    status_words="chinese",
    settings=CHINA,
)
TAOBAO_DETAILS = Layout(
    name="taobao_details",
    label="Taobao and Tmall: details of orders",
    kind="order_lines",
    sales_channel="taobao",
    needs=_DETAIL_NEEDS,
    columns={"order_no": ("订单编号", "主订单编号"), **_LINE},
    settings=CHINA,
)
TAOBAO_JOINED = Layout(
    name="taobao_joined",
    label="Taobao and Tmall: orders with their details",
    kind="orders",
    sales_channel="taobao",
    needs=(*_ORDER_NEEDS, *_DETAIL_NEEDS[1:]),
    columns={**_ORDER, **_LINE, "order_paid": ("买家实际支付金额",)},
    status=("state",),
    status_words="chinese",
    finish=_finish_joined,
    settings=CHINA,
)


def joined(orders: SourceTable, details: SourceTable) -> SourceTable:
    """Both files as one, a row per line with its order's columns; rows that only one file knows stay.

    Columns of the details win where both have one, except the state, which is the order's.  Raises
    ``UnreadableFileError`` if not a single order has details.
    """
    left, right = _keyed(details), _keyed(orders)
    once = right.unique(subset="__key", keep="last", maintain_order=True).with_columns(
        pl.lit(value=True).alias("__known")
    )
    taken = {header_key(header) for header in details.headers}
    extra = [
        (str(place), header)
        for place, header in enumerate(orders.headers)
        if header_key(header) not in taken or header_key(header) == header_key("订单状态")
    ]
    own = [
        (str(place), header)
        for place, header in enumerate(details.headers)
        if header_key(header) != header_key("订单状态")
    ]
    right_part = once.select("__key", "__known", *(pl.col(place).alias(f"o{place}") for place, _h in extra))
    left_part = left.select("__key", *(pl.col(place).alias(f"d{place}") for place, _h in own))
    both = left_part.join(right_part, on="__key", how="full", coalesce=True, maintain_order="left_right")
    if not both["__known"].any() or not both.filter(pl.col("__known"))[f"d{own[0][0]}"].count():
        raise UnreadableFileError(
            "nothing_in_common",
            "The two files have no order in common. Export orders and details of the same days.",
        )
    names = [f"d{place}" for place, _h in own] + [f"o{place}" for place, _h in extra]
    key_place = next(i for i, (_p, header) in enumerate(own) if header_key(header) in _KEYS)
    frame = both.select(
        *(
            (pl.col("__key") if place == key_place else pl.col(name)).alias(str(place))
            for place, name in enumerate(names)
        ),
        pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias(ROW_NO),
    )
    return SourceTable(frame=frame, headers=(*(h for _p, h in own), *(h for _p, h in extra)), format="csv")


_KEYS = frozenset(header_key(word) for word in _ORDER["order_no"])


def _keyed(source: SourceTable) -> pl.DataFrame:
    """The cells with ``__key``, the order number without guards."""
    place = next(str(i) for i, header in enumerate(source.headers) if header_key(header) in _KEYS)
    bare = pl.col(place).cast(pl.String).str.replace('^="(.*)"$', "$1").str.strip_chars(" \t\r\n'`\"\u3000")
    return source.frame.with_columns(bare.alias("__key")).filter(pl.col("__key").is_not_null())
