"""The shortest way to earn and to spend: on PostgreSQL one statement writes all the rows.

The stored functions (migration 0008) write the very rows of ``book``, the same hash chain included, and
do nothing when the wallet needs more thought: something is due, points are owed, its clock is ahead, there
are too few points, or the key was used.  Then, where points end with inactivity, and on SQLite, the answer is
``None`` and the caller goes the long way, which tells what is wrong.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from shuke.apps.loyalty.models import PointsTransaction, Wallet
from shuke.apps.loyalty.operations.copies import copies_of
from shuke.apps.loyalty.queries.states import ends_with_inactivity
from shuke.apps.loyalty.rules.postings import NewLot, Posting
from shuke.apps.loyalty.schemas import Balances, PostingOutcome, Request
from shuke.platform.ids import new_ids

EARN = "SELECT * FROM loyalty_earn(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
BURN = "SELECT * FROM loyalty_burn(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"

#: Since when, from when and until when points live: earned, usable, ended.
Life = tuple[datetime, datetime, datetime | None]


def is_here() -> bool:
    """Whether the database has the stored functions."""
    return connection.vendor == "postgresql"


def earn(
    wallet: Wallet, *, request: Request, digest: str, points: int, life: Life, time_zone: str = ""
) -> PostingOutcome | None:
    """Award points as a lot of their own.  ``None``: go the long way."""
    since, starts, ends = life
    effective_at = min(since, request.at)
    bucket = "pending" if starts > effective_at else "available"
    due_at = starts if bucket == "pending" else ends
    # What is due at once is posted by the settling that follows.
    if not is_here() or ends_with_inactivity(wallet) or (due_at is not None and due_at <= request.at):
        return None
    row = _row(wallet, request=request, kind="earn", effective_at=effective_at)
    lot = NewLot(0, points, starts, ends, bucket)
    posting = Posting({"issued": -points, bucket: points}, new_lots=(lot,))
    values = [*_facts(row, digest), points, bucket, starts, ends, due_at, effective_at]
    copies = _copies(row, posting, time_zone)
    return _done(row, posting, _asked(EARN, [*values, request.at, copies]))


def burn(wallet: Wallet, *, request: Request, digest: str, points: int) -> PostingOutcome | None:
    """Spend points, soonest to end first.  ``None``: go the long way."""
    if not is_here() or ends_with_inactivity(wallet) or points <= 0:
        return None
    row = _row(wallet, request=request, kind="commit", effective_at=request.at)
    posting = Posting({"available": -points, "redeemed": points})
    values: list[Any] = [*_facts(row, digest), points, request.at, _copies(row, posting)]
    return _done(row, posting, _asked(BURN, values))


def _row(wallet: Wallet, *, request: Request, kind: str, effective_at: datetime) -> PointsTransaction:
    return PointsTransaction(
        public_id=new_ids("ptx", 1)[0],
        wallet=wallet,
        kind=kind,
        key=request.key,
        source=request.source,
        reason=request.reason,
        note=request.note,
        actor=request.actor,
        effective_at=effective_at,
        recorded_at=request.at,
    )


def _facts(row: PointsTransaction, digest: str) -> list[object]:
    named = [row.public_id, row.key, digest, row.source, row.reason, row.note, row.actor]
    return [row.wallet_id, *named]


def _copies(row: PointsTransaction, posting: Posting, time_zone: str = "") -> str:
    return json.dumps(copies_of([(row, posting)], time_zone=time_zone))


def _asked(statement: str, values: Sequence[Any]) -> tuple[int, int, int, int] | None:
    """The wallet's pending, available, held and debt afterwards; ``None`` if nothing was done."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        found = cursor.fetchone()
    return found if found and found[0] is not None else None


def _done(
    row: PointsTransaction, posting: Posting, balances: tuple[int, int, int, int] | None
) -> PostingOutcome | None:
    if balances is None:
        return None
    pending, available, held, debt = balances
    return PostingOutcome(
        outcome="created",
        transaction_id=row.public_id,
        kind=row.kind,
        effective_at=row.effective_at,
        recorded_at=row.recorded_at,
        entries=dict(posting.entries),
        balances=Balances(pending=pending, available=available, held=held, debt=-debt),
    )
