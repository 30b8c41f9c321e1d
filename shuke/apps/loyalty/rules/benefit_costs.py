"""What the benefits of a tier cost: added up from what was recorded when they were used."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from shuke.apps.loyalty.rules.benefits import EVERYBODY, Benefit, best, held_benefits

#: What a benefit can cost, in the order in which it is shown.
PARTS = ("discount", "points", "shipping", "gifts")


@dataclass
class TierCost:
    """Of one tier (empty: none): minor units by part, extra points by type, and uses by benefit."""

    minor: Counter[str] = field(default_factory=Counter)
    points: Counter[str] = field(default_factory=Counter)
    uses: Counter[str] = field(default_factory=Counter)
    purchases: int = 0
    imported: int = 0


@dataclass
class MonthCosts:
    """One month: costs by tier, members by tier at its end, and imported purchases of which nobody can tell."""

    tiers: dict[str, TierCost] = field(default_factory=dict)
    members: dict[str, int] = field(default_factory=dict)
    untold: int = 0


def month_as_json(month: MonthCosts) -> dict[str, Any]:
    """As JSON can hold it; ``month_from_json`` reads it."""
    # A Counter is not made again from its pairs, so dataclasses.asdict would break it.
    tiers = {
        code: {
            "minor": dict(cost.minor),
            "points": dict(cost.points),
            "uses": dict(cost.uses),
            "purchases": cost.purchases,
            "imported": cost.imported,
        }
        for code, cost in month.tiers.items()
    }
    return {"tiers": tiers, "members": dict(month.members), "untold": month.untold}


def month_from_json(body: Mapping[str, Any]) -> MonthCosts:
    """The month of ``month_as_json``."""
    tiers = {
        code: TierCost(
            minor=Counter(cost["minor"]),
            points=Counter(cost["points"]),
            uses=Counter(cost["uses"]),
            purchases=cost["purchases"],
            imported=cost["imported"],
        )
        for code, cost in body["tiers"].items()
    }
    return MonthCosts(tiers=tiers, members=dict(body["members"]), untold=body["untold"])


def added(months: Iterable[MonthCosts]) -> dict[str, TierCost]:
    """Costs by tier over months."""
    found: dict[str, TierCost] = {}
    for month in months:
        for code, cost in month.tiers.items():
            total = found.setdefault(code, TierCost())
            total.minor.update(cost.minor)
            total.points.update(cost.points)
            total.uses.update(cost.uses)
            total.purchases += cost.purchases
            total.imported += cost.imported
    return found


def discount_minor(deductions: Sequence[Mapping[str, Any]]) -> int:
    """What the tier's discount took off a purchase, as its receipt says."""
    return sum(deduction["minor"] for deduction in deductions if deduction["step"] == "tier")


def free_shipping_minor(deductions: Sequence[Mapping[str, Any]], *, list_minor: int, paid_minor: int) -> int:
    """The shipping that nobody paid and no voucher took off: what the benefit of free shipping gave."""
    vouchers = sum(deduction.get("shipping_minor", 0) for deduction in deductions)
    return max(list_minor - paid_minor - vouchers, 0)


def multiplier_of(terms: Sequence[Benefit], tier: str) -> Fraction:
    """By how much a tier multiplied the basic rate under dated terms; 1 where it did not."""
    columns = [EVERYBODY, tier] if tier else [EVERYBODY]
    found = best(held_benefits(terms, columns, used={}), "points")
    return found.cell.share if found else Fraction(1)


def extra_points(ground: int, multiplier: Fraction) -> int:
    """The points that a multiplier added to the basic rate's: what was given less what would have been given.

    >>> extra_points(150, Fraction(3, 2))
    50
    """
    return ground - int(ground / multiplier) if multiplier > 1 else 0
