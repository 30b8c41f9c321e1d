"""Pages of goods and sales, under ``/products/``."""

from django.urls import path

from shuke.apps.commerce import pages

app_name = "commerce"
urlpatterns = [
    path("", pages.show_products, name="products"),
    path("stores/", pages.show_stores, name="stores"),
    path("orders/", pages.show_orders, name="orders"),
    path("orders/<str:order_id>/", pages.show_order, name="order"),
    path("<str:product_id>/", pages.show_product, name="product"),
]
