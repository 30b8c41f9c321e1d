"""What the demonstration's tiers bring, what points are worth at the till and in the books, and one voucher."""

from datetime import date, datetime
from typing import Any

from shuke.apps.loyalty.operations.benefit_terms import publish_benefits, save_benefit_draft
from shuke.apps.loyalty.operations.checkout import set_points_rate
from shuke.apps.loyalty.operations.finance import set_points_cost
from shuke.apps.loyalty.queries.benefit_terms import benefit_versions
from shuke.apps.loyalty.queries.checkout.funds import points_rates
from shuke.apps.promotions.operations import create_definition, publish_definition
from shuke.apps.promotions.queries import definitions_page
from shuke.platform.permissions import SYSTEM

BENEFITS: tuple[dict[str, Any], ...] = (
    {
        "code": "member-price",
        "kind": "discount",
        "names": {"en": "Member price", "zh-hans": "会员折扣"},
        "cells": {
            "gold": {"numerator": 2, "denominator": 100},
            "platinum": {"numerator": 5, "denominator": 100},
        },
    },
    {
        "code": "more-points",
        "kind": "points",
        "names": {"en": "More points", "zh-hans": "积分加倍"},
        "cells": {
            "gold": {"numerator": 5, "denominator": 4},
            "platinum": {"numerator": 3, "denominator": 2},
        },
    },
    {
        "code": "free-delivery",
        "kind": "shipping",
        "names": {"en": "Free delivery", "zh-hans": "免运费"},
        "period": "month",
        "cells": {
            "silver": {"from_minor": 5_000, "count": 1},
            "gold": {"from_minor": 3_000, "count": 4},
            "platinum": {},
        },
    },
    {
        "code": "tasting",
        "kind": "trial",
        "names": {"en": "Tasting of new products", "zh-hans": "新品试吃"},
        "period": "year",
        "cells": {"gold": {"count": 2}, "platinum": {"count": 6}},
    },
)
#: 100 points pay 1.00 at the till.
POINTS_OF_ONE = 100
VOUCHER_NAMES = {"en": "5 off from 30", "zh-hans": "满30减5"}
VOUCHER: dict[str, Any] = {
    "kind": "amount",
    "amount_minor": 500,
    "days_after_claim": 30,
    "is_claimable": True,
    "conditions": {"minimum_minor": 3_000},
    "limits": {"uses": 2_000, "claims_per_member": 1, "budget_minor": 1_000_000},
}


def make_benefits(*, at: datetime, today: date, points_type: str, since: date) -> None:
    """Set up what is not there yet: worth and cost of points since a day, benefits by tier, a voucher."""
    if not points_rates(points_type):
        set_points_rate(
            actor=SYSTEM, at=at, points_type=points_type, starts_on=since, points=POINTS_OF_ONE, minor=100
        )
        set_points_cost(
            actor=SYSTEM, at=at, points_type=points_type, valid_from=since, points=POINTS_OF_ONE, minor=100
        )
    if not benefit_versions():
        save_benefit_draft(actor=SYSTEM, at=at, benefits=BENEFITS)
        publish_benefits(actor=SYSTEM, at=at, starts_on=today)
    if definitions_page(limit=1)[1] == 0:
        voucher = create_definition(actor=SYSTEM, at=at, name="", names=VOUCHER_NAMES, terms=VOUCHER)
        publish_definition(actor=SYSTEM, at=at, definition_id=voucher)
