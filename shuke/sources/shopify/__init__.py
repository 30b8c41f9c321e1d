"""Shopify: customers, products, orders, refunds and stock over its Admin GraphQL API."""

from shuke.sources.shopify.connector import SHOPIFY

__all__ = ["SHOPIFY"]
