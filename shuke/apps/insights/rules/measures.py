"""What people call the measures of a buyer, and what sets a group of buyers apart."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

#: Measure → its name inside a sentence, in English.
MEASURE_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "orders": gettext_noop("orders placed"),
        "recency_days": gettext_noop("days since the last order"),
        "cycle_days": gettext_noop("days between visits"),
        "average_order_minor": gettext_noop("money per order"),
        "lines_per_order": gettext_noop("products per order"),
        "categories": gettext_noop("categories bought"),
        "discount_share": gettext_noop("share bought on discount"),
        "weekend_share": gettext_noop("share of orders at weekends"),
        "evening_share": gettext_noop("share of orders in the evening"),
    }
)

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
        "discount_share:high": (_("On discount"), "yellow"),
        "discount_share:low": (_("At full price"), "purple"),
        "weekend_share:high": (_("At weekends"), "blue"),
        "weekend_share:low": (_("On weekdays"), "blue"),
        "evening_share:high": (_("In the evening"), "blue"),
        "evening_share:low": (_("In the daytime"), "blue"),
        "middling": (_("In the middle"), "grey"),
    }
)

#: From this distance from the middle on, in deviations of a normal score, a group is named by a measure.
TELLING = 0.35
#: So many things in a name at most.
MOST_WORDS = 2
#: A measure that goes with one already named like this says the same again.
SAME = 0.6


def kind_name(
    means: Mapping[str, float], *, alike: Mapping[tuple[str, str], float], taken: frozenset[str] = frozenset()
) -> tuple[str, ...]:
    """What sets a group apart: the measures it has most and least of, each saying something of its own.

    ``means``: of the normal scores in the group, 0 being the middle of all members.  ``alike``: correlations of
    measures.  A name that is ``taken`` gets one word more.
    """
    distinct: list[str] = []
    for name in sorted(means, key=lambda name: -abs(means[name])):
        if not any(abs(alike.get((name, other), 0.0)) > SAME for other in distinct):
            distinct.append(name)
    said = [f"{name}:{'high' if means[name] > 0 else 'low'}" for name in distinct]
    telling = sum(abs(means[name]) >= TELLING for name in distinct)
    if not telling and "middling" not in taken:
        return ("middling",)
    count = max(1, min(telling, MOST_WORDS))
    while "+".join(said[:count]) in taken and count < len(said):
        count += 1
    return tuple(said[:count])
