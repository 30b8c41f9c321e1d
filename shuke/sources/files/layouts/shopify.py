"""Shopify: orders whose further lines leave the order's columns empty, and customers."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from shuke.sources.files.layouts.currency import one_currency
from shuke.sources.files.layouts.layout import Draft, Layout

#: What stands on the first row of an order only.
_OF_ORDER = (
    "email", "phone", "placed_at", "paid_at", "completed_at", "cancelled_at", "financial", "fulfilment", "currency",
    "order_paid", "shipping", "tax", "order_discount", "voucher_codes", "refunded_amount", "store_id", "receiver_name",
    "receiver_phone", "receiver_address", "payment_status", "fulfilment_status", "lifecycle_status", "status_raw",
)  # fmt: skip


def _finish(draft: Draft) -> Draft:
    """Fill continuation rows from their order's first row."""
    names = [name for name in _OF_ORDER if name in draft.rows.columns]
    filled = draft.rows.with_columns(pl.col(name).drop_nulls().first().over("order_no") for name in names)
    return one_currency(replace(draft, rows=filled))


SHOPIFY_ORDERS = Layout(
    name="shopify_orders",
    label="Shopify: orders",
    kind="orders",
    sales_channel="shopify",
    needs=(
        ("Name",),
        ("Financial Status",),
        ("Lineitem name",),
        ("Lineitem quantity",),
        ("Total",),
        ("Created at",),
    ),
    columns={
        "order_no": ("Name",),
        "email": ("Email",),
        "phone": ("Phone",),
        "placed_at": ("Created at",),
        "paid_at": ("Paid at",),
        "completed_at": ("Fulfilled at",),
        "cancelled_at": ("Cancelled at",),
        "financial": ("Financial Status",),
        "fulfilment": ("Fulfillment Status",),
        "currency": ("Currency",),
        "product_id": ("Lineitem sku", "Lineitem name"),
        "sku": ("Lineitem sku",),
        "product_name": ("Lineitem name",),
        "quantity": ("Lineitem quantity",),
        "unit_price": ("Lineitem price",),
        "order_paid": ("Total",),
        "shipping": ("Shipping",),
        "tax": ("Taxes",),
        "order_discount": ("Discount Amount",),
        "voucher_codes": ("Discount Code",),
        "refunded_amount": ("Refunded Amount",),
        "store_id": ("Location",),
        "receiver_name": ("Shipping Name",),
        "receiver_phone": ("Shipping Phone",),
        "receiver_address": ("Shipping Street", "Shipping Address1"),
    },
    status=("financial", "fulfilment", "cancelled_at"),
    status_words="shopify",
    finish=_finish,
)
SHOPIFY_CUSTOMERS = Layout(
    name="shopify_customers",
    label="Shopify: customers",
    kind="members",
    sales_channel="shopify",
    needs=(("Customer ID",), ("Accepts Email Marketing",), ("First Name",), ("Email",)),
    columns={
        "external": ("Customer ID",),
        "email": ("Email",),
        "phone": ("Phone", "Default Address Phone"),
        "first": ("First Name",),
        "last": ("Last Name",),
        "city": ("Default Address City",),
        "region": ("Default Address Province Code",),
        "consent_email": ("Accepts Email Marketing",),
        "consent_sms": ("Accepts SMS Marketing",),
    },
    finish=lambda draft: replace(
        draft,
        rows=draft.rows.with_columns(
            pl.concat_str(
                *(n for n in ("first", "last") if n in draft.rows.columns), separator=" ", ignore_nulls=True
            )
            .replace("", None)
            .alias("name")
        ),
    ),
)
