"""When a member needs the next one: purchase cycles of goods, and the day they are due.

The logarithm of the gap between two purchases of a good by a member is taken as normal, with a mean of its own for
each member and good around the good's mean.  A member's mean is drawn to the good's the fewer gaps it has (the best
linear predictor of a random effect; Robinson 1991), so one gap does not make a habit:

    mean = (n · own + k · the good's) / (n + k),      k = variance within / variance between

and the day is due at e^mean after the last purchase, within e^(mean ± z · s) with s² = within · (1 + 1 / (n + k)).

Worked: the good's mean gap is 14 days, within 0.16, between 0.08, so k = 2.  A member with gaps 7 and 7: mean ln =
(2 ln 7 + 2 ln 14) / 4, that is 9.9 days; s = 0.447, so half of the next purchases within 7.3 to 13.4 days.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import ibis
import scipy
from ibis.expr import types as ir

from shuke.science.visits import visits

#: Gaps of a good below which its own variances are not believed and the pooled ones are used.
ENOUGH_GAPS = 30
#: Never drawn to the good less than by so many gaps, however much members seem to differ.
LEAST_BORROWED = 0.25


#: Nobody is more regular than this variance of log gaps (5 %): gaps are whole days.
LEAST_WITHIN = 0.0025


@dataclass(frozen=True)
class ReplenishmentRule:
    """``coverage`` is the part of next purchases that the interval holds; fewer gaps than the minimum give no day."""

    coverage: float = 0.5
    least_gaps_of_good: int = 5


def gaps(purchases: ir.Table) -> ir.Table:
    """``member_id, good, gap_days, local_date`` of each purchase after the first, one per day.

    ``purchases``: ``member_id, good, local_date``.
    """
    timed = visits(purchases, by=["member_id", "good"])
    return timed.filter(timed.gap_days.notnull()).select("member_id", "good", "gap_days", "local_date")


def due_dates(purchases: ir.Table, *, as_of: date, rule: ReplenishmentRule | None = None) -> ir.Table:
    """``member_id, good, last_date, gaps, cycle_days, low_days, high_days, due_in_days`` as of a day.

    ``due_in_days`` counts from ``as_of`` and is negative once overdue.  Goods with too few gaps are left out.
    """
    rule = rule or ReplenishmentRule()
    known = purchases.filter(purchases.local_date <= ibis.literal(as_of))
    logs = gaps(known).mutate(log_gap=lambda t: t.gap_days.ln())
    own = logs.group_by("member_id", "good").agg(
        gaps=logs.count().cast("float64"),
        own_mean=logs.log_gap.mean(),
        square_sum=(logs.log_gap * logs.log_gap).sum(),
    )
    own = own.mutate(within_sum=own.square_sum - own.gaps * own.own_mean * own.own_mean)
    goods = _goods(own).filter(lambda t: t.all_gaps >= rule.least_gaps_of_good)
    last = known.group_by("member_id", "good").agg(last_date=known.local_date.max())
    joined = last.join(goods, "good").join(
        own.select("member_id", "good", "gaps", "own_mean"), ["member_id", "good"], how="left"
    )
    n, k = joined.gaps.fill_null(0.0), joined.borrowed
    mean = (n * joined.own_mean.fill_null(0.0) + k * joined.good_mean) / (n + k)
    spread = (joined.within * (1.0 + 1.0 / (n + k))).sqrt()
    z = float(scipy.stats.norm.ppf(0.5 + rule.coverage / 2))
    since = ibis.literal(as_of).delta(joined.last_date, unit="day").cast("float64")
    return joined.select(
        "member_id",
        "good",
        "last_date",
        gaps=n.cast("int64"),
        cycle_days=mean.exp(),
        low_days=(mean - z * spread).exp(),
        high_days=(mean + z * spread).exp(),
        due_in_days=mean.exp() - since,
    )


def _goods(own: ir.Table) -> ir.Table:
    """For each good its mean and variances: within members, and how many gaps are borrowed from it."""
    summed = own.group_by("good").agg(
        all_gaps=own.gaps.sum(),
        members=own.count().cast("float64"),
        good_mean=(own.gaps * own.own_mean).sum() / own.gaps.sum(),
        within_sum=own.within_sum.sum(),
        mean_square=(own.gaps * own.own_mean * own.own_mean).sum(),
        square_gaps=(own.gaps * own.gaps).sum(),
    )
    total = ibis.window()
    pooled = summed.within_sum.sum().over(total) / (summed.all_gaps - summed.members).sum().over(
        total
    ).nullif(0)
    freedom = (summed.all_gaps - summed.members).nullif(0)
    is_enough = summed.all_gaps - summed.members >= ENOUGH_GAPS
    within = is_enough.ifelse(summed.within_sum / freedom, pooled).fill_null(0.25)
    goods = summed.mutate(within=ibis.greatest(within, LEAST_WITHIN))
    # Between members: the method of moments of a one-way random effect (Searle, Casella and McCulloch 1992).
    between_sum = goods.mean_square - goods.all_gaps * goods.good_mean * goods.good_mean
    weight = goods.all_gaps - goods.square_gaps / goods.all_gaps.nullif(0)
    between = (between_sum - (goods.members - 1.0) * goods.within) / weight.nullif(0)
    floor = goods.within / 20.0
    trusted = ibis.greatest(between.fill_null(0.0), floor)
    return goods.select(
        "good",
        "all_gaps",
        "good_mean",
        "within",
        borrowed=ibis.greatest(goods.within / trusted.nullif(0), LEAST_BORROWED).fill_null(1.0),
    )
