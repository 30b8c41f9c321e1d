"""What the benefits of a tier cost: added up from what was recorded when they were used."""

from collections import Counter
from collections.abc import Mapping, Sequence
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
