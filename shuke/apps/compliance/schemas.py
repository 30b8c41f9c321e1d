"""What others see of permission."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ninja import Schema


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
