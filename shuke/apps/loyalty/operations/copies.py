"""The copies that the lake gets of every posting."""

from collections.abc import Sequence

from shuke.apps.loyalty.models import PointsTransaction
from shuke.apps.loyalty.rules.postings import Posting


def record_copies(written: Sequence[tuple[PointsTransaction, Posting]]) -> None:
    """Queue the copies of postings for the lake, in the database transaction that wrote them.

    Every flush of the ledger calls it once, after all rows are written, with what it wrote in the order of
    posting: often one, tens of thousands when a history is replayed.  ``wallet``, ``wallet.member``,
    ``wallet.points_type`` and ``related`` are loaded: reading them costs no query.

    The stored functions of the lean path ask for the copies *before* they hold the wallet's lock, so a copy
    says nothing of ``pk``, ``previous_hash`` and ``balances`` (a transaction is known by its ``public_id``).
    """
