"""What others see of the care of the ledger: verifications, adjustments, reminders."""

from datetime import date, datetime
from typing import Literal

from ninja import Schema


class CheckView(Schema):
    """What one check of a verification found; ``examples`` are the first sentences that tell of it."""

    number: int
    title: str
    found: int
    examples: list[str]
    seconds: float


class VerificationView(Schema):
    """One look at the whole ledger.  ``heads_digest`` stands for every head (SHA-256, 64 hex)."""

    id: str
    started_at: datetime
    finished_at: datetime
    is_full: bool
    started_by: str
    wallets: int
    wallets_looked_at: int
    transactions: int
    findings: int
    heads_digest: str
    checks: list[CheckView]


class AccountSum(Schema):
    """The sum of one account over all transactions of a points type."""

    points_type: str
    account: str
    points: int


class PostingsOfDay(Schema):
    """Transactions of one kind that were recorded on one business day."""

    day: date
    kind: str
    count: int


class AdjustmentView(Schema):
    """Points given or taken by hand: posted at once, or waiting for a second person, or rejected."""

    id: str
    state: Literal["waiting", "posted", "rejected"]
    member_id: str
    points_type: str
    points: int
    reason: str
    note: str
    requester_id: str
    requester_name: str
    requested_at: datetime
    decider_name: str
    decided_at: datetime | None
    answer: str
    transaction_id: str | None
