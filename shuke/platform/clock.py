"""The clock.  Only doors read it; everything below takes the time as an argument."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo


def now() -> datetime:
    """The present moment, aware, in UTC, with microseconds."""
    return datetime.now(UTC)


def business_date(moment: datetime, time_zone: str) -> date:
    """The date of ``moment`` in the retailer's time zone.  ``moment`` must be aware."""
    if moment.tzinfo is None:
        raise ValueError("A moment without a time zone has no business date; pass an aware datetime.")
    return moment.astimezone(ZoneInfo(time_zone)).date()
