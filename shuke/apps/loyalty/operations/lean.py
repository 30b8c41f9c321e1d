"""The shortest way to earn and to spend: on PostgreSQL one prepared statement is all that a posting asks.

The stored functions (migration 0013) find the wallet, write the very rows of ``book``, the same hash chain
included, and do nothing when the wallet needs more thought: it is new or was merged, something is due, points
are owed, its clock is ahead, there are too few points, or the key was used.  Then, where points end with
inactivity, and on SQLite, the answer is ``None`` and the caller goes the long way, which tells what is wrong.

What the points type and the retailer say is remembered from call to call.  The functions compare it with the
rows in the same statement and do nothing if it changed; then it is read anew.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, cast

from django.db import connection
from django.db.backends.utils import CursorWrapper

from shuke.apps.loyalty.models import PointsType
from shuke.apps.loyalty.operations.copies import Copied, payload_of
from shuke.apps.loyalty.operations.once import digest_of
from shuke.apps.loyalty.rules.expiry import Expiry, activation_time
from shuke.apps.loyalty.schemas import Balances, PostingOutcome, Request
from shuke.platform.ids import new_ids
from shuke.platform.retailer.queries import retailer

EARN = f"SELECT * FROM loyalty_earn({', '.join(['%s'] * 20)})"  # noqa: S608
BURN = f"SELECT * FROM loyalty_burn({', '.join(['%s'] * 13)})"  # noqa: S608


@dataclass(frozen=True)
class Terms:
    """What a points type and the retailer say, as they were last read; ``expiry_text`` is the type's JSON."""

    type_id: int
    is_spendable: bool
    expiry: Expiry
    expiry_text: str
    activation_days: int
    time_zone: str


class Life(NamedTuple):
    """When points were earned, can be used and end, as far as the caller says so."""

    earned_at: datetime | None = None
    activates_at: datetime | None = None
    expires_at: datetime | None = None


_TERMS: dict[str, Terms] = {}


def is_here() -> bool:
    """Whether the database has the stored functions."""
    return connection.vendor == "postgresql"


def earn(
    request: Request, *, member_id: str, points_type: str, points: int, life: Life, details: Mapping[str, Any]
) -> PostingOutcome | None:
    """Award points as a lot of their own; ``details`` are those of ``once``.  ``None``: go the long way."""
    terms = _terms(points_type) if is_here() else None
    if terms is None:
        return None
    since = life.earned_at or request.at
    starts = life.activates_at or activation_time(since, days=terms.activation_days)
    ends = life.expires_at or terms.expiry.end(since, time_zone=terms.time_zone)
    effective_at = min(since, request.at)
    bucket = "pending" if starts > effective_at else "available"
    due_at = starts if bucket == "pending" else ends
    # What is due at once is posted by the settling that follows; a life that ends before it begins is refused.
    if (due_at is not None and due_at <= request.at) or (ends is not None and ends <= starts):
        return None
    entries = {"issued": -points, bucket: points}
    copied = _copied(request, member_id=member_id, points_type=points_type, kind="earn", at=effective_at)
    values = [
        *(member_id, terms.type_id, terms.expiry_text, terms.activation_days, terms.time_zone),
        *_facts(request, copied, digest_of(request, operation="award", details=details)),
        *(points, bucket, starts, ends, due_at, effective_at, request.at),
        json.dumps(payload_of(copied, entries, expires_at=ends, time_zone=terms.time_zone)),
    ]
    return _asked(EARN, values, request=request, copied=copied, entries=entries)


def burn(
    request: Request, *, member_id: str, points_type: str, points: int, details: Mapping[str, Any]
) -> PostingOutcome | None:
    """Spend points, soonest to end first; ``details`` are those of ``once``.  ``None``: go the long way."""
    terms = _terms(points_type) if points > 0 and is_here() else None
    if terms is None or not terms.is_spendable:
        return None
    entries = {"available": -points, "redeemed": points}
    copied = _copied(request, member_id=member_id, points_type=points_type, kind="commit", at=request.at)
    values = [
        *(member_id, terms.type_id, terms.time_zone),
        *_facts(request, copied, digest_of(request, operation="spend", details=details)),
        *(points, request.at),
        json.dumps(payload_of(copied, entries, time_zone=terms.time_zone)),
    ]
    return _asked(BURN, values, request=request, copied=copied, entries=entries)


def _terms(points_type: str) -> Terms | None:
    """What is remembered of a points type, read if nothing is; ``None`` for those that go the long way."""
    # Another thread may forget it meanwhile.
    if (known := _TERMS.get(points_type)) is not None:
        return known
    row = PointsType.objects.filter(code=points_type).first()
    if row is None or row.expiry.get("policy") == "inactivity":
        return None
    found = Terms(
        type_id=row.pk,
        is_spendable=row.is_spendable,
        expiry=Expiry(**row.expiry),
        expiry_text=json.dumps(row.expiry),
        activation_days=row.activation_days,
        time_zone=retailer().time_zone,
    )
    _TERMS[points_type] = found
    return found


def _copied(request: Request, *, member_id: str, points_type: str, kind: str, at: datetime) -> Copied:
    return Copied(
        transaction_id=new_ids("ptx", 1)[0],
        member_id=member_id,
        points_type=points_type,
        kind=kind,
        source=request.source,
        effective_at=at,
    )


def _facts(request: Request, copied: Copied, digest: str) -> tuple[str, ...]:
    named = (copied.transaction_id, request.key, digest, request.source, request.reason, request.note)
    return (*named, request.actor)


def _cursor() -> CursorWrapper:
    """A cursor whose statements the server prepares once per connection (``prepare_threshold`` in the settings)."""
    # Where the database is SQLite the driver need not be there.
    from django.db.backends.postgresql import base

    wrapper: Any = connection
    wrapper.ensure_connection()
    bare = cast("Any", base).ServerBindingCursor(wrapper.connection)
    return cast("CursorWrapper", wrapper._prepare_cursor(bare))


def _asked(
    statement: str, values: Sequence[Any], *, request: Request, copied: Copied, entries: Mapping[str, int]
) -> PostingOutcome | None:
    """Call a function: what was posted, or ``None`` if it did nothing."""
    with _cursor() as cursor:
        cursor.execute(statement, values)
        found = cursor.fetchone()
    if found is None or found[0] is None:
        _TERMS.pop(copied.points_type, None)
        return None
    pending, available, held, debt = found
    # Not checked once more: what the database answers are whole numbers.
    return PostingOutcome.model_construct(
        outcome="created",
        transaction_id=copied.transaction_id,
        kind=copied.kind,
        effective_at=copied.effective_at,
        recorded_at=request.at,
        entries=dict(entries),
        balances=Balances.model_construct(pending=pending, available=available, held=held, debt=-debt),
    )
