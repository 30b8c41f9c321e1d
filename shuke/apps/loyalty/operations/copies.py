"""The copies that the lake gets of every posting."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from shuke.apps.loyalty.models import PointsTransaction
from shuke.apps.loyalty.rules.postings import WALLET_ACCOUNTS, Account, Posting
from shuke.platform.outbox.operations import payload_rows, record


class Copied(NamedTuple):
    """What a copy says of a transaction besides its entries."""

    transaction_id: str
    member_id: str
    points_type: str
    kind: str
    source: str
    effective_at: datetime


def record_copies(written: Sequence[tuple[PointsTransaction, Posting]]) -> None:
    """Queue the copies of postings for the lake, in the database transaction that wrote them.

    Every flush of the ledger calls it once, after all rows are written, with what it wrote in the order of
    posting: often one, tens of thousands when a history is replayed.  ``wallet``, ``wallet.member``,
    ``wallet.points_type`` and ``related`` are loaded: reading them costs no query.

    The lean path makes its copies *before* it knows the wallet's row, so a copy says nothing that the ledger
    alone knows: no ``pk``, ``previous_hash`` or ``balances`` (a transaction is known by its ``public_id``).

    Only entries on accounts of the programme are copied (``tables/points_entries.py``): activations and
    holds move points within the wallet, tell the lake nothing, and are half of all postings.
    """
    record("points_entries", _facts(written))


def payload_of(
    copied: Copied, entries: Mapping[Account, int], *, expires_at: datetime | None = None, time_zone: str
) -> list[dict[str, Any]]:
    """The copies of one posting as they wait for the relay, for the stored functions that queue them by themselves."""
    rows = _rows(copied, entries, expires_at=expires_at)
    return list(payload_rows("points_entries", rows, time_zone=time_zone))


def _facts(written: Sequence[tuple[PointsTransaction, Posting]]) -> Iterator[dict[str, Any]]:
    for transaction, posting in written:
        wallet = transaction.wallet
        copied = Copied(
            transaction_id=transaction.public_id,
            member_id=wallet.member.public_id,
            points_type=wallet.points_type.code,
            kind=transaction.kind,
            source=transaction.source,
            effective_at=transaction.effective_at,
        )
        ends = min((lot.expires_at for lot in posting.new_lots if lot.expires_at), default=None)
        yield from _rows(copied, posting.entries, expires_at=ends)


def _rows(
    copied: Copied, entries: Mapping[Account, int], *, expires_at: datetime | None
) -> Iterator[dict[str, Any]]:
    for account, points in entries.items():
        if account not in WALLET_ACCOUNTS:
            yield {
                "entry_id": f"{copied.transaction_id}:{account}",
                "txn_id": copied.transaction_id,
                "member_id": copied.member_id,
                "points_type": copied.points_type,
                "kind": copied.kind,
                "account": account,
                "points": -points,
                "expires_at": expires_at,
                "source": copied.source,
                "effective_at": copied.effective_at,
            }
