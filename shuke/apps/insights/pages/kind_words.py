"""The words of measures, kinds of members, and market segments."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from shuke.apps.insights.rules.measures import KIND_WORDS
from shuke.web.labels import register_labels
from shuke.web.templatetags.console import decimal, integer, money, percent


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
            "favourite_department": (pgettext_lazy("measure", "Favourite department"), "grey"),
            "favourite_store": (pgettext_lazy("measure", "Favourite store"), "grey"),
            "lifecycle_stage": (pgettext_lazy("measure", "Lifecycle"), "grey"),
            "rfm_segment": (pgettext_lazy("measure", "RFM segment"), "grey"),
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
