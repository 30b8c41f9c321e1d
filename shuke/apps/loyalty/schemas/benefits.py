"""What others see of benefits."""

from datetime import date, datetime
from fractions import Fraction
from typing import Any, Literal

from ninja import Schema


class Entitlement(Schema):
    """One benefit that a member has now.

    ``limit``, ``used`` (with what is held) and ``left`` are uses in the period from ``period_from`` through
    ``period_through``; ``limit`` and ``left`` are ``None`` where there is no limit.  ``source`` is the
    column it comes from: ``*``, a tier, or ``plan:<code>``.
    """

    code: str
    kind: str
    name: str
    text: str
    source: str
    numerator: int = 0
    denominator: int = 1
    from_minor: int = 0
    points: int = 0
    points_type: str = ""
    voucher: str = ""
    window: str = "day"
    adviser: str = ""
    period: str
    period_from: date | None
    period_through: date | None
    limit: int | None
    used: int
    left: int | None


class MemberBenefits(Schema):
    """What a member has at a moment.

    The discount is ``discount_numerator / discount_denominator`` off each line that allows it, and points are
    multiplied by ``points_numerator / points_denominator``; ``…_code`` names the entitlement that gives
    it, to be reserved if it has a limit.  ``free_shipping_from_minor`` is ``None`` if shipping is never free.
    """

    member_id: str
    at: datetime
    tier: str
    columns: list[str]
    discount_numerator: int = 0
    discount_denominator: int = 1
    discount_code: str = ""
    points_numerator: int = 1
    points_denominator: int = 1
    points_code: str = ""
    free_shipping_from_minor: int | None = None
    shipping_code: str = ""
    has_priority: bool = False
    entitlements: list[Entitlement]

    @property
    def discount(self) -> Fraction:
        """The share off."""
        return Fraction(self.discount_numerator, self.discount_denominator)

    @property
    def points_multiplier(self) -> Fraction:
        """What earned points are multiplied by; 1 without a benefit."""
        return Fraction(self.points_numerator, self.points_denominator)

    def entitlement(self, code: str) -> Entitlement | None:
        """The benefit of this code, if the member has it."""
        return next((item for item in self.entitlements if item.code == code), None)


class BenefitReservation(Schema):
    """Uses that are set aside, used or given back; ``uses`` is by benefit, ``returned`` what came back of it."""

    outcome: Literal["created", "replayed"]
    key: str
    state: str
    until: datetime
    uses: dict[str, int]
    returned: dict[str, int]


class BenefitTermsView(Schema):
    """A version of the terms.  ``benefits`` are rows as ``rules.benefits.terms_from_json`` reads them."""

    id: str
    number: int
    state: str
    starts_on: date | None
    published_at: datetime | None
    benefits: list[dict[str, Any]]


class BenefitUseView(Schema):
    """One recorded use of a member."""

    code: str
    name: str
    quantity: int
    returned: int
    state: str
    at: datetime
    key: str
    note: str


class TierBenefitCost(Schema):
    """What the benefits of one tier (empty: everybody's, paid memberships') cost in a year.

    ``minor`` by part (discount, points, shipping, gifts) in minor units; ``extra_points`` by type are what the
    multiplier added; ``uses`` by benefit.  ``member_minor`` is per member in the tier at the end of the period.
    ``imported`` purchases came with files and shops: their extra points count, nothing else of them is known.
    """

    code: str
    name: str
    members: int
    purchases: int
    imported: int
    minor: dict[str, int]
    extra_points: dict[str, int]
    uses: dict[str, int]
    total_minor: int
    member_minor: int | None


class BenefitCosts(Schema):
    """The tiers from the lowest to the highest, of a calendar year; ``years`` are those with anything recorded.

    ``untold_imports`` purchases were taken in as a history, of which nobody can tell what tier they had; ``as_of`` is
    when the newest month was worked out.
    """

    year: int
    currency: str
    is_running: bool
    tiers: list[TierBenefitCost]
    years: list[int]
    untold_imports: int
    as_of: datetime


class BenefitUsage(Schema):
    """Uses of a benefit in its running period: of the calendar month or year, or in all."""

    code: str
    name: str
    period: str
    uses: int
    members: int
