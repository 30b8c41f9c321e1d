"""Paths out of touches and conversions: each touch belongs to the next conversion of its member.

A conversion ends a path and the next touch begins a new one.  A touch whose next conversion comes later than the
window, or never, belongs to a path that failed; one whose window is not over yet is left out, since nobody knows.

Worked, window 7 days: touched Monday (email) and Wednesday (web), bought Thursday, touched Saturday (email), bought
three weeks later: one path ``email > web`` that converted, one path ``email`` that failed.
"""

from __future__ import annotations

from datetime import datetime

import ibis
from ibis.expr import types as ir

#: In microseconds.
DAY, HOUR = 86_400_000_000, 3_600_000_000.0


def journeys(touches: ir.Table, conversions: ir.Table, *, window_days: int, until: datetime) -> ir.Table:
    """The table that attribution works on (see ``touches``), with ``hours_before_end``; one path for one conversion.

    ``touches``: ``member_id, at, channel``; ``conversions``: ``member_id, at, value_minor``, both UTC and up to
    ``until``, the end of what is known.  A touch at the instant of a conversion came before it.
    """
    told = _numbered(touches, conversions)
    ends = conversions.select("member_id", "value_minor", ended="at")
    number = ibis.row_number().over(group_by="member_id", order_by=[ends.ended, ends.value_minor])
    joined = told.left_join(ends.mutate(number=number), ["member_id", "number"]).drop(
        "member_id_right", "number_right"
    )
    # In microseconds: between two instants DuckDB counts the beginnings of seconds, Spark the whole ones.
    window = window_days * DAY
    waited = joined.ended.delta(joined.at, unit="microsecond")
    is_won = (waited <= window).fill_null(False)  # noqa: FBT003
    known = ibis.literal(until, type="timestamp('UTC')").delta(joined.at, unit="microsecond") > window
    kept = joined.mutate(is_won=is_won).filter(is_won | known)
    path = ibis.window(group_by=["member_id", "number", "is_won"])
    place = ibis.row_number().over(
        group_by=["member_id", "number", "is_won"], order_by=[kept.at, kept.channel]
    )
    end = kept.is_won.ifelse(kept.ended, kept.at.max().over(path))
    outcome = kept.is_won.ifelse(":won", ":lost")
    return kept.select(
        "channel",
        path_id=kept.member_id + ":" + kept.number.cast("string") + outcome,
        position=place.cast("int64") + 1,
        conversions=kept.is_won.cast("int64"),
        nulls=(~kept.is_won).cast("int64"),
        value_minor=kept.is_won.ifelse(kept.value_minor, 0).cast("int64"),
        hours_before_end=end.delta(kept.at, unit="microsecond") / HOUR,
    )


def _numbered(touches: ir.Table, conversions: ir.Table) -> ir.Table:
    """``member_id, at, channel, number``: how many conversions of the member lie before each touch."""
    both = ibis.union(
        touches.select("member_id", "at", "channel", is_end=ibis.literal(0, "int64")),
        conversions.select("member_id", "at", channel=ibis.literal(""), is_end=ibis.literal(1, "int64")),
    )
    before = both.is_end.sum().over(group_by="member_id", order_by=[both.at, both.is_end], rows=(None, 0))
    counted = both.mutate(number=before.cast("int64"))
    return counted.filter(counted.is_end == 0).select("member_id", "at", "channel", "number")
