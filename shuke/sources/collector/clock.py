"""When an event happened, by a sender's clock that may be wrong (docs/algorithms/collector.md)."""

from __future__ import annotations

from datetime import UTC, datetime

SECOND = 1_000_000
#: A clock that differs by more is not corrected: the difference is not one of clocks.
MOST_SKEW = 24 * 3600 * SECOND
#: Times before 2000 are those of devices that forgot theirs.
OLDEST = 946_684_800 * SECOND


def moment(value: object) -> int | None:
    """Microseconds since 1970 of an ISO 8601 text or a number of seconds or milliseconds, ``None`` if it is neither.

    A time without a zone is taken for UTC.
    """
    if isinstance(value, str):
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            return None
        if found.tzinfo is None:
            found = found.replace(tzinfo=UTC)
        try:
            return round(found.timestamp() * SECOND)
        except (OverflowError, ValueError):
            return None
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e14:
        return round(value * 1_000) if value > 1e11 else round(value * SECOND)
    return None


def occurred_at(timestamp: int, *, sent_at: int | None, received_at: int) -> int:
    """The time by our clock.  All in microseconds."""
    if sent_at is not None and abs(sent_at - received_at) <= MOST_SKEW:
        timestamp -= sent_at - received_at
    return min(timestamp, received_at)
