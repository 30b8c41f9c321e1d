"""Points in the books: which month a posting belongs to, what points are worth, what a month did."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from zoneinfo import ZoneInfo

#: A month takes late postings in until the end of this day after it; then it never changes again.
CLOSING_DAYS = 5

#: How many complete months tell how fast points end with inactivity, and how few say nothing.
IDLE_MONTHS, FEWEST_IDLE_MONTHS = 12, 4

#: Movements in the order of a roll-forward: the programme's account, and whether it adds to what is owed.
MOVEMENTS: Mapping[str, int] = {
    "issued": 1,
    "redeemed": -1,
    "breakage": -1,
    "clawback": -1,
    "adjustment": 1,
    "transfer": 1,
    "write_off": -1,
}


def first_of_month(moment: datetime, *, time_zone: str) -> date:
    """The month of a moment in the retailer's time zone, as its first day."""
    return moment.astimezone(ZoneInfo(time_zone)).date().replace(day=1)


def next_month(month: date, *, by: int = 1) -> date:
    """The first day of the month that many months later.

    >>> next_month(date(2026, 12, 1))
    datetime.date(2027, 1, 1)
    """
    index = month.year * 12 + month.month - 1 + by
    return date(index // 12, index % 12 + 1, 1)


def months_between(first: date, last: date) -> int:
    """How many months later the second one is."""
    return (last.year - first.year) * 12 + last.month - first.month


def months_through(first: date, last: date) -> list[date]:
    """Every month from the first to the last, both included."""
    return [next_month(first, by=n) for n in range(months_between(first, last) + 1)]


def start_of(month: date, *, time_zone: str) -> datetime:
    """The first moment of a month."""
    return datetime(month.year, month.month, 1, tzinfo=ZoneInfo(time_zone)).astimezone(UTC)


def closes_at(month: date, *, time_zone: str) -> datetime:
    """The moment from which nothing that is recorded can fall into the month any more."""
    day = next_month(month) + timedelta(days=CLOSING_DAYS)
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(time_zone)).astimezone(UTC)


def month_of_posting(effective_at: datetime, *, recorded_at: datetime, time_zone: str) -> date:
    """Where a posting belongs: to the month of its effect while that is open, else to that of its record."""
    month = first_of_month(effective_at, time_zone=time_zone)
    if recorded_at < closes_at(month, time_zone=time_zone):
        return month
    return first_of_month(recorded_at, time_zone=time_zone)


@dataclass(frozen=True, slots=True)
class Rate:
    """From a month on, so many minor units per so many points."""

    valid_from: date
    minor: int
    points: int

    @property
    def value(self) -> Fraction:
        """Minor units of one point."""
        return Fraction(self.minor, self.points)


def rate_in(rates: Iterable[Rate], month: date) -> Fraction:
    """Minor units of one point in a month; 0 before the first rate."""
    valid = [rate for rate in rates if rate.valid_from <= month]
    return max(valid, key=lambda rate: rate.valid_from).value if valid else Fraction(0)


def rounded(amount: Fraction) -> int:
    """To whole minor units, half up (away from zero below it)."""
    sign = -1 if amount < 0 else 1
    return sign * int(abs(amount) + Fraction(1, 2))


@dataclass(frozen=True)
class MonthLine:
    """One month of the roll-forward.

    ``points`` and ``money`` by movement, signed so that opening + revaluation + their sum = closing.
    """

    month: date
    opening: int
    points: Mapping[str, int]
    closing: int
    opening_minor: int
    revaluation_minor: int
    money: Mapping[str, int]
    closing_minor: int
    rate: Fraction


def roll_forward(
    movements: Mapping[date, Mapping[str, int]], *, months: Sequence[date], rates: Sequence[Rate]
) -> Iterator[MonthLine]:
    """Months in their order; ``movements`` are sums over the programme's accounts, as the entries have them."""
    balance, value = 0, 0
    for month in months:
        rate = rate_in(rates, month)
        accounts = movements.get(month, {})
        # A point that a member has is negative on the programme's account it came from.
        points = {name: -accounts.get(name, 0) for name in MOVEMENTS}
        opening, opening_minor = balance, value
        revalued = rounded(opening * rate)
        money = {}
        totals = [opening]
        for name in MOVEMENTS:
            totals.append(totals[-1] + points[name])
        for name, (before, after) in zip(MOVEMENTS, pairwise(totals), strict=True):
            money[name] = rounded(after * rate) - rounded(before * rate)
        balance, value = totals[-1], rounded(totals[-1] * rate)
        yield MonthLine(
            month, opening, points, balance, opening_minor, revalued - opening_minor, money, value, rate
        )


@dataclass
class Cohort:
    """Points of one month: issued, what became of them by age in months, and what is open by the end it has.

    The end is the month of the last moment; ``None`` for points that never end.
    """

    month: date
    issued: int
    gone: dict[int, Counter[str]]
    open_by_end: Counter[date | None]

    def total(self, bucket: str) -> int:
        """Points in that bucket, over all ages."""
        return sum(counter[bucket] for counter in self.gone.values())

    @property
    def base(self) -> int:
        """Points that are redeemed, ended or open: issued less what went back or elsewhere."""
        return self.issued - sum(self.total(name) for name in ("clawed_back", "written_off", "transferred"))

    @property
    def open(self) -> int:
        """Points that members still have."""
        return sum(self.open_by_end.values())

    def redeemed_by_age(self, *, through: date) -> tuple[int, ...]:
        """Cumulative redeemed points at the end of each month, from its own through the given one."""
        ages, total, found = months_between(self.month, through) + 1, 0, []
        for age in range(max(ages, 0)):
            total += self.gone.get(age, Counter())["spent"]
            found.append(max(total, 0))
        return tuple(found)

    def last_age(self, *, longest: int) -> int:
        """The age in months at which its open points end, on average, rounded up."""
        open_points = sum(max(points, 0) for points in self.open_by_end.values())
        if not open_points:
            return 0
        weighted = sum(
            max(points, 0) * (longest if end is None else min(months_between(self.month, end), longest))
            for end, points in self.open_by_end.items()
        )
        return -(-weighted // open_points)


@dataclass(frozen=True)
class Idling:
    """How fast points end that end with inactivity: ``expired`` of ``exposure`` point-months in which they could.

    ``life`` is after how many months without activity.  No ``rate`` where too little is known.
    """

    life: int
    exposure: int = 0
    expired: int = 0
    months: int = 0

    @property
    def rate(self) -> Fraction | None:
        """The share that ends in a month of those that can."""
        known = self.months >= FEWEST_IDLE_MONTHS and 0 < self.expired <= self.exposure
        return Fraction(self.expired, self.exposure) if known else None

    @property
    def wait(self) -> int | None:
        """How many months open points last on average from when they first can end, rounded up."""
        return None if self.rate is None else -(-self.rate.denominator // self.rate.numerator)

    def last_age(self, age: int, *, longest: int) -> int:
        """The age at which points that are so old now are expected to end if nobody uses them."""
        return longest if self.wait is None else min(max(age, self.life) + self.wait, longest)


def idling(cohorts: Iterable[Cohort], *, life: int, through: date) -> Idling:
    """What the last twelve complete months tell: points can end from the month on that is ``life`` months later."""
    first, exposure, expired, seen = next_month(through, by=1 - IDLE_MONTHS), 0, 0, set()
    for cohort in cohorts:
        left = cohort.issued
        for age in range(max(months_between(cohort.month, through) + 1, 0)):
            gone, month = cohort.gone.get(age, Counter()), next_month(cohort.month, by=age)
            if age >= life and month >= first and left > 0:
                exposure += left
                expired += gone["expired"]
                seen.add(month)
            left -= sum(gone.values())
    return Idling(life, exposure, expired, len(seen))


#: Which accounts a movement that adds to the liability debits and credits; a negative one the other way.
JOURNAL: Mapping[str, tuple[str, str]] = {
    "revaluation": ("revaluation", "liability"),
    "issued": ("deferral", "liability"),
    "redeemed": ("revenue", "liability"),
    "breakage": ("breakage", "liability"),
    "clawback": ("deferral", "liability"),
    "adjustment": ("adjustment", "liability"),
    "write_off": ("adjustment", "liability"),
}


@dataclass(frozen=True)
class JournalLine:
    """One booking: so much from the credit to the debit account."""

    month: date
    movement: str
    points: int
    debit: str
    credit: str
    amount_minor: int


def journal(lines: Iterable[MonthLine]) -> Iterator[JournalLine]:
    """The bookings of months; what moves no money is left out."""
    for line in lines:
        amounts = {"revaluation": line.revaluation_minor, **line.money}
        for movement, accounts in JOURNAL.items():
            amount = amounts[movement]
            if amount:
                debit, credit = accounts if amount > 0 else accounts[::-1]
                points = line.points.get(movement, 0)
                yield JournalLine(line.month, movement, points, debit, credit, abs(amount))
