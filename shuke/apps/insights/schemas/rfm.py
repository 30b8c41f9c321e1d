"""How members are scored, and what another way would make of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated

from ninja import Schema
from pydantic import Field

from shuke.science.rfm_scheme import ANY, SCORES, Explanation, Method, RfmScheme


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


class SegmentMove(Schema):
    """How many members would go from one segment to another."""

    was: str
    would_be: str
    members: int


class RfmRuleShare(Schema):
    """What a rule decides: of the 125 scores, and of the members.  The last one is the rest.

    ``scores`` 0 means that it can never decide: the rules of ``taken_by`` take all that it asks for, or, where none do,
    its own ranges contradict one another.
    """

    rule: int
    segment: str
    scores: int
    taken_by: list[int]
    members: int = 0


class RfmPreview(Schema):
    """What a scheme would make of the members of the newest build.  ``moved`` of ``members`` change their segment."""

    as_of: date | None = None
    members: int = 0
    moved: int = 0
    segments: list[SegmentChange] = Field(default_factory=list)
    moves: list[SegmentMove] = Field(default_factory=list)
    rules: list[RfmRuleShare] = Field(default_factory=list)


Score = Annotated[int, Field(ge=1, le=SCORES)]
Border = Annotated[int, Field(ge=0, le=10**15)]
Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


class RfmRule(Schema):
    """Scores within all four ranges (both ends included) mean the segment."""

    segment: Code
    recency: tuple[Score, Score] = ANY
    combined: tuple[Score, Score] = Field(
        ANY, description="The mean of frequency and money, a half rounded up."
    )
    frequency: tuple[Score, Score] = ANY
    monetary: tuple[Score, Score] = ANY


class RfmSegmentName(Schema):
    """What a segment is called."""

    segment: Code
    english: str = Field(min_length=1, max_length=40)
    chinese: str = Field(min_length=1, max_length=40)


class RfmSchemeBody(Schema):
    """A scheme: how scores are given, and which rule names them; the first rule that holds decides."""

    method: Method = "quantiles"
    recency_days: list[Border] = Field([], max_length=SCORES - 1)
    frequency: list[Border] = Field([], max_length=SCORES - 1)
    monetary_minor: list[Border] = Field([], max_length=SCORES - 1)
    rules: list[RfmRule] = Field(max_length=40)
    rest: Code = Field(description="The segment of every score that no rule holds for.")
    outside: Code = Field("lost", description="The segment of who bought before the last year only.")
    names: list[RfmSegmentName] = Field(
        [], max_length=30, description="Own names; the others are the standard ones."
    )


class RfmSchemeView(RfmSchemeBody):
    """A version of the scheme; number 0 is the one that everybody begins with."""

    number: int
    author_name: str = ""
    created_at: datetime | None = None


class RfmSchemeChange(Schema):
    """``version`` is the number of the version that was changed."""

    version: int = Field(ge=0)
    scheme: RfmSchemeBody


@dataclass(frozen=True)
class MemberExplanation:
    """Why a member is in its segment as of a day: what it did, and what the scheme of that build makes of it."""

    as_of: date
    recency_days: int | None
    frequency: int
    monetary_minor: int
    explanation: Explanation
    scheme: RfmScheme
