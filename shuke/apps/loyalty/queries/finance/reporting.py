"""The finance report of a points type as of a moment."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction

from shuke.apps.loyalty.models import PointsType
from shuke.apps.loyalty.queries.finance.cohorts import cohorts
from shuke.apps.loyalty.queries.finance.costs import account_names, points_costs, rates_of
from shuke.apps.loyalty.queries.finance.estimating import Estimate, estimate, with_other_life
from shuke.apps.loyalty.queries.finance.idling import idle_ends
from shuke.apps.loyalty.queries.finance.movements import first_month, movements, movements_by_effect
from shuke.apps.loyalty.queries.finance.passing import Passed, passed
from shuke.apps.loyalty.queries.types import points_name, points_type_row
from shuke.apps.loyalty.rules import finance
from shuke.apps.loyalty.rules.expiry import Expiry
from shuke.apps.loyalty.rules.finance import Cohort, MonthLine, Rate
from shuke.apps.loyalty.schemas.finance import (
    Amount,
    CohortView,
    FinanceHeadline,
    FinanceReport,
    IdlingView,
    JournalLineView,
    LiabilityPart,
    RollForwardMonth,
    WhatIf,
)
from shuke.platform.retailer.queries import retailer

#: Ages of points in months: from each to the next.
AGES = (0, 3, 6, 12, 24)


@dataclass(frozen=True)
class _Books:
    """What every part of the report is made of."""

    kind: PointsType
    rates: Sequence[Rate]
    lines: Sequence[MonthLine]
    cohorts: Sequence[Cohort]
    passed: Sequence[Passed]
    owed: int

    @property
    def outstanding(self) -> int:
        return self.lines[-1].closing if self.lines else 0


def _books(points_type: str, at: datetime) -> _Books:
    kind, zone = points_type_row(points_type), retailer().time_zone
    gone = passed(kind.pk, at=at)
    sums = movements(kind.pk, at=at, time_zone=zone, passed=gone)
    rates = rates_of(kind.pk)
    return _Books(
        kind=kind,
        rates=rates,
        lines=_lines(sums, rates, at=at, zone=zone),
        cohorts=cohorts(kind.pk, at=at, time_zone=zone, passed=gone),
        passed=gone,
        owed=-sum(month["debt"] for month in sums.values()),
    )


def _lines(
    sums: dict[date, Counter[str]], rates: Sequence[Rate], *, at: datetime, zone: str
) -> list[MonthLine]:
    first = min(sums, default=first_month(time_zone=zone))
    last = finance.first_of_month(at, time_zone=zone)
    if first is None or first > last:
        return []
    return list(finance.roll_forward(sums, months=finance.months_through(first, last), rates=rates))


def finance_report(*, points_type: str, at: datetime) -> FinanceReport:
    """Liability, roll-forward, cohorts and curves as of a moment.  Raises ``NotFound`` for an unknown type."""
    books, current = _books(points_type, at), retailer()
    zone = current.time_zone
    found = estimate(books.cohorts, at=at, time_zone=zone, idle_life=_idle_life(books.kind))
    rate = finance.rate_in(books.rates, finance.first_of_month(at, time_zone=zone))
    return FinanceReport(
        points_type=books.kind.code,
        points_type_name=points_name(books.kind),
        currency=current.currency,
        at=at,
        costs=points_costs(points_type=points_type),
        headline=_headline(books, found, rate),
        months=[_month(line, at=at, zone=zone) for line in books.lines],
        ages=_ages(books.cohorts, rate, finance.first_of_month(at, time_zone=zone)),
        ends=_ends(
            books.cohorts, rate, idle=idle_ends(books.kind, at=at, time_zone=zone, passed=books.passed)
        ),
        cohorts=_cohort_views(found, at=at, zone=zone),
        curve=list(found.redemption.curve) if found.redemption else [],
        idling=_idling(found),
    )


def _idle_life(kind: PointsType) -> int | None:
    """After how many months without activity points of the type end; ``None`` for types that end otherwise."""
    expiry = Expiry(**kind.expiry)
    return expiry.months if expiry.policy == "inactivity" else None


def _idling(found: Estimate) -> IdlingView | None:
    idle = found.idling
    if idle is None:
        return None
    return IdlingView(
        life_months=idle.life, rate=None if idle.rate is None else float(idle.rate), wait_months=idle.wait
    )


def roll_forward(*, points_type: str, at: datetime, by_effect: bool = False) -> list[RollForwardMonth]:
    """The months of a points type as of a moment, oldest first.  Raises ``NotFound`` for an unknown type.

    ``by_effect``: by when things happened instead of as booked.  Its months change with late postings.
    """
    kind, zone = points_type_row(points_type), retailer().time_zone
    sum_up = movements_by_effect if by_effect else movements
    sums = sum_up(kind.pk, at=at, time_zone=zone, passed=passed(kind.pk, at=at))
    return [_month(line, at=at, zone=zone) for line in _lines(sums, rates_of(kind.pk), at=at, zone=zone)]


def _amount(points: float, rate: Fraction) -> Amount:
    return Amount(points=round(points), minor=finance.rounded(round(points) * rate))


def _headline(books: _Books, found: Estimate, rate: Fraction) -> FinanceHeadline:
    expected = found.redemption
    base = sum(cohort.base for cohort in books.cohorts)
    redeemed = sum(cohort.total("spent") for cohort in books.cohorts)
    held = sum(cohort.open for cohort in books.cohorts)
    return FinanceHeadline(
        outstanding=_amount(books.outstanding, rate),
        owed=books.owed,
        expected=_amount(expected.future, rate) if expected else None,
        expected_lower=round(expected.lower) if expected else None,
        expected_upper=round(expected.upper) if expected else None,
        breakage=_amount(held - expected.future, rate) if expected else None,
        contract_liability_minor=finance.rounded(found.contract_liability(books.rates)),
        redeemed_share=redeemed / base if base > 0 else None,
        ultimate_share=expected.rate if expected else None,
        ultimate_lower=expected.rate_lower if expected else None,
        ultimate_upper=expected.rate_upper if expected else None,
    )


def _month(line: MonthLine, *, at: datetime, zone: str) -> RollForwardMonth:
    return RollForwardMonth(
        month=line.month,
        is_closed=at >= finance.closes_at(line.month, time_zone=zone),
        opening=Amount(points=line.opening, minor=line.opening_minor),
        revaluation_minor=line.revaluation_minor,
        movements={
            name: Amount(points=points, minor=line.money[name]) for name, points in line.points.items()
        },
        closing=Amount(points=line.closing, minor=line.closing_minor),
    )


def _ages(rows: Iterable[Cohort], rate: Fraction, now: date) -> list[LiabilityPart]:
    by_age: Counter[int] = Counter()
    for cohort in rows:
        months = finance.months_between(cohort.month, now)
        by_age[max(age for age in AGES if age <= months)] += cohort.open
    following = dict(zip(AGES, (*AGES[1:], None), strict=True))
    return [
        LiabilityPart(from_months=age, to_months=following[age], amount=_amount(by_age[age], rate))
        for age in AGES
    ]


def _ends(rows: Iterable[Cohort], rate: Fraction, *, idle: Counter[date]) -> list[LiabilityPart]:
    """By the month of the lots' own end, then by that of their members' inactivity, then those without any."""
    by_end: Counter[date | None] = Counter()
    for cohort in rows:
        by_end.update(cohort.open_by_end)
    # What inactivity would end has no end of its own: it is taken out of those, so that the sum stays.
    by_end[None] -= sum(idle.values())
    known = sorted(end for end in by_end if end is not None)
    order: list[date | None] = [*known, *([None] if by_end[None] else [])]
    parts = [LiabilityPart(until=end, amount=_amount(by_end[end], rate)) for end in order if by_end[end]]
    place = len(parts) - 1 if by_end[None] else len(parts)
    return [*parts[:place], *_idle_parts(idle, rate), *parts[place:]]


def _idle_parts(idle: Counter[date], rate: Fraction) -> list[LiabilityPart]:
    months: dict[date, list[date]] = {}
    for day in sorted(idle):
        months.setdefault(day.replace(day=1), []).append(day)
    return [
        LiabilityPart(
            until=month,
            is_idle=True,
            first_day=days[0],
            last_day=days[-1],
            amount=_amount(sum(idle[day] for day in days), rate),
        )
        for month, days in months.items()
    ]


def _cohort_views(found: Estimate, *, at: datetime, zone: str) -> list[CohortView]:
    complete = finance.next_month(finance.first_of_month(at, time_zone=zone), by=-1)
    views = []
    for place, cohort in enumerate(found.cohorts):
        row = found.redemption.cohorts[place] if found.redemption else None
        base, spent = cohort.base, cohort.total("spent")
        shares = [n / base for n in cohort.redeemed_by_age(through=complete)] if base > 0 else []
        path = [n / base for n in row.path] if row and base > 0 else []
        views.append(
            CohortView(
                month=cohort.month,
                issued=base,
                redeemed=spent,
                expired=cohort.total("expired"),
                open=cohort.open,
                ultimate=row.ultimate / base if row and base > 0 else None,
                lower=(spent + row.lower) / base if row and base > 0 else None,
                upper=(spent + row.upper) / base if row and base > 0 else None,
                curve=shares,
                expected_curve=path,
            )
        )
    return views


def what_if(
    *,
    points_type: str,
    at: datetime,
    minor: int | None = None,
    points: int | None = None,
    months: int | None = None,
    notice_days: int = 0,
) -> WhatIf:
    """What the liability would become under another rate (``minor`` per ``points``), another life, or both."""
    books, zone = _books(points_type, at), retailer().time_zone
    rate = finance.rate_in(books.rates, finance.first_of_month(at, time_zone=zone))
    changed = rate if minor is None else Fraction(minor, points or 1)
    idle_life = _idle_life(books.kind)
    before, early = estimate(books.cohorts, at=at, time_zone=zone, idle_life=idle_life), 0
    after = before
    if months is not None:
        after, early = with_other_life(
            books.cohorts, months=months, notice_days=notice_days, at=at, time_zone=zone
        )
    return WhatIf(
        outstanding_before=_amount(books.outstanding, rate),
        outstanding_after=_amount(books.outstanding, changed),
        expected_before=_amount(before.redemption.future, rate) if before.redemption else None,
        expected_after=_amount(after.redemption.future, changed) if after.redemption else None,
        ending_early=early,
    )


def journal_lines(
    *, points_type: str, at: datetime, first: date | None = None, last: date | None = None
) -> list[JournalLineView]:
    """The bookings of every month from ``first`` through ``last`` (all by default), oldest first."""
    kind, zone, names = points_type_row(points_type), retailer().time_zone, account_names()
    sums = movements(kind.pk, at=at, time_zone=zone, passed=passed(kind.pk, at=at))
    chosen = [
        line
        for line in _lines(sums, rates_of(kind.pk), at=at, zone=zone)
        if (first is None or line.month >= first) and (last is None or line.month <= last)
    ]
    return [
        JournalLineView(
            month=line.month,
            movement=line.movement,
            points=line.points,
            debit=names[line.debit],
            credit=names[line.credit],
            amount_minor=line.amount_minor,
        )
        for line in finance.journal(chosen)
    ]
