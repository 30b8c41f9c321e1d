"""A basket as the till has it, and amounts over its lines."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Item:
    """One line.  ``list_minor`` and ``offer_minor`` (what the shop's own offers took off) cover its quantity."""

    line_no: int
    product_id: str
    quantity: int
    list_minor: int
    offer_minor: int = 0
    department: str = ""
    category: str = ""
    brand: str = ""
    allows_discount: bool = True


@dataclass(frozen=True)
class Fault:
    """What is wrong with a line: its number, the field, and a code."""

    line_no: int
    field: str
    code: str


def faults(items: Iterable[Item]) -> list[Fault]:
    """Everything that makes a basket impossible, line by line."""
    found: list[Fault] = []
    seen: set[int] = set()
    for item in items:
        if item.line_no in seen:
            found.append(Fault(item.line_no, "line_no", "line_twice"))
        seen.add(item.line_no)
        if item.quantity < 1:
            found.append(Fault(item.line_no, "quantity", "quantity_below_one"))
        if item.list_minor < 0:
            found.append(Fault(item.line_no, "list_minor", "amount_below_zero"))
        if not 0 <= item.offer_minor <= max(item.list_minor, 0):
            found.append(Fault(item.line_no, "offer_minor", "offer_above_price"))
    return found


def spread(total: int, *, weights: Mapping[int, int]) -> dict[int, int]:
    """A whole number over lines in proportion to weights, by largest remainder, ties to the lower number.

    The parts sum to the total; none exceeds its weight while the total does not exceed the sum of weights.

    >>> spread(2000, weights={1: 4740, 2: 14, 3: 9120})
    {1: 683, 2: 2, 3: 1315}
    """
    whole = sum(weights.values())
    if total == 0:
        return dict.fromkeys(sorted(weights), 0)
    if whole <= 0 or total < 0:
        raise ValueError(f"{total} cannot be spread over weights that sum to {whole}.")
    parts = {line: total * weights[line] // whole for line in sorted(weights)}
    by_remainder = sorted(weights, key=lambda line: (-(total * weights[line] % whole), line))
    for line in by_remainder[: total - sum(parts.values())]:
        parts[line] += 1
    return parts


def half_up(amount: Fraction) -> int:
    """The nearest whole number, halves up."""
    return (amount + Fraction(1, 2)).__floor__()
