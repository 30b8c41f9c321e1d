"""What each tier's benefits cost in a year."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from shuke.apps.loyalty.queries.benefit_costs import benefit_costs
from shuke.apps.loyalty.queries.benefits import benefit_names
from shuke.apps.loyalty.queries.types import points_types
from shuke.apps.loyalty.rules.benefit_costs import PARTS
from shuke.apps.loyalty.schemas.benefits import BenefitCosts
from shuke.platform.clock import business_date, now
from shuke.platform.money import to_major
from shuke.platform.retailer.queries import retailer
from shuke.web.access import requires
from shuke.web.labels import label_of


@require_safe
@requires("finance.view")
def show_costs(request: HttpRequest) -> HttpResponse:
    """By tier and part, per member, of a calendar year."""
    at, text = now(), request.GET.get("year", "")
    this_year = business_date(at, retailer().time_zone).year
    year = (
        int(text) if text.isascii() and text.isdecimal() and 2000 <= int(text[:5]) <= this_year else this_year
    )
    costs = benefit_costs(year, at=at)
    return render(request, "loyalty/benefits/costs.html", _context(costs))


def _context(costs: BenefitCosts) -> dict[str, Any]:
    kinds, names = {kind.code: kind.name for kind in points_types()}, benefit_names()
    has_costs = any(tier.total_minor or tier.uses or tier.purchases + tier.imported for tier in costs.tiers)
    return {
        "costs": costs,
        "has_costs": has_costs,
        "parts": [label_of("benefit_cost", part) for part in PARTS],
        "rows": [
            {
                "tier": tier,
                "amounts": [tier.minor[part] for part in PARTS],
                "points": [
                    (kinds.get(code, code), points) for code, points in tier.extra_points.items() if points
                ],
                "uses": [(names.get(code, code), count) for code, count in tier.uses.items() if count],
            }
            for tier in costs.tiers
        ],
        "sums": [sum(tier.minor[part] for tier in costs.tiers) for part in PARTS],
        "imported": sum(tier.imported for tier in costs.tiers),
        "total": sum(tier.total_minor for tier in costs.tiers),
        "chart": _chart(costs) if any(tier.total_minor for tier in costs.tiers) else None,
    }


def _chart(costs: BenefitCosts) -> dict[str, Any]:
    tiers = [tier for tier in costs.tiers if tier.total_minor]
    return {
        "legend": {"bottom": 0},
        "xAxis": {
            "type": "category",
            "data": [tier.name or label_of("benefit_cost", "everybody") for tier in tiers],
        },
        "yAxis": {"type": "value", "axisLabel": {"formatter": {"$format": "integer", "compact": True}}},
        "series": [
            {
                "type": "bar",
                "stack": "cost",
                "name": label_of("benefit_cost", part),
                "barMaxWidth": 48,
                "data": [float(to_major(tier.minor[part], costs.currency)) for tier in tiers],
            }
            for part in PARTS
        ],
    }
