"""Pages of goods and sales, under ``/products/``."""

from django.urls import path

from shuke.apps.commerce import pages

app_name = "commerce"
urlpatterns = [
    path("", pages.show_products, name="products"),
    path("stores/", pages.show_stores, name="stores"),
    path("orders/", pages.show_orders, name="orders"),
    path("orders/<path:order_id>/", pages.show_order, name="order"),
    # Shops have numbers with a slash in them.
    path("<path:product_id>/", pages.show_product, name="product"),
]
