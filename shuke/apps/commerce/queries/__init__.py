"""Every read of goods and sales."""

from shuke.apps.commerce.queries.orders import order, orders_page
from shuke.apps.commerce.queries.products import departments, product, products_page
from shuke.apps.commerce.queries.receivers import receiver_of, receivers_of_buyer
from shuke.apps.commerce.queries.stores import stores

__all__ = [
    "departments",
    "order",
    "orders_page",
    "product",
    "products_page",
    "receiver_of",
    "receivers_of_buyer",
    "stores",
]
