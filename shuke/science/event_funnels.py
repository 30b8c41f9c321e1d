"""Funnels over collected events and orders: which members went how far, who fell out and who is still under way.

A step is an event of a name, narrowed by what its properties say, or an order.  :mod:`shuke.science.funnels` counts how
far each member came; this makes its steps of facts and parts the members.  See docs/algorithms/event-funnels.md.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Literal

import ibis
from ibis.expr import types as ir

from shuke.science.event_properties import property_text
from shuke.science.funnels import EPOCH, SECOND, Order, funnel_members

#: Where a step that is no event comes from: an order through any channel.
ORDER = "order"
Operator = Literal["is", "is_not", "contains", "at_least", "at_most"]
DONE, OPEN = "done", "open"


@dataclass(frozen=True)
class PropertyFilter:
    """What a property of the event must be.  ``at_least`` and ``at_most`` compare numbers; others are texts.

    ``is_not`` also holds where the property is missing.
    """

    name: str
    operator: Operator
    value: str


@dataclass(frozen=True)
class EventStep:
    """``kind`` is ``event``, of that ``name``, or ``order``."""

    kind: Literal["event", "order"]
    name: str = ""
    only: PropertyFilter | None = None


def funnel_steps(events: ir.Table, orders: ir.Table, steps: tuple[EventStep, ...]) -> ir.Table:
    """``member_id, step, at`` of everything done that is a step.

    Where two steps are events of one name (or both orders), one thing done is never both of them in their order: as the
    later step it lies some microseconds earlier.

    ``events``: ``member_id, name, properties, occurred_at``; ``orders``: ``member_id, placed_at``, one row per counted
    order.  Both already cut to the days looked at.
    """
    parts = []
    before: Counter[tuple[str, str]] = Counter()
    for number, step in enumerate(steps, start=1):
        if step.kind == ORDER:
            done = orders.select("member_id", at="placed_at")
        else:
            mine = events.filter(events.name == step.name)
            if step.only is not None:
                mine = mine.filter(_holds(mine.properties, step.only))
            done = mine.select("member_id", at="occurred_at")
        at = done.at - ibis.interval(microseconds=before[step.kind, step.name])
        before[step.kind, step.name] += 1
        parts.append(done.select("member_id", step=ibis.literal(number, "int64"), at=at))
    return ibis.union(*parts) if len(parts) > 1 else parts[0]


def _holds(properties: ir.StringValue, only: PropertyFilter) -> ir.BooleanValue:
    said = property_text(properties, only.name)
    if only.operator == "contains":
        return said.lower().contains(only.value.lower())
    if only.operator in {"is", "is_not"}:
        same = said == only.value
        return ~same if only.operator == "is_not" else same
    number = said.re_search(r"^-?[0-9]+(\.[0-9]+)?$").ifelse(said, ibis.null("string")).cast("float64")
    limit = float(only.value)
    holds = number >= limit if only.operator == "at_least" else number <= limit
    return holds.fill_null(False)  # noqa: FBT003


def funnel_parts(
    steps: ir.Table, *, count: int, window_seconds: int, end_seconds: int, order: Order = "ordered"
) -> ir.Table:
    """``member_id, reached, layer, settled`` of everybody who began (in ``any`` order: did any step).

    ``end_seconds``: the end of what is known, in seconds since 1970.  ``layer``: ``done`` who came through; ``open``
    who did not, but began so late that the window is not over; ``left_k`` who got to step k and no further.
    ``settled``: began once so early that the whole window was theirs, whether they came through or not; only these
    can be compared with one another.

    Worked, window one day, known until Tuesday midnight: began on Monday at 9 and did no more, ``left_1``; began on
    Tuesday at 9 and added to the cart, ``open``.
    """
    reached = funnel_members(steps, count=count, window_seconds=window_seconds, order=order)
    begun = steps if order == "any" else steps.filter(steps.step == 1)
    instant = begun.at.delta(ibis.literal(EPOCH, type="timestamp('UTC')"), unit="microsecond").cast("int64")
    times = begun.select("member_id", instant=instant).group_by("member_id")
    joined = reached.join(
        times.agg(first=lambda t: t.instant.min(), newest=lambda t: t.instant.max()), "member_id"
    )
    latest = (end_seconds - window_seconds) * SECOND
    is_open = joined.newest > latest
    left = ibis.literal("left_") + joined.reached.cast("string")
    layer = ibis.cases((joined.reached >= count, DONE), (is_open, OPEN), else_=left)
    return joined.select("member_id", "reached", layer=layer, settled=joined["first"] <= latest)
