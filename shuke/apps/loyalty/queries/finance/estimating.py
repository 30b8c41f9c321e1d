"""What is expected of open points: the cohorts handed to the estimator, and what would be under other rules."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from fractions import Fraction

from shuke.apps.loyalty.rules import finance
from shuke.apps.loyalty.rules.finance import Cohort, Idling, Rate
from shuke.science import breakage
from shuke.science.breakage import LONGEST_LIFE, Redemption


@dataclass(frozen=True)
class Estimate:
    """Cohorts beside what is expected of them (``None``: too little is known)."""

    cohorts: Sequence[Cohort]
    redemption: Redemption | None
    idling: Idling | None = None

    def contract_liability(self, rates: Sequence[Rate]) -> Fraction:
        """Minor units that are not revenue yet; without an estimate, everything open is expected."""
        total = Fraction(0)
        for place, cohort in enumerate(self.cohorts):
            redeemed = Fraction(max(cohort.total("spent"), 0))
            future = self.redemption.cohorts[place].future if self.redemption else float(max(cohort.open, 0))
            total += breakage.contract_liability(
                max(cohort.base, 0) * finance.rate_in(rates, cohort.month),
                redeemed=redeemed,
                expected=redeemed + Fraction(round(future * 1000), 1000),
            )
        return total


def estimate(
    cohorts: Sequence[Cohort], *, at: datetime, time_zone: str, idle_life: int | None = None
) -> Estimate:
    """What is expected of cohorts, by what complete months tell.

    ``idle_life``: points without an end of their own end after so many months without activity.
    """
    complete = finance.next_month(finance.first_of_month(at, time_zone=time_zone), by=-1)
    idle = None if idle_life is None else finance.idling(cohorts, life=idle_life, through=complete)
    rows = _rows(cohorts, at=at, time_zone=time_zone, idle=idle)
    return Estimate(cohorts, breakage.expected_redemption(rows), idle)


def _rows(
    cohorts: Sequence[Cohort], *, at: datetime, time_zone: str, idle: Idling | None = None
) -> list[breakage.Cohort]:
    this_month = finance.first_of_month(at, time_zone=time_zone)
    complete = finance.next_month(this_month, by=-1)
    rows = []
    for cohort in cohorts:
        spent = max(cohort.total("spent"), 0)
        redeemed = cohort.redeemed_by_age(through=complete)
        # What ended, so that what the estimator holds for open is what members have.
        gone = max(cohort.base - spent - max(cohort.open, 0), 0)
        age = finance.months_between(cohort.month, this_month)
        longest = LONGEST_LIFE if idle is None else idle.last_age(age, longest=LONGEST_LIFE)
        rows.append(
            breakage.Cohort(
                issued=max(cohort.base, 0),
                redeemed=redeemed,
                redeemed_now=spent,
                expired=gone,
                end=max(cohort.last_age(longest=longest), len(redeemed)),
            )
        )
    return rows


def with_other_life(
    cohorts: Sequence[Cohort], *, months: int, notice_days: int, at: datetime, time_zone: str
) -> tuple[Estimate, int]:
    """What would be if points lived so many months; ends before the notice is over move to its last day.

    Also how many open points would end earlier than they do now.
    """
    now = finance.first_of_month(at, time_zone=time_zone)
    notice = finance.first_of_month(at + timedelta(days=notice_days), time_zone=time_zone)
    rows = _rows(cohorts, at=at, time_zone=time_zone)
    ends, early, changed = [], 0, []
    for cohort in cohorts:
        end = max(finance.next_month(cohort.month, by=months), notice)
        moved: Counter[date | None] = Counter()
        for old, points in cohort.open_by_end.items():
            early += points if old is None or old > end else 0
            moved[end] += points
        changed.append(replace(cohort, open_by_end=moved))
        ends.append(max(finance.months_between(cohort.month, end), finance.months_between(cohort.month, now)))
    return Estimate(changed, breakage.expected_redemption(rows, ends=ends)), early
