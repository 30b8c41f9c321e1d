"""django-oscar: accounts, products, orders, refunds and stock over django-oscar-api."""

from shuke.sources.oscar.connector import OSCAR

__all__ = ["OSCAR"]
