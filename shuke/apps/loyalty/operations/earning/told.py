"""What somebody tells of an order, ready to be compared with what was given for it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction

from shuke.apps.loyalty.rules.earning import Earned, Plan, Purchase
from shuke.apps.loyalty.rules.earning_limits import Counts, earned_within


# Not frozen: a history makes hundreds of thousands of these.
@dataclass(slots=True)
class Evaluated:
    """What an order earns: by type and rule, and by type and line (beside the order's ``lines``).

    ``shares`` are type → rule → points by line; a sheet, which evaluates many orders at once, leaves them out.
    """

    rules: dict[str, dict[str, int]]
    points: dict[str, list[int]]
    shares: dict[str, dict[str, list[int]]] = field(default_factory=dict)


@dataclass(slots=True)
class ToldOrder:
    """An order as it is told now.

    ``counts`` says whether it is a purchase still.  ``lines`` and ``pieces`` stand beside each other.
    ``evaluated`` leaves caps over time aside; ``purchase`` is asked where they bite.  ``back`` is the share of
    each line that came back by ``back_at``.  ``told`` is the check sum of the lines, ``basis`` of everything.
    """

    order_id: str
    member_pk: int
    placed_at: datetime
    on: date
    teller: str
    plan: Plan
    lines: list[int]
    pieces: list[int]
    evaluated: Evaluated
    purchase: Callable[[], Purchase]
    multipliers: Mapping[str, Fraction] = field(default_factory=dict)
    counts: bool = True
    back: Mapping[int, Fraction] = field(default_factory=dict)
    back_at: datetime | None = None
    told: int = 0
    basis: int = 0


def evaluated(
    plan: Plan, purchase: Purchase, *, counts: Counts, multipliers: Mapping[str, Fraction]
) -> Evaluated:
    """What the rules say of one purchase, within the caps over time that ``counts`` leave room in."""
    earned = earned_within(plan, purchase, counts=counts, multipliers=multipliers)
    given = {name: [item for item in items if item.points] for name, items in earned.items()}
    return Evaluated(
        rules={name: {item.rule: item.points for item in items} for name, items in given.items() if items},
        points={name: _by_line(items, purchase) for name, items in given.items() if items},
        shares={
            name: {item.rule: _by_line([item], purchase) for item in items}
            for name, items in given.items()
            if len(items) > 1
        },
    )


def _by_line(items: list[Earned], purchase: Purchase) -> list[int]:
    return [sum(item.lines.get(line.line_no, 0) for item in items) for line in purchase.lines]
