"""WooCommerce: customers, products, orders, refunds and stock over its REST API."""

from shuke.sources.woocommerce.connector import WOOCOMMERCE

__all__ = ["WOOCOMMERCE"]
