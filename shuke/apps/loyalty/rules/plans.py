"""Paid membership: when its terms run and what a refund is.  docs/algorithms/benefits.md has the numbers."""

from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Literal

After = Literal["pro_rata", "none"]
DAY = timedelta(days=1)


@dataclass(frozen=True)
class RefundRule:
    """All of it within ``full_days`` of buying if nothing was used, and what holds otherwise."""

    full_days: int = 0
    after: After = "none"


@dataclass(frozen=True)
class Span:
    """A term's days, both included, the first day of its unbroken row, and its months."""

    first: date
    last: date
    anchor: date
    months: int

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1


def months_after(day: date, months: int) -> date:
    """The same day of a later month, cut to the month's length.

    >>> months_after(date(2026, 1, 31), 1)
    datetime.date(2026, 2, 28)
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def next_span(earlier: Iterable[Span], *, months: int, today: date) -> Span:
    """The term that is bought today by who has had these: it follows the last one, or begins today."""
    newest = max(earlier, key=lambda span: span.last, default=None)
    if newest is None or newest.last < today:
        return Span(today, months_after(today, months) - DAY, today, months)
    first = newest.last + DAY
    if newest.months != months:
        return Span(first, months_after(first, months) - DAY, first, months)
    passed = (first.year - newest.anchor.year) * 12 + first.month - newest.anchor.month
    return Span(first, months_after(newest.anchor, passed + months) - DAY, newest.anchor, months)


def refund_minor(
    rule: RefundRule, *, price_minor: int, span: Span, bought: date, today: date, is_used: bool
) -> int:
    """What a term is paid back when the membership ends today."""
    if not is_used and (today - bought).days <= rule.full_days and rule.full_days > 0:
        return price_minor
    if rule.after == "none":
        return 0
    unused = span.days if today < span.first else max((span.last - today).days, 0)
    return int(Fraction(price_minor * unused, span.days) + Fraction(1, 2))
