"""Pages of goods and sales."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from shuke.apps.commerce.queries import departments, order, orders_page, product, products_page, stores
from shuke.apps.commerce.schemas import ProductView
from shuke.platform.clock import business_date, now
from shuke.platform.retailer.queries import retailer
from shuke.web.access import actor_of, requires
from shuke.web.paging import Pager, page_number
from shuke.web.panels import product_panels

PAGE_SIZE = 50


@requires("products.view")
def show_products(request: HttpRequest) -> HttpResponse:
    """The range with its sales, searched and sorted."""
    wanted = {
        "search": request.GET.get("search", "")[:100],
        "department": request.GET.get("department", "")[:100],
        "sort": request.GET.get("sort", "revenue"),
    }
    page = page_number(request)
    today = business_date(now(), retailer().time_zone)
    products, total = products_page(today=today, limit=PAGE_SIZE, offset=(page - 1) * PAGE_SIZE, **wanted)
    context = {
        "products": products,
        "pager": Pager(page=page, size=PAGE_SIZE, total=total),
        "departments": departments(),
        "is_filtered": bool(wanted["search"] or wanted["department"]),
        **wanted,
    }
    return render(request, "commerce/products.html", context)


@requires("products.view")
def show_product(request: HttpRequest, product_id: str) -> HttpResponse:
    """One product and how it sells."""
    view = product(product_id)
    context = {
        "product": view,
        "chart": _sales_chart(view),
        "repeat_share": _share(view.repeat_buyers, view.buyers),
        "panels": [
            render_to_string(panel.template, panel.context(request, product_id), request)
            for panel in product_panels()
            if actor_of(request).may(panel.permission)
        ],
    }
    return render(request, "commerce/product.html", context)


@requires("members.view")
def show_orders(request: HttpRequest) -> HttpResponse:
    """Orders newest first."""
    search = request.GET.get("search", "")[:100].strip()
    page = page_number(request)
    orders, total = orders_page(search=search, limit=PAGE_SIZE, offset=(page - 1) * PAGE_SIZE)
    pager = Pager(page=page, size=PAGE_SIZE, total=total)
    return render(request, "commerce/orders.html", {"orders": orders, "pager": pager, "search": search})


@requires("members.view")
def show_order(request: HttpRequest, order_id: str) -> HttpResponse:
    """One order with its lines and refunds."""
    return render(request, "commerce/order.html", {"order": order(order_id)})


@requires("products.view")
def show_stores(request: HttpRequest) -> HttpResponse:
    """Stores with their sales."""
    found = stores(today=business_date(now(), retailer().time_zone))
    return render(request, "commerce/stores.html", {"stores": found, "currency": retailer().currency})


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _sales_chart(view: ProductView) -> dict[str, Any]:
    """Revenue as bars and buyers as a line over the months."""
    money = {"$format": "money", "currency": view.currency, "compact": True}
    return {
        "legend": {},
        "xAxis": {"type": "category", "data": [month.month for month in view.months]},
        "yAxis": [
            {"type": "value", "axisLabel": {"formatter": money}},
            {"type": "value", "splitLine": {"show": False}, "minInterval": 1},
        ],
        "series": [
            {
                "type": "bar",
                "name": _("Revenue"),
                "data": [month.revenue_minor for month in view.months],
                "tooltip": {"valueFormatter": {"$format": "money", "currency": view.currency}},
                "barMaxWidth": 36,
            },
            {
                "type": "line",
                "name": _("Buyers"),
                "yAxisIndex": 1,
                "data": [month.buyers for month in view.months],
                "tooltip": {"valueFormatter": {"$format": "integer"}},
            },
        ],
    }
