"""Two items of the range beside one another."""

from __future__ import annotations

from ninja import Schema


class AffinityPair(Schema):
    """Who has ``left`` in the basket: how often also ``right``, against chance.  See the table ``affinities``."""

    left: str
    left_name: str
    right: str
    right_name: str
    level: str
    kind: str
    baskets: int
    support: float
    confidence: float
    lift: float
    low: float
    high: float
    p_adjusted: float
