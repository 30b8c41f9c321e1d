"""What pages call layers of value, risks, their reasons and the ways to tell them."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from shuke.web.labels import register_labels


def register() -> None:
    """Give the codes of the studies of value and of churn their words."""
    register_labels(
        "layer:value",
        {
            "top": (_("Top 5 %"), "purple"),
            "high": (_("Next 15 %"), "blue"),
            "middle": (_("Next 30 %"), "green"),
            "low": (_("Lower half"), "grey"),
        },
    )
    register_labels(
        "layer:churn",
        {
            "high": (pgettext_lazy("risk of leaving", "High"), "red"),
            "medium": (pgettext_lazy("risk of leaving", "Medium"), "yellow"),
            "low": (pgettext_lazy("risk of leaving", "Low"), "green"),
        },
    )
    register_labels(
        "churn_reason",
        {
            "silent": (_("Longer away than usual"), "grey"),
            "seldom": (_("Comes seldom"), "grey"),
            "fewer_visits": (_("Came less often lately"), "grey"),
            "little_spend": (_("Spends little"), "grey"),
            "less_spend": (_("Spent less lately"), "grey"),
            "irregular": (_("Comes irregularly"), "grey"),
            "tenure": (_("How long it has been a customer"), "grey"),
            "channels": (_("Buys through few channels"), "grey"),
        },
    )
    register_labels(
        "churn_method",
        {
            "classifier": (_("This method"), "grey"),
            "recency": (_("Days since the last visit alone"), "grey"),
            "own_cycle": (_("Silence against the own cycle"), "grey"),
            "no_orders": (_("Lifetime model: no order expected"), "grey"),
            "gone": (_("Lifetime model: P(alive)"), "grey"),
        },
    )
