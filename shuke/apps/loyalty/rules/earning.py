"""How many points a purchase earns: rules as data, exact to the point."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Literal

Rounding = Literal["floor", "half_up"]


@dataclass(frozen=True)
class Line:
    """A line of a purchase.  Amounts are minor units of the order's currency and cover the whole quantity."""

    line_no: int
    product_id: str
    paid_minor: int
    list_minor: int
    voucher_minor: int = 0
    department: str = ""
    category: str = ""
    brand: str = ""


@dataclass(frozen=True)
class Purchase:
    """A purchase as the rules see it; ``on`` is the business date in the retailer's time zone."""

    lines: Sequence[Line]
    on: date
    sales_channel: str
    store_id: str = ""
    tier: str = ""


@dataclass(frozen=True)
class Condition:
    """Where a rule holds.  An empty set means everywhere; weekdays are 1 (Monday) to 7."""

    departments: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()
    brands: frozenset[str] = frozenset()
    products: frozenset[str] = frozenset()
    stores: frozenset[str] = frozenset()
    sales_channels: frozenset[str] = frozenset()
    tiers: frozenset[str] = frozenset()
    weekdays: frozenset[int] = frozenset()
    first_day: date | None = None
    last_day: date | None = None
    minimum_minor: int = 0

    def admits(self, purchase: Purchase) -> bool:
        """Whether the purchase as a whole may earn."""
        fits = (
            _admits(self.stores, purchase.store_id)
            and _admits(self.sales_channels, purchase.sales_channel)
            and _admits(self.tiers, purchase.tier)
            and _admits(self.weekdays, purchase.on.isoweekday())
        )
        is_in_time = (self.first_day or purchase.on) <= purchase.on <= (self.last_day or purchase.on)
        return fits and is_in_time

    def admits_line(self, line: Line) -> bool:
        """Whether the line may earn."""
        return (
            _admits(self.departments, line.department)
            and _admits(self.categories, line.category)
            and _admits(self.brands, line.brand)
            and _admits(self.products, line.product_id)
        )


def _admits(wanted: frozenset[object] | frozenset[str] | frozenset[int], value: object) -> bool:
    return not wanted or value in wanted


@dataclass(frozen=True)
class EarningRule:
    """``points`` per ``per_minor`` of what was paid, where the condition holds.

    Rules of one ``group`` compete and the best counts; groups add up.  ``cap`` limits one purchase.
    """

    name: str
    points: int
    per_minor: int
    group: str = "ground"
    condition: Condition = field(default_factory=Condition)
    rounding: Rounding = "floor"
    leaves_out_discounted: bool = False
    leaves_out_vouchers: bool = True
    cap: int | None = None

    def __post_init__(self) -> None:
        if self.points <= 0 or self.per_minor <= 0:
            raise ValueError("A rule gives a number of points above zero per an amount above zero.")

    def bases(self, purchase: Purchase) -> dict[int, int]:
        """What each line counts for, in minor units; nothing where the rule does not hold."""
        if not self.condition.admits(purchase):
            return {}
        bases = {line.line_no: self._base(line) for line in purchase.lines}
        earning = {number: base for number, base in bases.items() if base > 0}
        return earning if sum(earning.values()) >= self.condition.minimum_minor else {}

    def _base(self, line: Line) -> int:
        is_out = self.leaves_out_discounted and line.paid_minor + line.voucher_minor < line.list_minor
        if is_out or not self.condition.admits_line(line):
            return 0
        return line.paid_minor + (0 if self.leaves_out_vouchers else line.voucher_minor)

    def earned(self, purchase: Purchase) -> int:
        """Points of the purchase by this rule alone, rounded once."""
        exact = Fraction(self.points * sum(self.bases(purchase).values()), self.per_minor)
        whole = exact.__floor__() if self.rounding == "floor" else (exact + Fraction(1, 2)).__floor__()
        return whole if self.cap is None else min(whole, self.cap)


@dataclass(frozen=True)
class Earned:
    """What one rule gives for a purchase, and each line's share of it (line number → points)."""

    rule: str
    points: int
    lines: Mapping[int, int]


def earned_points(
    rules: Iterable[EarningRule], purchase: Purchase, *, room: int | None = None
) -> list[Earned]:
    """What a purchase earns by each rule that counts, in the order of the rules.

    ``room`` is what the caps of the day and the month still allow in all.
    """
    best: dict[str, tuple[EarningRule, int]] = {}
    for rule in rules:
        points = rule.earned(purchase)
        if points > best.get(rule.group, (rule, 0))[1]:
            best[rule.group] = (rule, points)
    found = []
    for rule, points in best.values():
        given = points if room is None else min(points, room)
        if given:
            room = None if room is None else room - given
            found.append(Earned(rule.name, given, shared(given, weights=rule.bases(purchase))))
    return found


def shared(total: int, *, weights: Mapping[int, int]) -> dict[int, int]:
    """A whole number over weights, by largest remainder; the parts sum to the total.

    >>> shared(43, weights={1: 4990, 2: 15, 3: 9600})
    {1: 15, 2: 0, 3: 28}
    """
    whole = sum(weights.values())
    parts = {key: total * weight // whole for key, weight in weights.items()}
    remainders = sorted(weights, key=lambda key: (-(total * weights[key] % whole), key))
    for key in remainders[: total - sum(parts.values())]:
        parts[key] += 1
    return parts
