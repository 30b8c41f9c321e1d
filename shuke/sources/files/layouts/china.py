"""JD, Pinduoduo and Youzan: one row is a line, an order of one line, an order."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from shuke.sources.files.layouts.layout import CHINA, Draft, Layout


def _full_address(draft: Draft) -> Draft:
    """Province, city, district and street before the rest of the address."""
    parts = [name for name in ("province", "city", "district", "street") if name in draft.rows.columns]
    if not parts:
        return draft
    whole = pl.concat_str(
        *parts,
        *(["receiver_address"] if "receiver_address" in draft.rows.columns else []),
        ignore_nulls=True,
    )
    address = pl.when(whole != "").then(whole).alias("receiver_address")
    return replace(draft, rows=draft.rows.with_columns(address))


def _finish_pinduoduo(draft: Draft) -> Draft:
    """A refund that succeeded gives back what was paid: the file has no amount of its own."""
    draft = _full_address(draft)
    if "after_sale" not in draft.rows.columns:
        return draft
    is_back = pl.col("after_sale").str.contains("退款成功").fill_null(value=False) & (
        ~pl.col("after_sale").str.contains("部分")
    )
    is_counted = is_back & (pl.col("lifecycle_status") != "cancelled").fill_null(value=True)
    amount = pl.when(is_counted).then(pl.col("order_paid")).alias("refunded_amount")
    return replace(draft, rows=draft.rows.with_columns(amount))


JD_ORDERS = Layout(
    name="jd_orders",
    label="JD: orders",
    kind="orders",
    sales_channel="jd",
    needs=(
        ("订单号", "订单编号"),
        ("京东价",),
        ("下单帐号", "下单账号"),
        ("订购数量",),
        ("应付金额", "订单金额"),
    ),
    columns={
        "order_no": ("订单号", "订单编号"),
        "external": ("下单帐号", "下单账号"),
        "placed_at": ("下单时间",),
        "paid_at": ("付款确认时间",),
        "completed_at": ("订单完成时间",),
        "state": ("订单状态",),
        "product_id": ("货号", "商品ID"),
        "sku": ("商品ID",),
        "product_name": ("商品名称",),
        "quantity": ("订购数量",),
        "unit_price": ("京东价",),
        "order_paid": ("应付金额", "订单金额"),
        "shipping": ("运费金额",),
        "merchant_received": ("结算金额",),
        "receiver_name": ("客户姓名",),
        "receiver_phone": ("联系电话",),
        "receiver_address": ("客户地址",),
    },
    status=("state",),
    status_words="chinese",
    settings=CHINA,
)
PINDUODUO_ORDERS = Layout(
    name="pinduoduo_orders",
    label="Pinduoduo: orders",
    kind="orders",
    sales_channel="pinduoduo",
    needs=(("订单号",), ("商品总价",), ("用户实付金额",), ("拼单成功时间", "订单成交时间", "支付时间")),
    columns={
        "order_no": ("订单号",),
        "phone": ("用户购买手机号",),
        "placed_at": ("拼单成功时间", "订单成交时间", "支付时间", "订单确认时间"),
        "paid_at": ("支付时间", "拼单成功时间"),
        "completed_at": ("确认收货时间",),
        "state": ("订单状态",),
        "after_sale": ("售后状态",),
        "product_id": ("商家编码-商品维度", "商家编码-SKU维度", "商品id"),
        "sku": ("商家编码-SKU维度", "样式ID"),
        "product_name": ("商品", "货品名称"),
        "quantity": ("商品数量",),
        "list_amount": ("商品总价",),
        "discount": ("店铺优惠折扣",),
        "platform_discount": ("平台优惠折扣",),
        "shipping": ("邮费",),
        "order_paid": ("用户实付金额",),
        "merchant_received": ("商家实收金额",),
        "store_id": ("门店自定义编码",),
        "receiver_name": ("收货人",),
        "receiver_phone": ("手机",),
        "receiver_address": ("详细地址", "收货地址"),
        "province": ("省",),
        "city": ("市",),
        "district": ("区",),
        "street": ("街道",),
    },
    status=("state", "after_sale"),
    status_words="chinese",
    finish=_finish_pinduoduo,
    settings=CHINA,
)
YOUZAN_ORDERS = Layout(
    name="youzan_orders",
    label="Youzan: orders",
    kind="order_headers",
    sales_channel="youzan",
    needs=(
        ("订单号",),
        ("订单实付金额",),
        ("买家付款时间",),
        ("全部商品名称", "商品种类数", "收货人手机号/提货人手机号", "分销员"),
    ),
    columns={
        "order_no": ("订单号",),
        "phone": ("买家手机号", "会员手机号"),
        "placed_at": ("订单创建时间", "下单时间", "买家付款时间"),
        "paid_at": ("买家付款时间",),
        "completed_at": ("交易成功时间", "订单完成时间"),
        "state": ("订单状态",),
        "paid": ("订单实付金额",),
        "shipping": ("运费", "邮费"),
        "refunded_amount": ("已退款金额", "订单退款金额"),
        "receiver_name": ("收货人/提货人",),
        "receiver_phone": ("收货人手机号/提货人手机号",),
        "receiver_address": ("详细收货地址/提货地址",),
        "province": ("收货人省份",),
        "city": ("收货人城市",),
        "district": ("收货人地区",),
    },
    status=("state",),
    status_words="chinese",
    finish=_full_address,
    settings=CHINA,
)
