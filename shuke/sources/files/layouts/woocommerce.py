"""WooCommerce: one row per line, as two widely used export plug-ins write it."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from shuke.sources.files.layouts.currency import one_currency
from shuke.sources.files.layouts.layout import Draft, Layout


def _finish(draft: Draft) -> Draft:
    """Names and addresses in one; customer 0 is a guest."""
    rows = draft.rows
    if "external" in rows.columns:
        rows = rows.with_columns(
            pl.when(pl.col("external") != "0").then(pl.col("external")).alias("external")
        )
    for target, parts in (
        ("receiver_name", ("ship_first", "ship_last")),
        (
            "receiver_address",
            ("ship_address", "ship_address2", "ship_city", "ship_state", "ship_zip", "ship_country"),
        ),
    ):
        known = [name for name in parts if name in rows.columns]
        if known:
            whole = pl.concat_str(*known, separator=" ", ignore_nulls=True)
            rows = rows.with_columns(pl.when(whole != "").then(whole).alias(target))
    return one_currency(replace(draft, rows=rows))


WOOCOMMERCE_ORDERS = Layout(
    name="woocommerce_orders",
    label="WooCommerce: orders",
    kind="orders",
    sales_channel="woocommerce",
    needs=(
        ("order_number", "order_id", "Order Number", "Order ID"),
        ("billing_email", "Email (Billing)", "Billing Email Address"),
        ("item_name", "Item Name", "Product Name"),
        ("order_total", "Order Total Amount", "Order Total"),
        ("status", "order_status", "Order Status"),
    ),
    columns={
        "order_no": ("order_number", "Order Number", "order_id", "Order ID"),
        "external": ("customer_id", "customer_user", "Customer User ID"),
        "email": ("billing_email", "Email (Billing)", "Billing Email Address"),
        "phone": ("billing_phone", "Phone (Billing)", "Billing Phone"),
        "placed_at": ("date", "order_date", "Order Date", "date_created"),
        "paid_at": ("date_paid", "Paid Date", "paid_date"),
        "completed_at": ("date_completed", "Completed Date", "completed_date"),
        "state": ("status", "order_status", "Order Status"),
        "currency": ("order_currency", "Order Currency", "currency"),
        "product_id": (
            "item_sku",
            "SKU",
            "item_product_id",
            "Product Id",
            "item_name",
            "Item Name",
            "Product Name",
        ),
        "sku": ("item_sku", "SKU"),
        "product_name": ("item_name", "Item Name", "Product Name"),
        "quantity": ("item_quantity", "Quantity", "Quantity (- Refund)"),
        "list_amount": ("item_subtotal", "Order Line Subtotal"),
        "unit_price": ("item_price", "Item Cost"),
        "order_paid": ("order_total", "Order Total Amount", "Order Total"),
        "shipping": ("shipping_total", "Order Shipping Amount", "order_shipping"),
        "tax": ("tax_total", "Order Total Tax Amount"),
        "order_discount": ("discount_total", "Cart Discount Amount", "cart_discount"),
        "voucher_codes": ("coupons", "Coupon Code", "coupon_code"),
        "refunded_amount": ("refunded_total", "Order Refund Amount", "order_refunded"),
        "ship_first": ("shipping_first_name", "First Name (Shipping)"),
        "ship_last": ("shipping_last_name", "Last Name (Shipping)"),
        "receiver_phone": ("shipping_phone", "Phone (Shipping)"),
        "ship_address": ("shipping_address_1", "Address 1&2 (Shipping)"),
        "ship_address2": ("shipping_address_2",),
        "ship_city": ("shipping_city", "City (Shipping)"),
        "ship_state": ("shipping_state", "State Code (Shipping)"),
        "ship_zip": ("shipping_postcode", "Postcode (Shipping)"),
        "ship_country": ("shipping_country", "Country Code (Shipping)"),
    },
    status=("state",),
    status_words="woocommerce",
    finish=_finish,
)
