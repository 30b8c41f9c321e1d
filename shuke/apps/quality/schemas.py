"""What others see of data quality."""

from datetime import date, datetime
from typing import Any

from ninja import Schema

#: Parts of a score in the order in which they are shown.
PARTS = ("complete", "valid", "unique", "plausible", "consistent")


class CorrectionView(Schema):
    """One correction.  Values of members are masked."""

    id: str
    issue_id: str
    rule: str
    subject: str
    table: str
    column: str
    before: Any
    after: Any
    shown_before: str
    shown_after: str
    state: str
    actor: str
    created_at: datetime
    reverted_by: str
    ended_at: datetime | None

    @property
    def label(self) -> str:
        """The subject as people know it."""
        return self.subject.split(":", maxsplit=1)[-1]

    @property
    def can_be_reverted(self) -> bool:
        """Whether it holds and may be taken back."""
        return self.state == "applied"


class IssueView(Schema):
    """One thing that looks wrong.  ``url`` leads to what it is about."""

    id: str
    rule: str
    account: str
    subject: str
    place: str
    facts: dict[str, Any]
    weight: int
    state: str
    url: str
    message: str
    column: str
    suggestion: Any
    shown_suggestion: str
    currency: str
    decided_by: str
    decided_at: datetime | None
    first_seen_at: datetime
    last_seen_at: datetime

    @property
    def label(self) -> str:
        """The subject as people know it: an order without its account, a line with its number."""
        known = self.subject.split(":", maxsplit=1)[-1]
        return f"{known} · {self.place}" if self.rule in {"far_quantity", "far_price"} else known

    @property
    def can_be_corrected(self) -> bool:
        """Whether setting one value mends it."""
        return bool(self.column)


class ScorePoint(Schema):
    """A source's score on a day."""

    day: date
    total: float


class SourceQuality(Schema):
    """How one account behaves: its newest score, its parts (0 to 1), and the score over time."""

    account_id: str
    account: str
    total: float
    change: float | None
    parts: dict[str, float]
    counts: dict[str, Any]
    days: list[ScorePoint]
    open_issues: int

    @property
    def shares(self) -> list[float | None]:
        """The parts in the order of the rule's weights; ``None`` where unknown."""
        return [self.parts.get(name) for name in PARTS]
