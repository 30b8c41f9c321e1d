"""The rules of ``earning.py`` over many purchases at once: the same points, line by line.

A test holds the two together.  Multipliers of tiers and caps of days and months are not applied here:
they depend on the member and on what came before, so whoever has some asks ``earned_points`` for those orders.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import polars as pl

from shuke.apps.loyalty.rules.earning import GROUND, EarningRule

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
#: Products of points and amounts stay below this, so that 64 bits hold them.
LIMIT = 2**61


@dataclass(frozen=True)
class EarnedSheet:
    """``points``: by rule, one number per order.  ``shares``: points of all rules, one number per line."""

    points: dict[str, Ints]
    shares: Ints


def earned_sheet(rules: Sequence[EarningRule], lines: pl.DataFrame) -> EarnedSheet:
    """What purchases earn by rules of one points type.

    ``lines`` has ``order`` (0, 1, 2 … ascending, none left out), ``line_no``, what ``Line`` has, and ``on``,
    ``sales_channel``, ``store_id``, ``tier`` of the purchase.  Raises ``OverflowError`` for amounts too large.
    """
    order = lines["order"].to_numpy()
    starts: Ints = np.flatnonzero(np.diff(order, prepend=-1)).astype(np.int64)
    bases = lines.select(_base(rule).alias(str(place)) for place, rule in enumerate(rules))
    sheet = _Sheet(order.astype(np.int64), starts, lines["line_no"].to_numpy())
    counted = [
        sheet.above_least(bases[str(i)].to_numpy().astype(np.int64), rules[i]) for i in range(len(rules))
    ]
    points: dict[str, Ints] = {}
    shares = np.zeros(len(order), np.int64)
    ground = [i for i, rule in enumerate(rules) if rule.group == GROUND]
    won = sheet.winners({i: sheet.points(counted[i], rules[i], rules[i].rate()) for i in ground})
    for place, rule in enumerate(rules):
        if rule.times is not None:
            of_ground = sum(
                (np.where(won[g][order] > 0, counted[g], 0) for g in ground), np.zeros_like(order)
            )
            counted[place] = np.where(counted[place] > 0, of_ground, 0)
    for group in dict.fromkeys(rule.group for rule in rules if rule.group != GROUND):
        places = [i for i, rule in enumerate(rules) if rule.group == group]
        won |= sheet.winners({i: sheet.beside(counted[i], rules, i, won) for i in places})
    for place, rule in enumerate(rules):
        points[rule.name] = won[place]
        shares += sheet.shared(won[place], counted[place])
    return EarnedSheet(points, shares)


def _base(rule: EarningRule) -> pl.Expr:
    """What a line counts for by a rule alone, without the least amount."""
    condition = rule.condition
    sets: tuple[tuple[str, frozenset[str]], ...] = (
        ("department", condition.departments),
        ("category", condition.categories),
        ("brand", condition.brands),
        ("product_id", condition.products),
        ("store_id", condition.stores),
        ("sales_channel", condition.sales_channels),
        ("tier", condition.tiers),
    )
    tests = [pl.col(name).is_in(sorted(wanted)) for name, wanted in sets if wanted]
    if condition.weekdays:
        tests.append(pl.col("on").dt.weekday().is_in(sorted(condition.weekdays)))
    if condition.first_day:
        tests.append(pl.col("on") >= condition.first_day)
    if condition.last_day:
        tests.append(pl.col("on") <= condition.last_day)
    if rule.leaves_out_discounted:
        tests.append(pl.col("paid_minor") + pl.col("voucher_minor") >= pl.col("list_minor"))
    amount = pl.col("paid_minor")
    if not rule.leaves_out_vouchers:
        amount = amount + pl.col("voucher_minor")
    amount = amount.clip(lower_bound=0)
    return pl.when(pl.all_horizontal(tests)).then(amount).otherwise(0) if tests else amount


@dataclass(frozen=True)
class _Sheet:
    """Lines in the order of their orders: the order of each, where each order begins, their numbers."""

    order: Ints
    starts: Ints
    line_no: Ints

    def sums(self, values: Ints) -> Ints:
        """Sums by order."""
        return np.add.reduceat(values, self.starts) if len(self.starts) else np.zeros(0, np.int64)

    def above_least(self, bases: Ints, rule: EarningRule) -> Ints:
        """The bases of orders that reach the rule's least amount."""
        if not rule.condition.minimum_minor:
            return bases
        return np.where((self.sums(bases) >= rule.condition.minimum_minor)[self.order], bases, 0)

    def points(self, bases: Ints, rule: EarningRule, rate: Fraction) -> Ints:
        """Points by order of a rule alone, rounded once per order."""
        totals = self.sums(bases)
        if len(totals) and int(totals.max()) * rate.numerator * 2 + rate.denominator > LIMIT:
            raise OverflowError("An order is too large for 64 bits.")
        if rule.rounding == "floor":
            whole = totals * rate.numerator // rate.denominator
        else:
            whole = (2 * totals * rate.numerator + rate.denominator) // (2 * rate.denominator)
        return whole if rule.cap is None else np.minimum(whole, rule.cap)

    def beside(self, bases: Ints, rules: Sequence[EarningRule], place: int, won: dict[int, Ints]) -> Ints:
        """Points of a rule beside the ground rate; one that multiplies asks which ground rule has won."""
        rule = rules[place]
        if rule.times is None:
            return self.points(bases, rule, rule.rate())
        found = np.zeros(len(self.starts), np.int64)
        for other, ground in won.items():
            if rules[other].group == GROUND:
                points = self.points(bases, rule, rule.rate(ground=rules[other]))
                found = np.where(ground > 0, points, found)
        return found

    def winners(self, candidates: dict[int, Ints]) -> dict[int, Ints]:
        """Per order the points of the rule that gives most, at a tie of the first; 0 for the others."""
        if not candidates:
            return {}
        places = list(candidates)
        best = np.argmax(np.stack([candidates[i] for i in places]), axis=0)
        return {i: np.where(best == n, candidates[i], 0) for n, i in enumerate(places)}

    def shared(self, points: Ints, bases: Ints) -> Ints:
        """Each line's share of its order's points, by largest remainder."""
        of_line = points[self.order]
        chosen = np.flatnonzero((of_line > 0) & (bases > 0))
        shares = np.zeros(len(bases), np.int64)
        if not len(chosen):
            return shares
        if int(points.max()) * int(bases.max()) > LIMIT:
            raise OverflowError("An order is too large for 64 bits.")
        whole = self.sums(bases)[self.order[chosen]]
        exact = of_line[chosen] * bases[chosen]
        shares[chosen] = exact // whole
        left = points - self.sums(shares)
        ranked = chosen[np.lexsort((self.line_no[chosen], -(exact % whole), self.order[chosen]))]
        order = self.order[ranked]
        first = np.flatnonzero(np.diff(order, prepend=-1))
        place = np.arange(len(ranked)) - np.repeat(first, np.diff(np.append(first, len(ranked))))
        shares[ranked[place < left[order]]] += 1
        return shares
