"""What others see of permission."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from ninja import Schema
from pydantic import Field


@dataclass(frozen=True)
class Decision:
    """A member's decision about a channel and purpose; ``state`` is granted or withdrawn."""

    member_id: str
    channel: str
    purpose: str
    state: str
    decided_at: datetime
    source: str
    evidence: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Verdict:
    """Whether a member may be contacted, and why not: no_consent, withdrawn, suppressed:<reason>, erased."""

    allowed: bool
    reason: str = ""


class ConsentView(Schema):
    """The newest decision."""

    channel: str
    purpose: str
    state: str
    decided_at: datetime


class DecisionView(Schema):
    """One decision of the history."""

    channel: str
    purpose: str
    state: str
    decided_at: datetime
    source: str


class NewDecision(Schema):
    """A decision told by API; the time is now, the source the API."""

    channel: str = Field(min_length=1, max_length=20, pattern="^[a-z_]+$")
    purpose: str = Field(min_length=1, max_length=20, pattern="^[a-z_]+$")
    state: Literal["granted", "withdrawn"]
    evidence: str = Field("", max_length=500)
