"""Words of the online test: sentences of verdicts, names of metrics, tasks."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import pgettext_lazy

from shuke.apps.recommendations.schemas.online import OnlineSentence
from shuke.web.labels import register_labels
from shuke.web.templatetags.console import integer, money, percent


def register() -> None:
    """Give the background work its words."""
    here = "shuke.apps.recommendations.tasks.learning"
    register_labels(
        "task",
        {
            f"{here}.learn_bandits": (lazy("Let bandits learn from new clicks"), "grey"),
            f"{here}.learn_bandits_anew": (lazy("Let bandits learn anew from all days"), "grey"),
            f"{here}.count_slot": (lazy("Count what became of a slot's lists"), "grey"),
            f"{here}.queue_counts": (lazy("Queue the counts of slots that are live"), "grey"),
        },
    )
    register_labels(
        "experiment_state",
        {
            "draft": (pgettext_lazy("experiment", "Not begun"), "grey"),
            "running": (pgettext_lazy("experiment", "Running"), "green"),
            "ended": (pgettext_lazy("experiment", "Ended"), "grey"),
        },
    )


def metric_names() -> dict[str, str]:
    """Names of what is compared."""
    return {
        "revenue": _("Revenue per list"),
        "conversion": _("Lists that led to a purchase"),
        "click_rate": _("Click-through rate"),
        "add_rate": _("Lists put into a basket"),
    }


def said(reading: OnlineSentence, *, currency: str) -> str:
    """A sentence of a verdict in the active language; amounts and parts as people write them."""
    return _(reading.sentence).format(
        **{name: _shown(name, value, currency=currency) for name, value in reading.values.items()}
    )


def _shown(name: str, value: Any, *, currency: str) -> str:
    if name.endswith("_minor"):
        return money(value, currency)
    if name.endswith("_percent"):
        return percent(value)
    return integer(value) if isinstance(value, int | float) else str(value)
