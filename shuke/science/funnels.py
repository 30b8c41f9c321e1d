"""Funnels: how many went from step to step, in order or in any, within a window.

``steps``: one row per thing done, ``member_id, step`` (1, 2, … in the funnel's order), ``at`` (UTC).  A member
reaches step k if there is a chain of steps 1 … k whose last lies no later than ``window_seconds`` after its first;
all starts are tried, not only the first.  Things done at the same instant count in the order of the steps.

Worked, window one day, ordered: view 09:00, view 20:00, cart next day 10:00, pay next day 12:00.  From 09:00 the
cart is 25 hours away; from 20:00 cart and pay are 14 and 16 hours away, so all three steps are reached.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

import ibis
from ibis.expr import types as ir

SECOND = 1_000_000
#: Instants are counted from here in microseconds: seconds of an instant are rounded by DuckDB and cut by Spark.
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Order = Literal["ordered", "strict", "any"]


def funnel_members(steps: ir.Table, *, count: int, window_seconds: int, order: Order = "ordered") -> ir.Table:
    """``member_id, reached`` of everybody who did step 1 (in ``any`` order: any step): how far each came.

    ``ordered``: other things may lie between.  ``strict``: of the funnel's steps none may lie between.  ``any``:
    ``reached`` counts different steps within one window.  ``count`` is the number of steps.
    """
    instant = steps.at.delta(ibis.literal(EPOCH, type="timestamp('UTC')"), unit="microsecond")
    # The same step twice at one instant is one thing done; their order would leave a strict funnel to chance.
    timed = steps.select("member_id", "step", instant=instant.cast("int64")).distinct()
    if order == "any":
        return _any_order(timed, count=count, window_seconds=window_seconds)
    started = timed.mutate(start_1=(timed.step == 1).ifelse(timed.instant, ibis.null("int64")))
    for step in range(2, count + 1):
        before = started[f"start_{step - 1}"]
        by_time = {"group_by": "member_id", "order_by": [started.instant, started.step]}
        if order == "strict":
            # A null of the row before means that it did not continue a chain.
            known = before.lag(1).over(**by_time)
        else:
            known = before.max().over(ibis.window(preceding=None, following=0, **by_time))
        is_within = (started.step == step) & (started.instant - known <= window_seconds * SECOND)
        started = started.mutate(**{f"start_{step}": is_within.ifelse(known, ibis.null("int64"))})
    reached = ibis.literal(0, "int64")
    for step in range(1, count + 1):
        reached = reached + started[f"start_{step}"].notnull().max().cast("int64")
    found = started.group_by("member_id").agg(reached=reached)
    return found.filter(found.reached > 0)


def _any_order(timed: ir.Table, *, count: int, window_seconds: int) -> ir.Table:
    """At each thing done, how many different steps lie within the window before it."""
    window = ibis.window(
        group_by="member_id", order_by=[timed.instant, timed.step], preceding=None, following=0
    )
    newest = timed.mutate(
        **{
            f"newest_{step}": (timed.step == step)
            .ifelse(timed.instant, ibis.null("int64"))
            .max()
            .over(window)
            for step in range(1, count + 1)
        }
    )
    within = ibis.literal(0, "int64")
    for step in range(1, count + 1):
        is_near = newest[f"newest_{step}"] >= newest.instant - window_seconds * SECOND
        within = within + is_near.fill_null(False).cast("int64")  # noqa: FBT003
    near = newest.mutate(within=within)
    return near.group_by("member_id").agg(reached=near.within.max())


def funnel(members: ir.Table, *, count: int, by: str | None = None) -> ir.Table:
    """``step, members, of_first, of_previous`` (parts, float64), for each value of ``by`` if there is one.

    ``members``: the result of :func:`funnel_members`, with the column ``by`` if it is given.
    """
    keys = [by] if by else []
    grouped = members.group_by(keys) if keys else members
    totals = grouped.agg(
        **{f"n_{step}": (members.reached >= step).cast("int64").sum() for step in range(1, count + 1)}
    )
    rows = []
    for step in range(1, count + 1):
        here, before = totals[f"n_{step}"], totals[f"n_{max(step - 1, 1)}"]
        first = totals.n_1.cast("float64").nullif(0)
        rows.append(
            totals.select(
                *keys,
                step=ibis.literal(step, "int64"),
                members=here,
                of_first=here / first,
                of_previous=here / before.cast("float64").nullif(0),
            )
        )
    return ibis.union(*rows) if len(rows) > 1 else rows[0]
