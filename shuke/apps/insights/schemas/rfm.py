"""How members are scored, and what another way would make of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from ninja import Schema

from shuke.science.rfm_scheme import Explanation, RfmScheme


@dataclass(frozen=True)
class RfmVersionView:
    """A version of the retailer's scheme; number 0 is the one that everybody begins with."""

    number: int
    scheme: RfmScheme
    author_name: str = ""
    created_at: datetime | None = None


class SegmentChange(Schema):
    """How many members a segment has, and how many it would have."""

    segment: str
    members: int
    would_be: int


@dataclass(frozen=True)
class MemberExplanation:
    """Why a member is in its segment as of a day: what it did, and what the scheme of that build makes of it."""

    as_of: date
    recency_days: int | None
    frequency: int
    monetary_minor: int
    explanation: Explanation
    scheme: RfmScheme
