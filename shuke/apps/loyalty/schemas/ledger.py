"""What others see of points."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from ninja import Schema
from pydantic import Field


@dataclass(frozen=True)
class Request:
    """What every change is asked with.

    ``key`` makes it happen once: the same key with the same request gives the same answer again, with
    another request it is refused.  ``source`` is what caused it (an order id), ``reason`` a short code.
    """

    key: str
    actor: str
    at: datetime
    source: str = ""
    reason: str = ""
    note: str = ""


class Balances(Schema):
    """Points of a wallet by account; ``debt`` is what the member owes, as a positive number."""

    pending: int
    available: int
    held: int
    debt: int


class PostingOutcome(Schema):
    """A posted transaction.  ``outcome`` is created or, for a repeated request, replayed."""

    outcome: Literal["created", "replayed"]
    transaction_id: str
    kind: str
    effective_at: datetime
    recorded_at: datetime
    entries: dict[str, int]
    balances: Balances


class PointsTypeView(Schema):
    """One currency of the programme; ``name`` is in the reader's language, ``names`` are all by language."""

    code: str
    name: str
    names: dict[str, str] = Field(default_factory=dict)
    is_spendable: bool
    expiry: dict[str, Any]
    activation_days: int
    return_policy: str
    adjustment_limit: int | None = None


class LotView(Schema):
    """One lot of a wallet as of a moment."""

    number: int
    points: int
    activates_at: datetime
    expires_at: datetime | None
    source: str
    buckets: dict[str, int]


class TransactionView(Schema):
    """One line of a member's statement."""

    id: str
    kind: str
    effective_at: datetime
    recorded_at: datetime
    source: str
    reason: str
    note: str
    actor: str
    entries: dict[str, int]
    balances: Balances


class WalletView(Schema):
    """A wallet as of a moment, with its lots that still hold points."""

    points_type: str
    balances: Balances
    lots: list[LotView]
    at: datetime
