"""Until when an exchange of points for a voucher may be undone by the member."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from shuke.apps.loyalty.rules.expiry import LAST_MOMENT


def back_through(made_at: datetime, *, days: int | None, time_zone: str) -> datetime | None:
    """The last moment of the day ``days`` days after that of the exchange; ``None`` is never.

    >>> back_through(datetime(2026, 1, 5, 15, 59, tzinfo=UTC), days=7, time_zone="Asia/Shanghai").isoformat()
    '2026-01-12T15:59:59.999999+00:00'
    """
    if days is None:
        return None
    zone = ZoneInfo(time_zone)
    last = made_at.astimezone(zone).date() + timedelta(days=days)
    return datetime.combine(last, LAST_MOMENT, zone).astimezone(UTC)
