"""How many points will be redeemed, and how many never: chain ladder over cohorts of points.

Cohorts are the points that were issued in one month.  Mack (1993) gives the standard errors without assuming
a distribution; docs/algorithms/points-finance.md has the formulas with numbers and says where they fail.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

#: Fewer complete months than this say nothing about a curve.
FEWEST_COHORTS = 4
#: Factors that the tail's line is drawn through.
TAIL_POINTS = 6
#: The age, in months, at which never-ending points are taken to be settled.
LONGEST_LIFE = 120

Triangle = Sequence[Sequence[float]]


@dataclass(frozen=True)
class Factors:
    """Development from age k to k + 1: the factor, its variance parameter, and the volume it rests on."""

    factors: tuple[float, ...]
    variances: tuple[float, ...]
    volumes: tuple[float, ...]


@dataclass(frozen=True)
class Projection:
    """One row carried to its end: ultimate, what is still to come, standard error of it.

    ``path`` are the cumulative values of the ages after the last observed one.
    """

    ultimate: float
    future: float
    standard_error: float
    path: tuple[float, ...]


@dataclass(frozen=True)
class ChainLadder:
    """All rows, what is still to come over all of them, and its standard error."""

    factors: Factors
    rows: tuple[Projection, ...]
    future: float
    standard_error: float


@dataclass(frozen=True)
class Cohort:
    """Points issued in one month.

    ``issued`` less what went back; ``redeemed`` cumulative by age over complete months (empty: none yet);
    ``redeemed_now`` and ``expired`` to the day; ``end`` the last age at which its open points can be used.
    """

    issued: int
    redeemed: tuple[int, ...]
    redeemed_now: int
    expired: int
    end: int = LONGEST_LIFE

    @property
    def open(self) -> int:
        """Points that can still be redeemed."""
        return max(self.issued - self.redeemed_now - self.expired, 0)


@dataclass(frozen=True)
class CohortRedemption:
    """Points of a cohort that are expected to be redeemed: in all, still to come, and between which bounds.

    ``path`` is the expected cumulative redemption at the ages after the last complete one.
    """

    ultimate: float
    future: float
    lower: float
    upper: float
    path: tuple[float, ...]


@dataclass(frozen=True)
class Redemption:
    """What is expected of all open points.  ``rate`` is the ultimate share of the issued ones."""

    cohorts: tuple[CohortRedemption, ...]
    curve: tuple[float, ...]
    future: float
    lower: float
    upper: float
    rate: float
    rate_lower: float
    rate_upper: float


def development(triangle: Triangle) -> Factors:
    """Volume-weighted factors of cumulative rows (oldest first, shorter ones later) and Mack's variances."""
    width = max((len(row) for row in triangle), default=0)
    factors, variances, volumes = [], [], []
    for age in range(width - 1):
        pairs = [(row[age], row[age + 1]) for row in triangle if len(row) > age + 1]
        volume = sum(now for now, _ in pairs)
        factor = sum(then for _, then in pairs) / volume if volume else 1.0
        seen = [(now, then) for now, then in pairs if now > 0]
        if len(seen) > 1:
            spread = sum(now * (then / now - factor) ** 2 for now, then in seen)
            variances.append(spread / (len(seen) - 1))
        else:
            variances.append(_carried_on(variances))
        factors.append(factor)
        volumes.append(volume)
    return Factors(tuple(factors), tuple(variances), tuple(volumes))


def _carried_on(variances: Sequence[float]) -> float:
    """Mack's variance for an age with a single observation."""
    if len(variances) < 2:
        return variances[-1] if variances else 0.0
    older, newer = variances[-2], variances[-1]
    return min(newer**2 / older, older, newer) if older > 0 else min(older, newer)


def with_tail(known: Factors, *, ages: int) -> Factors:
    """The factors continued to so many ages, ``log(f − 1)`` on a line over the last known ones."""
    missing = ages - 1 - len(known.factors)
    if missing <= 0 or not known.factors:
        return known
    recent = list(enumerate(known.factors))[-TAIL_POINTS:]
    points = [(age, math.log(factor - 1)) for age, factor in recent if factor > 1]
    steps: list[float] = [1.0] * missing
    if len(points) > 1:
        line = statistics.linear_regression([x for x, _ in points], [y for _, y in points])
        first = len(known.factors)
        # A line that rises says that there is no end; then nothing is known but that it goes on as it did.
        slope = min(line.slope, 0.0)
        anchor = points[-1][1] if line.slope > 0 else line.intercept + slope * points[-1][0]
        steps = [1 + math.exp(anchor + slope * (first + n - points[-1][0])) for n in range(missing)]
    return Factors(
        known.factors + tuple(steps),
        known.variances + (known.variances[-1],) * missing,
        known.volumes + (known.volumes[-1],) * missing,
    )


def chain_ladder(
    triangle: Triangle, *, ends: Sequence[int] | None = None, known: Factors | None = None
) -> ChainLadder:
    """Cumulative rows carried to the last age, or each to its own of ``ends``, with Mack's errors."""
    found = known or development(triangle)
    last = len(found.factors)
    stops = [min(end, last) for end in ends] if ends is not None else [last] * len(triangle)
    rows = tuple(_projected(row, found, stop) for row, stop in zip(triangle, stops, strict=True))
    variance = sum(row.standard_error**2 for row in rows)
    for place, row in enumerate(rows):
        # Rows share factors, so their errors go the same way.
        for other in range(place + 1, len(rows)):
            shared = range(
                max(len(triangle[place]), len(triangle[other])) - 1, min(stops[place], stops[other])
            )
            parts = sum(_relative(found, age) / found.volumes[age] for age in shared if found.volumes[age])
            variance += 2 * row.ultimate * rows[other].ultimate * parts
    return ChainLadder(found, rows, sum(row.future for row in rows), math.sqrt(variance))


def _relative(found: Factors, age: int) -> float:
    return found.variances[age] / found.factors[age] ** 2 if found.factors[age] else 0.0


def _projected(row: Sequence[float], found: Factors, stop: int) -> Projection:
    now = row[-1] if row else 0.0
    value, variance, path = now, 0.0, []
    for age in range(max(len(row) - 1, 0), stop):
        if value > 0 and found.volumes[age]:
            variance += _relative(found, age) * (1 / value + 1 / found.volumes[age])
        value *= found.factors[age]
        path.append(value)
    return Projection(value, value - now, value * math.sqrt(variance), tuple(path))


def expected_redemption(
    cohorts: Sequence[Cohort], *, ends: Sequence[int] | None = None, level: float = 0.95
) -> Redemption | None:
    """What will be redeemed of all cohorts, oldest first; ``None`` if too little is known.

    ``ends`` asks what would be if points ended at these ages instead of ``Cohort.end``.
    """
    triangle = [cohort.redeemed for cohort in cohorts]
    if sum(1 for row in triangle if row) < FEWEST_COHORTS or not any(row[-1] for row in triangle if row):
        return None
    wanted = ends or [cohort.end for cohort in cohorts]
    stops = [max(end, 0) if c.open else 0 for c, end in zip(cohorts, wanted, strict=True)]
    known = with_tail(development(triangle), ages=max(*stops, *(len(row) - 1 for row in triangle)) + 1)
    ladder = chain_ladder(triangle, ends=stops, known=known)
    others = _rates(list(zip(cohorts, chain_ladder(triangle, known=known).rows, strict=True)))
    rows = [
        row if _spoke(cohort) else _silent(cohort, known=known, stop=stop, rates=others)
        for cohort, row, stop in zip(cohorts, ladder.rows, stops, strict=True)
    ]
    found = tuple(_bounded(c, row, level) for c, row in zip(cohorts, rows, strict=True))
    future, issued = sum(row.future for row in found), sum(c.issued for c in cohorts)
    silent = sum(row.standard_error**2 for c, row in zip(cohorts, rows, strict=True) if not _spoke(c))
    error = math.sqrt(ladder.standard_error**2 + silent)
    lower, upper = _interval(future, error, ceiling=sum(c.open for c in cohorts), level=level)
    redeemed = sum(c.redeemed_now for c in cohorts)
    rates = [(redeemed + part) / issued if issued else 0.0 for part in (future, lower, upper)]
    return Redemption(found, _curve(known, cohorts, rows), future, lower, upper, *rates)


def _spoke(cohort: Cohort) -> bool:
    """Whether the cohort has redeemed something in a complete month."""
    return bool(cohort.redeemed) and cohort.redeemed[-1] > 0


def _rates(rows: Sequence[tuple[Cohort, Projection]]) -> tuple[float, float]:
    """Ultimate rate of the cohorts that have redeemed something, and how far their rates spread."""
    pairs = [(c.issued, row.ultimate) for c, row in rows if _spoke(c) and c.issued > 0]
    issued = sum(points for points, _ in pairs)
    if not issued:
        return 0.0, 0.0
    rate = sum(ultimate for _, ultimate in pairs) / issued
    spread = sum(points * (ultimate / points - rate) ** 2 for points, ultimate in pairs) / issued
    return rate, math.sqrt(spread)


def _silent(cohort: Cohort, *, known: Factors, stop: int, rates: tuple[float, float]) -> Projection:
    """A cohort that has redeemed nothing: what others redeem at the ages that it still has (Bornhuetter-Ferguson)."""
    age = len(cohort.redeemed) - 1
    begun = _reached(known, age) if age >= 0 else 0.0
    ages = range(max(age, 0), stop)
    path = [cohort.issued * rates[0] * max(_reached(known, n + 1) - begun, 0.0) for n in ages]
    future = path[-1] if path else 0.0
    whole = cohort.issued * rates[0]
    return Projection(
        future, future, cohort.issued * rates[1] * (future / whole if whole else 0), tuple(path)
    )


def _bounded(cohort: Cohort, row: Projection, level: float) -> CohortRedemption:
    """Between nothing and what is open."""
    future = min(max(row.ultimate - cohort.redeemed_now, 0.0), float(cohort.open))
    lower, upper = _interval(future, row.standard_error, ceiling=cohort.open, level=level)
    ultimate = cohort.redeemed_now + future
    path = tuple(min(value, float(cohort.redeemed_now + cohort.open)) for value in row.path)
    return CohortRedemption(ultimate, future, lower, upper, path)


def _interval(mean: float, error: float, *, ceiling: int, level: float) -> tuple[float, float]:
    """Lognormal with that mean and standard error, within 0 and the ceiling."""
    if mean <= 0 or error <= 0:
        return mean, mean
    variance = math.log1p((error / mean) ** 2)
    reach = statistics.NormalDist().inv_cdf((1 + level) / 2) * math.sqrt(variance)
    lower, upper = (mean * math.exp(-variance / 2 + sign * reach) for sign in (-1, 1))
    return min(lower, mean), min(max(upper, mean), float(ceiling))


def _curve(known: Factors, cohorts: Sequence[Cohort], rows: Sequence[Projection]) -> tuple[float, ...]:
    """Expected share of issued points that is redeemed by each age, up to the oldest complete cohort's age."""
    issued = sum(c.issued for c in cohorts)
    width = max(len(c.redeemed) for c in cohorts)
    if not issued:
        return ()
    shares = [0.0] * width
    for cohort, row in zip(cohorts, rows, strict=True):
        whole = (*cohort.redeemed, *row.path)
        for age in range(width):
            shares[age] += whole[age] if age < len(whole) else row.ultimate * _reached(known, age)
    return tuple(share / issued for share in shares)


def _reached(known: Factors, age: int) -> float:
    """The share of the last age's value that is there at an age."""
    if age >= len(known.factors):
        return 1.0
    return 1 / math.prod(known.factors[age:]) if known.volumes[age] else 0.0


def contract_liability(allocated: Fraction, *, redeemed: Fraction, expected: Fraction) -> Fraction:
    """What of the price allocated to points is not revenue yet, breakage recognised as points are redeemed.

    IFRS 15 Example 52: 8,676 with 4,500 of 9,500 expected points redeemed leaves 4,566.

    >>> round(contract_liability(Fraction(8676), redeemed=Fraction(4500), expected=Fraction(9500)))
    4566
    """
    if expected <= 0:
        return Fraction(0)
    return allocated * (1 - min(redeemed / expected, Fraction(1)))
