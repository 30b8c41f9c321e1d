"""Rules that share each conversion over the touches of its path, by their order alone.

| rule | touches 1, 2, 3, 4 of one conversion |
|---|---|
| first | 1, 0, 0, 0 |
| last | 0, 0, 0, 1 |
| linear | 1/4 each |
| position | 0.4, 0.1, 0.1, 0.4; two touches: 1/2 each |
| time decay | weights 2^(-hours before the end / half-life), or by steps where there are no times |
"""

from __future__ import annotations

import math
from typing import Literal

import ibis
from ibis.expr import types as ir

Rule = Literal["first", "last", "linear", "position", "time_decay"]
RULES: tuple[Rule, ...] = ("first", "last", "linear", "position", "time_decay")
#: What the first and the last touch get by position; the ones between share the rest.
END_SHARE = 0.4


def attributed(
    touches: ir.Table, *, rule: Rule, half_life_hours: float = 168.0, half_life_steps: float = 1.0
) -> ir.Table:
    """``channel, conversions, value_minor`` (both float64), by one rule; they sum to what the paths have.

    ``touches`` as in ``touches``.  Time decay uses ``hours_before_end`` if the table has it, else steps.
    """
    path = ibis.window(group_by="path_id")
    touches = touches.mutate(length=touches.position.max().over(path).cast("float64"))
    length = touches.length
    is_first, is_last = touches.position == 1, touches.position == length
    if rule in {"first", "last"}:
        weight = (is_first if rule == "first" else is_last).cast("float64")
    elif rule == "linear":
        weight = 1.0 / length
    elif rule == "position":
        between = (1 - 2 * END_SHARE) / (length - 2).nullif(0)
        weight = ibis.cases(
            (length == 1, 1.0), (length == 2, 0.5), (is_first | is_last, END_SHARE), else_=between
        )
    else:
        has_times = "hours_before_end" in touches.columns
        age = (
            touches.hours_before_end / half_life_hours
            if has_times
            else (length - touches.position) / half_life_steps
        )
        touches = touches.mutate(decayed=(age * -math.log(2)).exp())
        weight = touches.decayed / touches.decayed.sum().over(path)
    credited = touches.mutate(weight=weight)
    return credited.group_by("channel").agg(
        conversions=(credited.weight * credited.conversions).sum(),
        value_minor=(credited.weight * credited.value_minor).sum(),
    )
