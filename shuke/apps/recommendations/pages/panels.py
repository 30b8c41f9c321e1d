"""The panel on the page of a product: what is like it, and what is bought with it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from shuke.apps.recommendations.queries.neighbours import neighbours
from shuke.platform.retailer.queries import retailer
from shuke.web.access import actor_of
from shuke.web.panels import ProductPanel, register_product_panel

#: Products of each kind.
LISTED = 6


def product_panel(request: HttpRequest, product_id: str) -> dict[str, Any]:
    """Both lists, or why there are none."""
    return {
        "found": neighbours(product_id, limit=LISTED),
        "currency": retailer().currency,
        "may_edit": actor_of(request).may("recommendations.edit"),
    }


def register() -> None:
    """Put the panel on the page of a product, before what insights say of pairs."""
    register_product_panel(
        ProductPanel(
            name="neighbours",
            permission="recommendations.view",
            order=5,
            template="recommendations/product_panel.html",
            context=product_panel,
        )
    )
