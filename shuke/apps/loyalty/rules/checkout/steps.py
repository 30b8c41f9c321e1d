"""The steps from list price to what is paid, each on what the one before left (docs/algorithms/checkout.md)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from shuke.apps.loyalty.rules.checkout.basket import Item, half_up, spread

Step = Literal["offer", "tier", "voucher", "points"]


@dataclass(frozen=True)
class Deduction:
    """What one thing takes off: ``code`` names it (a tier, a voucher's id, a points type)."""

    step: Step
    code: str
    name: str
    lines: Mapping[int, int]

    @property
    def minor(self) -> int:
        """Over all lines."""
        return sum(self.lines.values())


@dataclass(frozen=True)
class Rate:
    """What points are worth at the till: ``points`` of them are ``minor`` minor units.

    Fewer than ``minimum_points`` are not taken, and they pay at most ``maximum_percent`` of the goods.
    """

    points: int
    minor: int
    minimum_points: int = 1
    maximum_percent: int = 100

    def __post_init__(self) -> None:
        if self.points <= 0 or self.minor <= 0:
            raise ValueError("A rate is a number of points above zero for an amount above zero.")

    def worth(self, points: int) -> int:
        """The money that many points are, whole minor units."""
        return points * self.minor // self.points

    def price(self, minor: int) -> int:
        """The fewest points that are worth the money."""
        return -(-minor * self.points // self.minor)

    def taken(self, wanted: int, *, available: int, goods_minor: int) -> tuple[int, int]:
        """How many of the wanted points are taken and what they pay."""
        most = goods_minor * self.maximum_percent // 100
        off = self.worth(min(wanted, available, most * self.points // self.minor))
        points = self.price(off)
        return (points, off) if points >= max(self.minimum_points, 1) else (0, 0)


class Working:
    """A basket on its way from list price to what is paid.  ``left`` is by line number, never below zero."""

    def __init__(self, items: Iterable[Item]) -> None:
        self.items = {item.line_no: item for item in sorted(items, key=lambda item: item.line_no)}
        self.left = {number: item.list_minor for number, item in self.items.items()}
        self.deductions: list[Deduction] = []

    @property
    def goods_minor(self) -> int:
        """What is left of all lines."""
        return sum(self.left.values())

    def take(self, step: Step, *, code: str, name: str, lines: Mapping[int, int]) -> Deduction:
        """Take amounts off lines.  Raises ``ValueError`` for less than zero or more than is left."""
        for number, minor in lines.items():
            if not 0 <= minor <= self.left[number]:
                raise ValueError(f"Line {number} has {self.left[number]} left; {code} cannot take {minor}.")
        taken = Deduction(step, code, name, {n: lines[n] for n in sorted(lines) if lines[n]})
        for number, minor in taken.lines.items():
            self.left[number] -= minor
        if taken.lines:
            self.deductions.append(taken)
        return taken

    def take_offers(self) -> None:
        """What the shop's own offers took off, as the till says."""
        self.take("offer", code="", name="", lines={n: item.offer_minor for n, item in self.items.items()})

    def take_discount(self, discount: Fraction, *, code: str, name: str) -> None:
        """A share off every line that allows it, each rounded half up."""
        lines = {
            number: half_up(self.left[number] * discount)
            for number, item in self.items.items()
            if item.allows_discount
        }
        self.take("tier", code=code, name=name, lines=lines)

    def take_points(
        self, rate: Rate, *, wanted: int, available: int, code: str, name: str
    ) -> tuple[int, dict[int, int]]:
        """Points as money on what is left; returns how many and each line's share of them."""
        points, off = rate.taken(wanted, available=available, goods_minor=self.goods_minor)
        if not points:
            return 0, {}
        taken = self.take("points", code=code, name=name, lines=spread(off, weights=self.left))
        return points, spread(points, weights=taken.lines)

    def of_line(self, line_no: int, *, step: Step) -> int:
        """What a step took off a line."""
        return sum(d.lines.get(line_no, 0) for d in self.deductions if d.step == step)
