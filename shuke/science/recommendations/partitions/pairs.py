"""Which items meet, and how often: a self-join of receipts with caps, and the sides of one of members, for any engine.

Pairs grow with the square of what is joined, so both sides are held: a receipt of more than ``longest`` items (of a
wholesaler) joins nothing, and of an item in more than ``most`` receipts only so many, drawn by a fixed rule, look for
others.  What is drawn stands for all: counts are told beside the number of receipts that were looked at.
"""

from __future__ import annotations

import ibis
import numpy as np
from ibis.expr import types as ir

#: A prime below 2^31 and two multipliers below it: products stay whole numbers of 64 bits on every engine.
PRIME = 2_147_483_647
OF_MEMBER, OF_TIME = 1_103_515_245, 1_664_525_013


def short_baskets(lines: ir.Table, *, longest: int) -> ir.Table:
    """``member, basket, placed, item`` of the baskets with at most ``longest`` items."""
    sized = lines.mutate(size=lines.count().over(group_by=["member", "basket"]))
    return sized.filter(sized.size <= longest).select("member", "basket", "placed", "item")


def basket_pairs(short: ir.Table, *, most: int) -> ir.Table:
    """``item, other, both``: of the at most ``most`` baskets of an item that are looked at, those that hold the other.

    ``both`` of an item with itself is how many were looked at.
    """
    draw = (short.member.cast("int64") * OF_MEMBER + short.placed % PRIME * OF_TIME) % PRIME
    drawn = short.mutate(draw=draw)
    place = ibis.row_number().over(group_by="item", order_by=[drawn.draw, drawn.member, drawn.basket])
    placed = drawn.mutate(place=place)
    looking = placed.filter(placed.place < most).select("member", "basket", "item")
    met = looking.join(short.select("member", "basket", other="item"), ["member", "basket"])
    return met.group_by("item", "other").agg(both=met.count())


def taste_vectors(counted: ir.Table, *, items: int) -> ir.Table:
    """``member, item, weight``: vectors of items over members, weighted by TF-IDF, each of length 1.

    ``counted``: see ``coding.member_items``; ``items`` in the vocabulary.  See ``item_knn``.
    """
    held = counted.count().over(group_by="member").cast("float64")
    rarity = float(np.log1p(items)) - (held + 1.0).ln()
    raw = counted.mutate(raw=counted.baskets.cast("float64").sqrt() * rarity)
    length = (raw.raw * raw.raw).sum().over(group_by="item").sqrt()
    return raw.mutate(weight=raw.raw / length.nullif(0.0)).select("member", "item", "weight")


def taste_sides(vectors: ir.Table, *, widest: int, most: int) -> tuple[ir.Table, ir.Table]:
    """Who looks for others, ``member, item, own``, and who is looked at, ``member, item, weight``.

    Members with more than ``widest`` items join nothing.  Of an item with more than ``most`` members only so many,
    drawn by a fixed rule, look for others.
    """
    sized = vectors.mutate(size=vectors.count().over(group_by="member"))
    inside = sized.filter(sized["size"] <= widest).filter(sized.weight.notnull())
    drawn = inside.mutate(draw=inside.member.cast("int64") * OF_MEMBER % PRIME)
    place = ibis.row_number().over(group_by="item", order_by=[drawn.draw, drawn.member])
    placed = drawn.mutate(place=place)
    looking = placed.filter(placed.place < most).select("member", "item", own="weight")
    return looking, inside.select("member", "item", "weight")
