"""The words of measures, kinds of members, and market segments."""

from __future__ import annotations

from types import MappingProxyType

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from shuke.web.labels import register_labels
from shuke.web.templatetags.console import decimal, integer, money, percent

#: ``measure:high`` and ``measure:low`` → how a group is called that has much or little of it.
KIND_WORDS = MappingProxyType(
    {
        "orders:high": (_("Buys often"), "green"),
        "orders:low": (_("Buys seldom"), "grey"),
        "recency_days:high": (_("Away for long"), "red"),
        "recency_days:low": (_("Here lately"), "green"),
        "cycle_days:high": (_("Long pauses"), "yellow"),
        "cycle_days:low": (_("Short pauses"), "green"),
        "average_order_minor:high": (_("Large orders"), "purple"),
        "average_order_minor:low": (_("Small orders"), "grey"),
        "lines_per_order:high": (_("Full baskets"), "purple"),
        "lines_per_order:low": (_("Small baskets"), "grey"),
        "categories:high": (_("Buys all over the shop"), "blue"),
        "categories:low": (_("Few categories"), "grey"),
        "discount_share:high": (pgettext_lazy("kind", "On discount"), "yellow"),
        "discount_share:low": (_("At full price"), "purple"),
        "weekend_share:high": (_("At weekends"), "blue"),
        "weekend_share:low": (_("On weekdays"), "blue"),
        "evening_share:high": (_("In the evening"), "blue"),
        "evening_share:low": (_("In the daytime"), "blue"),
        "middling": (_("In the middle"), "grey"),
    }
)


def register() -> None:
    """Tell the console the words."""
    register_labels("kind_word", KIND_WORDS)
    register_labels(
        "measure",
        {
            "orders": (pgettext_lazy("measure", "Orders"), "grey"),
            "recency_days": (pgettext_lazy("measure", "Days since order"), "grey"),
            "cycle_days": (pgettext_lazy("measure", "Days between visits"), "grey"),
            "average_order_minor": (pgettext_lazy("measure", "Money per order"), "grey"),
            "lines_per_order": (pgettext_lazy("measure", "Products per order"), "grey"),
            "categories": (pgettext_lazy("measure", "Categories"), "grey"),
            "discount_share": (pgettext_lazy("measure", "On discount"), "grey"),
            "weekend_share": (pgettext_lazy("measure", "At weekends"), "grey"),
            "evening_share": (pgettext_lazy("measure", "In the evening"), "grey"),
            "preferred_channel": (pgettext_lazy("measure", "Channel"), "grey"),
            "favourite_department": (pgettext_lazy("measure", "Department"), "grey"),
            "favourite_store": (pgettext_lazy("measure", "Store"), "grey"),
            "lifecycle_stage": (pgettext_lazy("measure", "Lifecycle"), "grey"),
            "rfm_segment": (pgettext_lazy("measure", "RFM"), "grey"),
        },
    )
    register_labels(
        "market_dimension",
        {
            "favourite_store": (_("Favourite store"), "grey"),
            "store_region": (_("Region of the store"), "grey"),
            "age": (_("Age"), "grey"),
            "favourite_department": (_("Favourite department"), "grey"),
            "preferred_channel": (_("Preferred channel"), "grey"),
            "lifecycle_stage": (_("Lifecycle stage"), "grey"),
            "rfm_segment": (_("RFM segment"), "grey"),
        },
    )
    register_labels(
        "market_family",
        {
            "geography": (_("Where they live and shop"), "grey"),
            "demography": (_("Who they are"), "grey"),
            "psychography": (_("What they say"), "grey"),
            "behaviour": (_("What they do"), "grey"),
        },
    )
    register_labels(
        "market_rest",
        {
            "unknown": (pgettext_lazy("market segment", "Unknown"), "grey"),
            "other": (pgettext_lazy("market segment", "All others"), "grey"),
        },
    )


def measure_text(name: str, value: float | None, currency: str) -> str:
    """The number of a measure as people write it."""
    if value is None:
        return "–"
    if name.endswith("_minor"):
        return money(round(value), currency)
    if name.endswith("_share"):
        return percent(value, 0)
    return integer(value) if value == round(value) else decimal(value, 1)
