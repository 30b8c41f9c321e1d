"""Goods and sales over the API."""

from typing import Any

from django.http import HttpRequest
from ninja import Query, Router

from shuke.apps.commerce.queries import order, orders_page, product, products_page, stores
from shuke.apps.commerce.schemas import OrderRow, OrderView, ProductRow, ProductView, StoreRow
from shuke.platform.clock import business_date, now
from shuke.platform.retailer.queries import retailer
from shuke.web.api import Page, Paging, paginate, permit

router = Router(tags=["commerce"])


@router.get("/products", response=Page[ProductRow])
def list_products(
    request: HttpRequest, paging: Query[Paging], search: str = "", department: str = "", sort: str = "revenue"
) -> dict[str, Any]:
    """Products with their sales of the last 365 days."""
    permit(request, "products.view")
    items, total = products_page(
        today=business_date(now(), retailer().time_zone),
        search=search,
        department=department,
        sort=sort,
        limit=paging.limit,
        offset=paging.offset,
    )
    return paginate(items, total, paging)


@router.get("/products/{product_id}", response=ProductView)
def read_product(request: HttpRequest, product_id: str) -> ProductView:
    """One product with its sales by month."""
    permit(request, "products.view")
    return product(product_id)


@router.get("/orders", response=Page[OrderRow])
def list_orders(
    request: HttpRequest, paging: Query[Paging], member_id: str = "", search: str = ""
) -> dict[str, Any]:
    """Orders newest first."""
    permit(request, "members.view")
    items, total = orders_page(member_id=member_id, search=search, limit=paging.limit, offset=paging.offset)
    return paginate(items, total, paging)


@router.get("/orders/{order_id}", response=OrderView)
def read_order(request: HttpRequest, order_id: str) -> OrderView:
    """One order with its lines and refunds."""
    permit(request, "members.view")
    return order(order_id)


@router.get("/stores", response=list[StoreRow])
def list_stores(request: HttpRequest) -> list[StoreRow]:
    """Stores with their sales of the last 365 days."""
    permit(request, "products.view")
    return stores(today=business_date(now(), retailer().time_zone))
