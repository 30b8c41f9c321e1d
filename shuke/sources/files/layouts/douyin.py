"""Douyin: one row per sub-order, whose amounts are the row's or the order's, and summaries joined with semicolons."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from shuke.sources.files.layouts.amounts import amount, as_text
from shuke.sources.files.layouts.layout import CHINA, Draft, Layout
from shuke.sources.files.layouts.rewriting import note

#: Columns of a summary row that list one value per line.
_LISTED = ("line", "product_id", "code", "product_name", "sku")
_AMOUNTS = (
    "payable",
    "list_amount",
    "shipping",
    "platform_discount",
    "merchant_discount",
    "author_discount",
    "merchant_received",
)


def _finish(draft: Draft) -> Draft:
    return _with_products(_with_amounts(_split_summaries(draft)))


def _split_summaries(draft: Draft) -> Draft:
    """One row per line out of rows such as ``8001;8002``; their amounts are the order's."""
    rows = draft.rows
    if "line" not in rows.columns:
        return replace(draft, rows=rows.with_columns(pl.lit(value=False).alias("__summary")))
    lines = pl.col("line").str.split(";").list.len().fill_null(1)
    counted = rows.with_columns(lines.alias("__lines"), (lines > 1).alias("__summary"))
    if not counted["__summary"].any():
        return replace(draft, rows=counted.drop("__lines"))
    listed = [name for name in _LISTED if name in rows.columns]
    # A list of another length than the sub-orders' says nothing about which line it belongs to.
    cells = [
        pl.when(pl.col(name).str.split(";").list.len() == pl.col("__lines"))
        .then(pl.col(name).str.split(";"))
        .otherwise(pl.lit(None, dtype=pl.String).repeat_by("__lines"))
        .alias(name)
        for name in listed
    ]
    split = (
        counted.with_columns(cells)
        .explode(listed)
        .with_columns(
            pl.when(pl.col(name).str.strip_chars() != "").then(pl.col(name).str.strip_chars()).alias(name)
            for name in listed
        )
    )
    split = split.with_columns(pl.int_range(pl.len()).over("row_no").alias("__place"))
    pieces = amount("quantity").fill_null(pl.col("__lines"))
    first = (pieces - pl.col("__lines") + 1).clip(1)
    each = pl.when(pl.col("__place") == 0).then(first).otherwise(1).cast(pl.Int64).cast(pl.String)
    odd = split.filter(pl.col("__summary") & (pl.col("__place") == 0) & (pieces != pl.col("__lines")))[
        "row_no"
    ]
    split = split.with_columns(
        pl.when(pl.col("__summary")).then(each).otherwise(pl.col("quantity")).alias("quantity")
    ).drop("__lines", "__place")
    notes = (*draft.notes, note("pieces_unknown", "quantity", odd)) if odd.len() else draft.notes
    return replace(draft, rows=split, notes=notes)


def _with_amounts(draft: Draft) -> Draft:
    """``order_paid`` for amounts of orders, ``paid`` for amounts of rows; docs/algorithms/platform-files.md."""
    rows = draft.rows
    rows = rows.with_columns(
        (amount(name) if name in rows.columns else pl.lit(None, dtype=pl.Float64)).alias(f"__{name}")
        for name in _AMOUNTS
    )
    rows = rows.with_columns((pl.col("__summary") | pl.lit(_is_of_order(rows))).alias("__whole"))
    rows = _with_sums(_with_returns(rows))
    of_order = pl.col("__whole")
    borne = pl.sum_horizontal("__merchant_discount", "__author_discount")
    goods = (
        pl.col("__payable") - pl.col("__shipping").fill_null(0) + pl.col("__platform_discount").fill_null(0)
    )
    rows = rows.with_columns(
        as_text(pl.when(of_order).then(pl.col("__payable_max"))).alias("order_paid"),
        as_text(pl.when(~of_order).then(goods)).alias("paid"),
        as_text(pl.when(~pl.col("__summary")).then(pl.col("__list_amount"))).alias("list_amount"),
        as_text(pl.when(~of_order).then(borne)).alias("discount"),
        *(
            as_text(pl.when(of_order).then(pl.col(f"__{name}_max")).otherwise(pl.col(f"__{name}_sum"))).alias(
                name
            )
            for name in ("platform_discount", "shipping", "merchant_received")
        ),
        as_text(pl.when(pl.col("__returned_sum") > 0).then(pl.col("__returned_sum"))).alias(
            "refunded_amount"
        ),
    )
    several = pl.col("__rows") > 1
    shared = rows.filter(of_order & several)["row_no"].unique().sort()
    own = rows.filter(~of_order & several)["row_no"]
    notes = tuple(
        note(code, "paid", numbers)
        for code, numbers in (("amount_of_order", shared), ("amount_of_line", own))
        if numbers.len()
    )
    return replace(draft, rows=rows, notes=(*draft.notes, *notes))


def _with_returns(rows: pl.DataFrame) -> pl.DataFrame:
    """What of a row's amount was given back; of an order's amount the part of the row's list price."""
    back = pl.lit(value=False)
    if "after_sale" in rows.columns:
        back = pl.col("after_sale").str.contains("退款成功").fill_null(value=False)
    if "lifecycle_status" in rows.columns:
        back = back & (pl.col("lifecycle_status") != "cancelled").fill_null(value=True)
    if not rows.select(back.any()).item():
        return rows.with_columns(pl.lit(None, dtype=pl.Float64).alias("__returned"))
    order = pl.col("order_no")
    listed = pl.col("__list_amount").fill_null(0)
    weight = pl.when(listed.sum().over(order) > 0).then(listed / listed.sum().over(order))
    part = pl.col("__payable").max().over(order) * weight.otherwise(1 / pl.len().over(order))
    given = pl.when(pl.col("__whole")).then(part).otherwise(pl.col("__payable"))
    return rows.with_columns(pl.when(back).then(given).alias("__returned"))


def _with_sums(rows: pl.DataFrame) -> pl.DataFrame:
    """The sum and the largest of an order's amounts beside each of its rows, null where no row has one."""
    names = [f"__{name}" for name in (*_AMOUNTS, "returned")]
    sums = rows.group_by("order_no").agg(
        pl.len().alias("__rows"),
        *(pl.col(name).max().alias(f"{name}_max") for name in names),
        *(pl.when(pl.col(name).count() > 0).then(pl.col(name).sum()).alias(f"{name}_sum") for name in names),
    )
    return rows.join(sums, on="order_no", how="left", maintain_order="left", nulls_equal=True)


def _is_of_order(rows: pl.DataFrame) -> bool:
    """Whether amounts stand for orders: most orders of several rows repeat one that no single row could cost."""
    several = (
        rows.filter(~pl.col("__summary") & pl.col("__payable").is_not_null())
        .group_by("order_no")
        .agg(
            pl.len().alias("rows"),
            (pl.col("__payable").n_unique() == 1).alias("same"),
            (pl.col("__payable").first() > pl.col("__list_amount").max()).alias("dear"),
        )
        .filter(pl.col("rows") > 1)
    )
    repeated = several.filter(pl.col("same") & pl.col("dear").fill_null(value=False)).height
    return repeated > several.height - repeated


def _with_products(draft: Draft) -> Draft:
    """The merchant's code names the product where there is one, else the platform's number."""
    names = [name for name in ("code", "product_id") if name in draft.rows.columns]
    return (
        replace(draft, rows=draft.rows.with_columns(pl.coalesce(names).alias("product_id")))
        if names
        else draft
    )


DOUYIN_ORDERS = Layout(
    name="douyin_orders",
    label="Douyin: orders",
    kind="orders",
    sales_channel="douyin",
    needs=(("主订单编号",), ("子订单编号",), ("选购商品",), ("订单应付金额",), ("订单提交时间",)),
    columns={
        "order_no": ("主订单编号",),
        "line": ("子订单编号",),
        "placed_at": ("订单提交时间",),
        "paid_at": ("支付完成时间",),
        "completed_at": ("订单完成时间",),
        "state": ("订单状态",),
        "after_sale": ("售后状态",),
        "product_id": ("商品ID",),
        "code": ("商家编码",),
        "sku": ("商家编码",),
        "product_name": ("选购商品",),
        "quantity": ("商品数量",),
        "list_amount": ("商品金额",),
        "payable": ("订单应付金额",),
        "shipping": ("运费",),
        "platform_discount": ("平台实际承担优惠金额",),
        "merchant_discount": ("商家实际承担优惠金额",),
        "author_discount": ("达人实际承担优惠金额",),
        "merchant_received": ("商家收入金额",),
        "receiver_name": ("收件人",),
        "receiver_phone": ("收件人手机号",),
        "receiver_address": ("详细地址",),
    },
    status=("state", "after_sale"),
    status_words="chinese",
    finish=_finish,
    settings=CHINA,
)
