"""What others see of earning: the rules, what a purchase would earn, what was earned."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Annotated, Literal

from ninja import Schema
from pydantic import ConfigDict, Field

Code = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=40)]
Count = Annotated[int, Field(gt=0, le=10**9)]
Limit = Annotated[int | None, Field(default=None, gt=0, le=10**9)]
Names = Annotated[list[Annotated[str, Field(min_length=1, max_length=200)]], Field(max_length=500)]


class Strict(Schema):
    """A document that refuses words it does not know."""

    model_config = ConfigDict(extra="forbid")


class Where(Strict):
    """Where a rule holds; an empty list means everywhere.  Weekdays are 1 (Monday) to 7."""

    departments: Names = Field(default_factory=list)
    categories: Names = Field(default_factory=list)
    brands: Names = Field(default_factory=list)
    products: Names = Field(default_factory=list)
    stores: Names = Field(default_factory=list)
    sales_channels: Names = Field(default_factory=list)
    tiers: Names = Field(default_factory=list)
    weekdays: Annotated[list[Annotated[int, Field(ge=1, le=7)]], Field(max_length=7)] = Field(
        default_factory=list
    )
    first_day: date | None = None
    last_day: date | None = None
    minimum_minor: Annotated[int, Field(ge=0, le=10**12)] = 0


class PurchaseRule(Strict):
    """``points`` per ``per_minor`` of what was paid, or ``times`` (a ratio such as 3/2) the ground rate.

    Rules of one ``group`` compete, groups add up; the basic rate is the group ``ground``.  ``name_zh`` is the
    name in Chinese, if it has another one there.
    """

    kind: Literal["purchase"] = "purchase"
    code: Code
    name: Annotated[str, Field(min_length=1, max_length=60)]
    name_zh: Annotated[str, Field(max_length=60)] = ""
    points_type: Annotated[str, Field(min_length=1, max_length=20)] = "points"
    group: Code = "ground"
    points: Annotated[int, Field(ge=0, le=10**6)] = 0
    per_minor: Annotated[int, Field(ge=0, le=10**9)] = 0
    times: Annotated[str | None, Field(pattern=r"^\d{1,4}(/[1-9]\d{0,3}|\.\d{1,3})?$")] = None
    rounding: Literal["floor", "half_up"] = "floor"
    leaves_out_discounted: bool = False
    leaves_out_vouchers: bool = True
    cap: Limit = None
    day_cap: Limit = None
    month_cap: Limit = None
    where: Where = Field(default_factory=Where)


class EventRuleView(Strict):
    """``points`` for an event; limits count how often it earns in a local day, a month, ever."""

    kind: Literal["event"] = "event"
    code: Code
    name: Annotated[str, Field(min_length=1, max_length=60)]
    name_zh: Annotated[str, Field(max_length=60)] = ""
    points_type: Annotated[str, Field(min_length=1, max_length=20)] = "points"
    event: Annotated[str, Field(min_length=1, max_length=100)]
    points: Count
    day_limit: Limit = None
    month_limit: Limit = None
    ever_limit: Limit = None
    life_days: Annotated[int | None, Field(gt=0, le=36_500)] = None
    tiers: Names = Field(default_factory=list)
    first_day: date | None = None
    last_day: date | None = None


AnyRule = Annotated[PurchaseRule | EventRuleView, Field(discriminator="kind")]


class TypeCaps(Strict):
    """The most that purchases give one member in a local day and in a month."""

    day: Limit = None
    month: Limit = None


class EarningRules(Strict):
    """All rules of a version; ``caps`` by points type."""

    rules: Annotated[list[AnyRule], Field(max_length=200)] = Field(default_factory=list)
    caps: dict[str, TypeCaps] = Field(default_factory=dict)


class EarningVersionView(Schema):
    """A version of the rules.  ``state``: draft, published.  It holds from ``starts_at`` until the next one starts."""

    number: int
    state: str
    starts_at: datetime | None
    ends_at: datetime | None = None
    note: str
    changed_at: datetime
    changed_by: str
    body: EarningRules


class RuleShare(Schema):
    """What one rule gives; ``lines`` by line number.  ``cut`` is what caps over time took off."""

    rule: str
    name: str
    points: int
    cut: int
    lines: dict[int, int]


class TypeQuote(Schema):
    """What a purchase earns of one points type, and the life of these points."""

    points_type: str
    points: int
    rules: list[RuleShare]
    activates_at: datetime
    expires_at: datetime | None


class EarningQuote(Schema):
    """What a purchase earns by the version in force, by points type.  No version: nothing."""

    version: int | None
    tier: str
    types: list[TypeQuote]

    def points(self, points_type: str) -> int:
        """Points of one type; 0 if the purchase earns none."""
        return next((item.points for item in self.types if item.points_type == points_type), 0)


class OrderEarningView(Schema):
    """What an order has earned: by points type, what was given in all and what is left of it after returns."""

    outcome: Literal["created", "replayed", "changed", "nothing"]
    order_id: str
    member_id: str
    version: int
    earned: dict[str, int]
    left: dict[str, int]
    transactions: list[str]


class EventEarningView(Schema):
    """What an event has earned.  ``refusals``: rule → why it gave nothing (``day_limit`` …)."""

    outcome: Literal["created", "replayed", "nothing"]
    event: str
    points: dict[str, int]
    refusals: dict[str, str]


@dataclass(frozen=True)
class EarnedDay:
    """Points of one local day by rule."""

    day: date
    points: Mapping[str, int]


@dataclass(frozen=True)
class EarningStatistics:
    """Points that rules have given in a period: by day and in all, with the number of purchases and events."""

    points_type: str
    days: list[EarnedDay] = field(default_factory=list)
    rules: dict[str, tuple[int, int]] = field(default_factory=dict)


@dataclass
class EarnedOrders:
    """What a run over orders and events has done."""

    members: int = 0
    orders: int = 0
    events: int = 0
    returns: int = 0
    corrections: int = 0
    unchanged: int = 0
    points: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
