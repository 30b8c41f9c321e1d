"""Recency, frequency, monetary: scores by fifths or by fixed borders, and named segments.

Every member with a purchase in the window gets three scores from 1 to 5 by its place among those
members: the share of members with a strictly smaller number.  The fifth that the place falls in
counts up from 1 for orders and money, and down from 5 for days since the last order.  So equal
numbers always get the equal score, a better number never gets a worse one, and the answer does not
depend on the order of rows.  A retailer's own borders (:class:`RfmScheme`) give a score by themselves,
whoever else there is.  See docs/algorithms/rfm.md.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping
from datetime import date, timedelta
from functools import reduce
from types import MappingProxyType

import ibis
from ibis.expr import types as ir

from shuke.science.rfm_scheme import ANY, DEFAULT_RULES, SCORES, RfmScheme, SegmentRule
from shuke.science.rounding import cut

#: The scheme that a retailer begins with.
QUANTILES = RfmScheme()

#: The same rules as a table: one row per recency score, one entry per combined frequency and monetary score.
SEGMENT_GRID: Mapping[int, tuple[str, ...]] = MappingProxyType(
    {
        recency: tuple(
            next(
                rule.segment for rule in DEFAULT_RULES if rule.holds(recency=recency, frequency=c, monetary=c)
            )
            for c in range(1, SCORES + 1)
        )
        for recency in range(SCORES, 0, -1)
    }
)

#: Every segment, best first, in the order people read them.
SEGMENTS: tuple[str, ...] = (
    "champions",
    "loyal",
    "potential_loyalists",
    "new",
    "promising",
    "need_attention",
    "about_to_sleep",
    "at_risk",
    "cannot_lose",
    "hibernating",
    "lost",
)


def window_start(as_of: date, *, window_days: int) -> date:
    """First day of a window of ``window_days`` days that ends with ``as_of``, both included."""
    return as_of - timedelta(days=window_days - 1)


def rfm_measures(purchases: ir.Table, *, as_of: date, window_days: int) -> ir.Table:
    """Recency, frequency and money of each member who ever bought.

    ``purchases``: one row per counted order up to ``as_of``.  Columns: ``member_id,
    first_order_date, last_order_date, recency_days, orders_total, spend_total_minor, frequency,
    monetary_minor, average_order_minor`` (whole minor units, cut toward zero).
    """
    day = ibis.literal(as_of)
    is_recent = purchases.local_date >= ibis.literal(window_start(as_of, window_days=window_days))
    summed = purchases.group_by("member_id").agg(
        first_order_date=purchases.local_date.min(),
        last_order_date=purchases.local_date.max(),
        orders_total=purchases.count(),
        spend_total_minor=purchases.net_minor.sum(),
        frequency=is_recent.cast("int64").sum(),
        monetary_minor=is_recent.ifelse(purchases.net_minor, 0).sum(),
    )
    return summed.mutate(
        recency_days=day.delta(summed.last_order_date, unit="day").cast("int64"),
        average_order_minor=cut(summed.monetary_minor / summed.frequency.nullif(0)),
    )


def fifth(value: ir.Column, *, among: ir.Table) -> ir.IntegerValue:
    """0 to 4: the fifth of ``among`` that ``value`` falls in, by the share of smaller values."""
    smaller = ibis.rank().over(order_by=value)
    members = among.count().over(ibis.window())
    return (SCORES * smaller / members.nullif(0)).floor().cast("int64")


def rfm_scores(measures: ir.Table, *, scheme: RfmScheme = QUANTILES) -> ir.Table:
    """``recency_score, frequency_score, monetary_score, rfm_segment`` by ``member_id``.

    Scored are the members with a purchase in the window (``frequency`` at least 1); the others
    have no scores and the segment ``scheme.outside``.
    """
    scored = measures.filter(measures.frequency > 0)
    by_method = _by_thresholds if scheme.method == "thresholds" else _by_quantiles
    scored = scored.select("member_id", **by_method(scored, scheme))
    named = scored.mutate(rfm_segment=segment(scored, rules=scheme.rules))
    joined = measures.left_join(named, "member_id")
    return joined.select(
        measures.member_id,
        named.recency_score,
        named.frequency_score,
        named.monetary_score,
        rfm_segment=named.rfm_segment.fill_null(scheme.outside),
    )


def _by_quantiles(scored: ir.Table, _scheme: RfmScheme) -> dict[str, ir.IntegerValue]:
    return {
        "recency_score": SCORES - fifth(scored.recency_days, among=scored),
        "frequency_score": fifth(scored.frequency, among=scored) + 1,
        "monetary_score": fifth(scored.monetary_minor, among=scored) + 1,
    }


def _by_thresholds(scored: ir.Table, scheme: RfmScheme) -> dict[str, ir.IntegerValue]:
    def reached(value: ir.Column, borders: tuple[int, ...]) -> ir.IntegerValue:
        return reduce(operator.add, ((value >= border).cast("int64") for border in borders))

    # Days are counted from the other end: a day more than the border costs a point.
    late = reached(scored.recency_days, tuple(border + 1 for border in scheme.recency_days))
    return {
        "recency_score": SCORES - late,
        "frequency_score": reached(scored.frequency, scheme.frequency) + 1,
        "monetary_score": reached(scored.monetary_minor, scheme.monetary_minor) + 1,
    }


def segment(scores: ir.Table, *, rules: tuple[SegmentRule, ...] = DEFAULT_RULES) -> ir.StringValue:
    """The segment of the three scores: that of the first rule that holds."""
    combined = (scores.frequency_score + scores.monetary_score + 1) // 2
    columns = {
        "recency": scores.recency_score,
        "combined": combined,
        "frequency": scores.frequency_score,
        "monetary": scores.monetary_score,
    }

    def holds(rule: SegmentRule) -> ir.BooleanValue:
        ranges = [(columns[name], getattr(rule, name)) for name in columns]
        asked = [column.between(*limits) for column, limits in ranges if limits != ANY]
        return reduce(operator.and_, asked, ibis.literal(value=True))

    return ibis.cases(*((holds(rule), rule.segment) for rule in rules))


def rfm_thresholds(scored: ir.Table) -> ir.Table:
    """The border of every score, to be recorded with a build and shown to people.

    ``scored`` holds measures and scores of the members (rows without scores are ignored).
    Columns: ``measure, score, lowest, highest, members``, sorted by measure and score.
    """
    pairs = (
        ("recency", scored.recency_score, scored.recency_days),
        ("frequency", scored.frequency_score, scored.frequency),
        ("monetary", scored.monetary_score, scored.monetary_minor),
    )
    parts = [
        scored.filter(score.notnull())
        .group_by(measure=ibis.literal(measure), score=score)
        .agg(lowest=value.min(), highest=value.max(), members=lambda t: t.count())
        for measure, score, value in pairs
    ]
    return ibis.union(*parts).order_by("measure", "score")
