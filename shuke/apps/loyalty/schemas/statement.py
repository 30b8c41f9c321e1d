"""A member's points as people read them."""

from datetime import datetime

from ninja import Schema

from shuke.apps.loyalty.schemas.ledger import Balances, TransactionView


class NextEnding(Schema):
    """The next points that end: how many, and the last moment at which they count."""

    ends_at: datetime
    points: int


class PointsSummary(Schema):
    """What a member has of one points type."""

    points_type: str
    name: str
    is_spendable: bool
    balances: Balances
    next_ending: NextEnding | None


class LotStory(Schema):
    """One lot and what became of its points.

    ``kind`` and ``source`` say what made it, ``buckets`` where its points are or have gone, ``turn`` when it
    will be used: 1 is next, empty if nothing of it can be.
    """

    number: int
    points: int
    activates_at: datetime
    expires_at: datetime | None
    kind: str
    source: str
    transaction_id: str
    earned_at: datetime
    buckets: dict[str, int]
    turn: int | None


class LotChange(Schema):
    """What a posting did to one bucket of one lot."""

    lot: int
    bucket: str
    points: int


class StatementLine(TransactionView):
    """A posting: ``change`` is what the member has more or less by it."""

    change: int
    changes: list[LotChange]
