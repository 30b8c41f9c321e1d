"""What is worth an alert, and how two periods compare."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

#: Revenue this much below the period before is an alert.
FALL = 0.1
#: This share of buying members at risk is an alert.
AT_RISK = 0.2
#: Traits older than this many days are stale.
STALE_DAYS = 2
#: More rejected rows than this in a week are an alert.
REJECTED = 0

#: Periods a reader may choose, in days.
PERIODS: tuple[int, ...] = (7, 28, 91, 364)


@dataclass(frozen=True)
class Period:
    """Whole business days, both ends included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many days."""
        return (self.last - self.first).days + 1

    def before(self) -> "Period":
        """The period of the same length just before."""
        return Period(self.first - timedelta(days=self.days), self.first - timedelta(days=1))


def period_until(last: date, *, days: int) -> Period:
    """The ``days`` days that end with ``last``."""
    return Period(last - timedelta(days=days - 1), last)


def change(value: float | None, before: float | None) -> float | None:
    """Relative change; ``None`` where there is nothing to compare with."""
    if value is None or not before:
        return None
    return (value - before) / before


def ratio(part: float, whole: float) -> float | None:
    """``part / whole``, ``None`` over zero."""
    return part / whole if whole else None


@dataclass(frozen=True)
class Situation:
    """What alerts are decided from."""

    today: date
    revenue_change: float | None
    traits_as_of: date | None
    has_orders: bool
    stages: Mapping[str, int]
    rejected_rows: int


def alerts(situation: Situation) -> list[tuple[str, float]]:
    """``(code, number)`` of each alert, the most urgent first."""
    buyers = sum(count for stage, count in situation.stages.items() if stage != "prospect")
    at_risk = situation.stages.get("at_risk", 0)
    found: list[tuple[str, float]] = []
    if situation.revenue_change is not None and situation.revenue_change <= -FALL:
        found.append(("revenue_falls", situation.revenue_change))
    if situation.has_orders and situation.traits_as_of is None:
        found.append(("traits_missing", 0))
    elif situation.traits_as_of and (situation.today - situation.traits_as_of).days > STALE_DAYS:
        found.append(("traits_stale", (situation.today - situation.traits_as_of).days))
    if situation.rejected_rows > REJECTED:
        found.append(("rows_rejected", situation.rejected_rows))
    if buyers and at_risk / buyers >= AT_RISK:
        found.append(("many_at_risk", at_risk / buyers))
    elif at_risk:
        found.append(("members_at_risk", at_risk))
    return found
