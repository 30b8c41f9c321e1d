"""The copies that the lake gets of every posting."""

from collections.abc import Iterator, Sequence
from typing import Any

from shuke.apps.loyalty.models import PointsTransaction
from shuke.apps.loyalty.rules.postings import WALLET_ACCOUNTS, Posting
from shuke.platform.outbox.operations import payload_rows, record


def record_copies(written: Sequence[tuple[PointsTransaction, Posting]]) -> None:
    """Queue the copies of postings for the lake, in the database transaction that wrote them.

    Every flush of the ledger calls it once, after all rows are written, with what it wrote in the order of
    posting: often one, tens of thousands when a history is replayed.  ``wallet``, ``wallet.member``,
    ``wallet.points_type`` and ``related`` are loaded: reading them costs no query.

    The stored functions of the lean path ask for the copies *before* they hold the wallet's lock, so a copy
    says nothing of ``pk``, ``previous_hash`` and ``balances`` (a transaction is known by its ``public_id``).

    Only entries on accounts of the programme are copied (``tables/points_entries.py``): activations and
    holds move points within the wallet, tell the lake nothing, and are half of all postings.
    """
    record("points_entries", _facts(written))


def copies_of(
    written: Sequence[tuple[PointsTransaction, Posting]], *, time_zone: str = ""
) -> list[dict[str, Any]]:
    """The copies as they wait for the relay, for the stored functions that queue them by themselves."""
    return list(payload_rows("points_entries", _facts(written), time_zone=time_zone))


def _facts(written: Sequence[tuple[PointsTransaction, Posting]]) -> Iterator[dict[str, Any]]:
    for transaction, posting in written:
        wallet = transaction.wallet
        ends = min((lot.expires_at for lot in posting.new_lots if lot.expires_at), default=None)
        for account, points in posting.entries.items():
            if account not in WALLET_ACCOUNTS:
                yield {
                    "entry_id": f"{transaction.public_id}:{account}",
                    "txn_id": transaction.public_id,
                    "member_id": wallet.member.public_id,
                    "points_type": wallet.points_type.code,
                    "kind": transaction.kind,
                    "account": account,
                    "points": -points,
                    "expires_at": ends,
                    "source": transaction.source,
                    "effective_at": transaction.effective_at,
                }
