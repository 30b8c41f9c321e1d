"""Where a member stands in its life as a customer, judged by its own purchase cycle.

A weekly shopper who stayed away for a month is at risk; somebody who comes twice a year is not.
The measure is therefore the time since the last purchase in units of the member's own cycle.
Members with few purchases borrow from everybody: see :func:`expected_cycle`.  The rule with worked
numbers stands in docs/algorithms/lifecycle.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import ibis
from ibis.expr import types as ir

from shuke.science.visits import visits

#: Every stage, in the order of a life.
STAGES: tuple[str, ...] = ("prospect", "new", "active", "loyal", "at_risk", "lost")


@dataclass(frozen=True)
class LifecycleRule:
    """The numbers of the rule.  Days are calendar days."""

    #: How many gaps of the whole population a member's own gaps are mixed with.
    borrowed_gaps: int = 3
    #: The cycle where nobody has bought twice yet.
    default_cycle_days: float = 30.0
    #: A member is new this many days from the first purchase on.
    new_days: int = 60
    #: At risk after this many expected cycles, but never before that many days.
    at_risk_cycles: float = 3.0
    at_risk_floor_days: float = 14.0
    #: Lost after this many expected cycles, but never before that many days.
    lost_cycles: float = 6.0
    lost_floor_days: float = 60.0
    #: Loyal needs this many shopping days, and a cycle no longer than the population's.
    loyal_shopping_days: int = 6


DEFAULT_RULE = LifecycleRule()


def purchase_cycles(purchases: ir.Table) -> ir.Table:
    """The member's own cycle: the median number of days between its shopping days.

    Columns: ``member_id, shopping_days, gaps, purchase_cycle_days`` (missing with one shopping
    day), ``first_day, last_day``.  Several orders on one day are one shopping day.
    """
    days = visits(purchases)
    return days.group_by("member_id").agg(
        shopping_days=days.count(),
        gaps=days.gap_days.count(),
        purchase_cycle_days=days.gap_days.median(),
        first_day=days.local_date.min(),
        last_day=days.local_date.max(),
    )


def expected_cycle(cycles: ir.Table, *, rule: LifecycleRule = DEFAULT_RULE) -> ir.Table:
    """Adds ``population_cycle_days`` and ``expected_cycle_days`` to :func:`purchase_cycles`.

    The population's cycle is the median of the members' own cycles, each member counting once.  A
    member's expected cycle is the mean of its own cycle, weighted with its number of gaps, and the
    population's, weighted with ``rule.borrowed_gaps``: with no gap it is the population's, with
    many it is the member's own.
    """
    population = cycles.purchase_cycle_days.median().over(ibis.window())
    known = cycles.mutate(population_cycle_days=population.fill_null(rule.default_cycle_days))
    own_days = (known.purchase_cycle_days * known.gaps).fill_null(0.0)
    borrowed_days = known.population_cycle_days * rule.borrowed_gaps
    return known.mutate(expected_cycle_days=(own_days + borrowed_days) / (known.gaps + rule.borrowed_gaps))


def lifecycle(purchases: ir.Table, *, as_of: date, rule: LifecycleRule = DEFAULT_RULE) -> ir.Table:
    """``member_id, purchase_cycle_days, expected_cycle_days, lifecycle_stage`` of every buyer.

    ``purchases`` holds the counted orders up to ``as_of``.  Members who never bought are not in
    the result: they are ``prospect``.
    """
    cycles = expected_cycle(purchase_cycles(purchases), rule=rule)
    return cycles.select(
        "member_id",
        "purchase_cycle_days",
        "expected_cycle_days",
        lifecycle_stage=stage(cycles, as_of=as_of, rule=rule),
    )


def stage(cycles: ir.Table, *, as_of: date, rule: LifecycleRule) -> ir.StringValue:
    """The stage of each row of :func:`expected_cycle`; the first that applies.

    ``lost``, ``at_risk`` by silence; ``new`` by a young first purchase; ``loyal`` by rhythm; else
    ``active``.
    """
    day = ibis.literal(as_of)
    silence = day.delta(cycles.last_day, unit="day")
    age = day.delta(cycles.first_day, unit="day")
    expected = cycles.expected_cycle_days
    lost_after = ibis.greatest(expected * rule.lost_cycles, rule.lost_floor_days)
    at_risk_after = ibis.greatest(expected * rule.at_risk_cycles, rule.at_risk_floor_days)
    has_rhythm = (cycles.shopping_days >= rule.loyal_shopping_days) & (
        expected <= cycles.population_cycle_days
    )
    return ibis.cases(
        (silence > lost_after, "lost"),
        (silence > at_risk_after, "at_risk"),
        (age < rule.new_days, "new"),
        (has_rhythm, "loyal"),
        else_="active",
    )
