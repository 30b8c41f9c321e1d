"""The words of the ledger: accounts, buckets, lots, and what a posting consists of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

# Accounts and buckets are plain words, as their columns are.  The programme's accounts are issued,
# redeemed, breakage, clawback, adjustment and transfer.
Account = str
Bucket = str
WALLET_ACCOUNTS: tuple[Account, ...] = ("pending", "available", "held", "debt")
#: Where points of a lot still are; they have gone when spent, expired, clawed_back, transferred or written_off.
REMAINING: tuple[Bucket, ...] = ("pending", "available", "held")


@dataclass(slots=True)
class Lot:
    """Points earned together.  ``number`` counts the lots of the wallet from 1.

    Usable from ``activates_at`` through ``expires_at`` (``None``: for ever).
    """

    number: int
    points: int
    activates_at: datetime
    expires_at: datetime | None
    buckets: dict[Bucket, int] = field(default_factory=dict)

    def holds(self, bucket: Bucket) -> int:
        """Points of the lot in that bucket."""
        return self.buckets.get(bucket, 0)


@dataclass(frozen=True, slots=True)
class Move:
    """A change of one bucket of one lot."""

    lot: int
    bucket: Bucket
    delta: int


@dataclass(frozen=True, slots=True)
class NewLot:
    """A lot that a posting makes; its points begin in ``bucket``."""

    number: int
    points: int
    activates_at: datetime
    expires_at: datetime | None
    bucket: Bucket


@dataclass(frozen=True, slots=True)
class Posting:
    """What a transaction writes: amounts per account that sum to zero, moves of lots, new lots."""

    entries: Mapping[Account, int]
    moves: tuple[Move, ...] = ()
    new_lots: tuple[NewLot, ...] = ()

    def __post_init__(self) -> None:
        if sum(self.entries.values()) != 0 or len(self.entries) < 2 or 0 in self.entries.values():
            raise ValueError(f"Entries must balance over two accounts or more: {dict(self.entries)}")


@dataclass(frozen=True, slots=True)
class OpenHold:
    """Points that were set aside until ``expires_at``; ``moves`` are those of the hold."""

    expires_at: datetime
    moves: tuple[Move, ...]


@dataclass(frozen=True, slots=True)
class Due:
    """A posting that time has made, dated at its moment.  ``subject`` is a lot's number or a hold's id."""

    kind: Literal["activate", "expire", "release"]
    at: datetime
    subject: int
    posting: Posting


class Shortfall(Exception):
    """Fewer points than needed: ``available`` of ``needed``."""

    def __init__(self, *, available: int, needed: int) -> None:
        super().__init__(available, needed)
        self.available = available
        self.needed = needed


class Overdrawn(Exception):
    """More would be given or taken back than was recorded: ``left`` of ``asked``."""

    def __init__(self, *, left: int, asked: int) -> None:
        super().__init__(left, asked)
        self.left = left
        self.asked = asked
