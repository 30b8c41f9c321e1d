"""Which layer of each fixed scheme the traits of a member mean: by value, by life, by behaviour, by an attribute.

Every scheme divides its members: each is in exactly one layer, or has no row where the scheme says nothing about it.
The borders are stated in days, shares and places, so that a layer means the same to everybody.  See
docs/algorithms/layers.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import reduce
from types import MappingProxyType

import ibis
from ibis.expr import types as ir

from shuke.science.habits import favourite
from shuke.science.lifecycle import lifecycle as lifecycle_of
from shuke.science.rfm import rfm_measures, rfm_scores, window_start
from shuke.science.rfm_scheme import RfmScheme

#: Spend of the window: the part of buyers above whom a layer begins, best first.
SPEND_FROM: tuple[tuple[str, float], ...] = (("high", 0.8), ("middle", 0.5), ("low", 0.0))
#: No order in the window.
NO_SPEND = "none"
SPEND_LAYERS: tuple[str, ...] = (*(name for name, _from in SPEND_FROM), NO_SPEND)

#: Rhythm: the most days between a member's own visits (median).
RHYTHM_UP_TO: tuple[tuple[str, float], ...] = (
    ("several_a_week", 4.0),
    ("weekly", 10.0),
    ("fortnightly", 21.0),
    ("monthly", 45.0),
)
RHYTHM_LAYERS: tuple[str, ...] = (*(name for name, _days in RHYTHM_UP_TO), "rarely", "once")

#: Discount: the part of a member's lines bought on discount, up to which a layer goes.
DISCOUNT_UP_TO: tuple[tuple[str, float], ...] = (("full_price", 1 / 3), ("mixed", 2 / 3), ("offers", 1.0))
DISCOUNT_LAYERS: tuple[str, ...] = tuple(name for name, _share in DISCOUNT_UP_TO)

#: Between the codes of two schemes in a layer that crosses them.
CROSS = "|"


def spend(traits: ir.Table) -> ir.Table:
    """``member_id, layer, score``: spend of the window by place among the buyers of the window.

    The best fifth is ``high``, the next three tenths ``middle``, the other half ``low``; the place is the share of
    buyers with strictly less money, so that equal money is equal value.  ``score`` is that place.
    """
    buyers = traits.filter(traits.frequency > 0)
    less = ibis.rank().over(order_by=buyers.monetary_minor)
    placed = buyers.select("member_id", score=less / buyers.count().over(ibis.window()).nullif(0))
    layers = ibis.cases(*((placed.score >= start, name) for name, start in SPEND_FROM), else_="low")
    known = placed.mutate(layer=layers)
    joined = traits.left_join(known, "member_id")
    return joined.select(traits.member_id, layer=known.layer.fill_null(NO_SPEND), score=known.score)


def rfm(traits: ir.Table) -> ir.Table:
    """``member_id, layer, score``: the RFM segment; who never bought has no row.  ``score`` is R + F + M."""
    known = traits.filter(traits.rfm_segment.notnull())
    total = known.recency_score + known.frequency_score + known.monetary_score
    return known.select("member_id", layer="rfm_segment", score=total.cast("float64"))


def lifecycle(traits: ir.Table) -> ir.Table:
    """``member_id, layer, score``: the stage of everybody.  ``score`` is days since the last order."""
    return traits.select("member_id", layer="lifecycle_stage", score=traits.recency_days.cast("float64"))


def rhythm(traits: ir.Table) -> ir.Table:
    """``member_id, layer, score``: how often who ever bought comes.  ``score`` is the own cycle in days."""
    buyers = traits.filter(traits.orders_total > 0)
    days = buyers.purchase_cycle_days
    layers = ibis.cases(
        (days.isnull(), "once"), *((days <= most, name) for name, most in RHYTHM_UP_TO), else_="rarely"
    )
    return buyers.select("member_id", layer=layers, score=days)


def discount(traits: ir.Table) -> ir.Table:
    """``member_id, layer, score``: the share of lines bought on discount of who has lines in the window."""
    known = traits.filter(traits.discount_share.notnull())
    share = known.discount_share
    layers = ibis.cases(*((share <= most, name) for name, most in DISCOUNT_UP_TO), else_="offers")
    return known.select("member_id", layer=layers, score=share)


def by_trait(traits: ir.Table, name: str) -> ir.Table:
    """``member_id, layer, score``: a text trait or attribute itself is the layer; who has none has no row."""
    known = traits.filter(traits[name].notnull())
    return known.select("member_id", layer=known[name], score=ibis.null("float64"))


def cross(rows: ir.Table, columns: ir.Table) -> ir.Table:
    """``member_id, layer, score``: the pair of layers of who is in both schemes, as ``row|column``."""
    left = rows.select("member_id", row="layer")
    joined = left.join(columns.select("member_id", column="layer"), "member_id")
    return joined.select("member_id", layer=joined.row + CROSS + joined.column, score=ibis.null("float64"))


def traits_of_layers(
    purchases: ir.Table,
    line_days: ir.Table,
    *,
    as_of: date,
    window_days: int,
    habit_days: int,
    scheme: RfmScheme,
) -> ir.Table:
    """The traits that :func:`fixed_layers` asks for, of everybody who bought by a past day, and no others.

    A third of the work of ``traits.member_traits``, with the same values.  ``purchases``: ``member_id, local_date,
    net_minor, sales_channel``, one row per counted order.  ``line_days``: ``member_id, local_date, lines, discounted``,
    how many lines were bought on each day and how many of them on discount.
    """
    known = purchases.filter(purchases.local_date <= ibis.literal(as_of))
    first = ibis.literal(window_start(as_of, window_days=window_days))
    measures = rfm_measures(known, as_of=as_of, window_days=window_days)
    recent = known.filter(known.local_date >= ibis.literal(window_start(as_of, window_days=habit_days)))
    channel = favourite(recent, "sales_channel", weight=ibis.literal(1, "int64"), name="preferred_channel")
    days = line_days.filter(line_days.local_date >= first, line_days.local_date <= ibis.literal(as_of))
    offers = days.group_by("member_id").agg(lines=days.lines.sum(), discounted=days.discounted.sum())
    share = offers.select(
        "member_id", discount_share=offers.discounted.cast("float64") / offers.lines.nullif(0)
    )
    parts = (rfm_scores(measures, scheme=scheme), lifecycle_of(known, as_of=as_of), channel, share)
    return reduce(
        lambda left, right: left.left_join(right, "member_id").drop("member_id_right"), parts, measures
    )


def fixed_layers(traits: ir.Table) -> Mapping[str, ir.Table]:
    """Every scheme that traits alone decide: its name → ``member_id, layer, score``.

    ``traits``: the columns of the lake's table, one row per member.  Schemes: ``rfm, lifecycle, spend,
    value_lifecycle`` (spend × lifecycle), ``rhythm, discount, channel``.
    """
    value, life = spend(traits), lifecycle(traits)
    return MappingProxyType(
        {
            "rfm": rfm(traits),
            "lifecycle": life,
            "spend": value,
            "value_lifecycle": cross(value, life),
            "rhythm": rhythm(traits),
            "discount": discount(traits),
            "channel": by_trait(traits, "preferred_channel"),
        }
    )
