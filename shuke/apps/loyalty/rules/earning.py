"""How many points a purchase earns: rules as data, exact to the point."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from functools import cached_property
from types import MappingProxyType
from typing import Literal

Rounding = Literal["floor", "half_up"]
#: The group of the basic rate: a tier's multiplier applies to it, and rules that multiply, multiply it.
GROUND = "ground"
ONE = Fraction(1)


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
    quantity: int = 1


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
    """``points`` per ``per_minor`` of what was paid, or ``times`` the ground rate, where the condition holds.

    Rules of one ``group`` compete and the best counts; groups add up.  ``cap`` limits one purchase,
    ``day_cap`` and ``month_cap`` what one member gets by this rule.
    """

    name: str
    points: int = 0
    per_minor: int = 0
    group: str = GROUND
    condition: Condition = field(default_factory=Condition)
    rounding: Rounding = "floor"
    leaves_out_discounted: bool = False
    leaves_out_vouchers: bool = True
    cap: int | None = None
    times: Fraction | None = None
    points_type: str = "points"
    day_cap: int | None = None
    month_cap: int | None = None

    def __post_init__(self) -> None:
        if self.times is not None:
            if self.times <= 1 or self.group == GROUND or self.points or self.per_minor:
                raise ValueError(
                    "A rule that multiplies stands beside the ground rate and gives more than it."
                )
        elif self.points <= 0 or self.per_minor <= 0:
            raise ValueError("A rule gives a number of points above zero per an amount above zero.")

    def rate(self, *, multiplier: Fraction = ONE, ground: "EarningRule | None" = None) -> Fraction:
        """Points per minor unit.  The multiplier of a tier applies to the ground rate only."""
        if self.times is not None:
            return (self.times - 1) * Fraction(ground.points, ground.per_minor) if ground else Fraction(0)
        return Fraction(self.points, self.per_minor) * (multiplier if self.group == GROUND else ONE)

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
        return self.rounded(self.rate() * sum(self.bases(purchase).values()))

    def rounded(self, exact: Fraction) -> int:
        """Whole points, within the cap of one purchase."""
        whole = exact.__floor__() if self.rounding == "floor" else (exact + Fraction(1, 2)).__floor__()
        return whole if self.cap is None else min(whole, self.cap)


@dataclass(frozen=True)
class EventRule:
    """``points`` for something that a member did; limits count how often it earns.

    ``life_days`` gives these points a life of their own instead of that of their type.
    """

    name: str
    event: str
    points: int
    points_type: str = "points"
    day_limit: int | None = None
    month_limit: int | None = None
    ever_limit: int | None = None
    life_days: int | None = None
    tiers: frozenset[str] = frozenset()
    first_day: date | None = None
    last_day: date | None = None

    def __post_init__(self) -> None:
        if self.points <= 0:
            raise ValueError("A rule gives a number of points above zero.")

    def holds(self, event: str, *, on: date, tier: str) -> bool:
        """Whether the rule speaks of that event on that business date."""
        is_in_time = (self.first_day or on) <= on <= (self.last_day or on)
        return event == self.event and is_in_time and _admits(self.tiers, tier)


@dataclass(frozen=True)
class Caps:
    """What one member gets of a points type by all purchases of a local day and of a month."""

    day: int | None = None
    month: int | None = None


@dataclass(frozen=True)
class Plan:
    """All rules of one version; ``titles`` are their names in English and in Chinese."""

    number: int = 0
    purchases: tuple[EarningRule, ...] = ()
    events: tuple[EventRule, ...] = ()
    caps: Mapping[str, Caps] = field(default_factory=dict)
    titles: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    @cached_property
    def points_types(self) -> tuple[str, ...]:
        """The types that purchases earn, in the order of the rules."""
        return tuple(dict.fromkeys(rule.points_type for rule in self.purchases))

    @cached_property
    def without_caps(self) -> "Plan":
        """The same rules without limits over time."""
        free = [replace(rule, day_cap=None, month_cap=None) for rule in self.purchases]
        return replace(self, purchases=tuple(free), caps={})

    @cached_property
    def capped_types(self) -> frozenset[str]:
        """The types of which purchases have limits over time."""
        own = {rule.points_type for rule in self.purchases if rule.day_cap or rule.month_cap}
        return frozenset(own | {name for name, caps in self.caps.items() if caps.day or caps.month})


@dataclass(frozen=True)
class Earned:
    """What one rule gives for a purchase, and each line's share of it (line number → points).

    ``cut`` is what the caps of the day and the month have taken off.
    """

    rule: str
    points: int
    lines: Mapping[int, int]
    cut: int = 0


NO_LIMITS: Mapping[str, int] = MappingProxyType({})


def earned_points(
    rules: Iterable[EarningRule],
    purchase: Purchase,
    *,
    room: int | None = None,
    rooms: Mapping[str, int] = NO_LIMITS,
    multiplier: Fraction = ONE,
) -> list[Earned]:
    """What a purchase earns by each rule that counts, in the order of the rules, which are of one points type.

    ``room`` is what the caps of the day and the month still allow in all, ``rooms`` by rule;
    ``multiplier`` is that of the member's tier.
    """
    rules = list(rules)
    ground = _best([(rule, rule.bases(purchase)) for rule in rules if rule.group == GROUND], multiplier)
    best = {GROUND: ground} if ground else {}
    for group in dict.fromkeys(rule.group for rule in rules if rule.group != GROUND):
        found = _best(
            [(rule, _extra_bases(rule, purchase, ground)) for rule in rules if rule.group == group],
            multiplier,
            ground=ground[0] if ground else None,
        )
        if found:
            best[group] = found
    order = {rule.name: place for place, rule in enumerate(rules)}
    given = []
    for rule, points, bases in sorted(best.values(), key=lambda item: order[item[0].name]):
        kept = min(points, rooms.get(rule.name, points), points if room is None else room)
        room = None if room is None else room - kept
        if points:
            shares = shared(kept, weights=bases) if kept else {}
            given.append(Earned(rule.name, kept, shares, cut=points - kept))
    return [item for item in given if item.points or item.cut]


def _extra_bases(
    rule: EarningRule, purchase: Purchase, ground: tuple[EarningRule, int, dict[int, int]] | None
) -> dict[int, int]:
    """The bases of a rule beside the ground rate; one that multiplies it counts what the ground rate counts."""
    bases = rule.bases(purchase)
    if rule.times is None:
        return bases
    counted = ground[2] if ground else {}
    return {number: counted[number] for number in bases if number in counted}


def _best(
    candidates: Sequence[tuple[EarningRule, dict[int, int]]],
    multiplier: Fraction,
    *,
    ground: EarningRule | None = None,
) -> tuple[EarningRule, int, dict[int, int]] | None:
    """The rule that gives most, at a tie the first; ``None`` if none gives anything."""
    best = None
    for rule, bases in candidates:
        points = rule.rounded(rule.rate(multiplier=multiplier, ground=ground) * sum(bases.values()))
        if points > (best[1] if best else 0):
            best = (rule, points, bases)
    return best


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
