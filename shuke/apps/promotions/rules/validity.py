"""From when and through when a voucher can be used, in the retailer's time zone."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from shuke.apps.promotions.rules.terms import Terms

#: The last moment of a day that still counts.
LAST_MOMENT = time(23, 59, 59, 999_999)


def day_begins(day: date, *, time_zone: str) -> datetime:
    """The first moment of a day, in UTC."""
    return datetime.combine(day, time(), ZoneInfo(time_zone)).astimezone(UTC)


def day_ends(day: date, *, time_zone: str) -> datetime:
    """The last moment of a day, in UTC."""
    return datetime.combine(day, LAST_MOMENT, ZoneInfo(time_zone)).astimezone(UTC)


def life(
    terms: Terms, *, begins_at: datetime, is_held: bool, time_zone: str
) -> tuple[datetime, datetime | None]:
    """First and last moment of a voucher that came into being, or into somebody's hands (``is_held``), then.

    The days after the claim count from the day of the claim: 0 is that day, 7 is the same weekday of the next week.
    They never reach beyond the terms' last day.  ``None`` is for ever.
    """
    asked = terms.conditions
    first = day_begins(asked.first_day, time_zone=time_zone) if asked.first_day else begins_at
    ends = [day_ends(asked.last_day, time_zone=time_zone)] if asked.last_day else []
    if is_held and terms.days_after_claim is not None:
        claimed = begins_at.astimezone(ZoneInfo(time_zone)).date()
        ends.append(day_ends(claimed + timedelta(days=terms.days_after_claim), time_zone=time_zone))
    return max(first, begins_at), min(ends, default=None)


def renewed_through(
    *, valid_through: datetime, redeemed_at: datetime, at: datetime, time_zone: str
) -> datetime:
    """The end of a voucher that stands for one whose time ran out before the purchase came back.

    It lives as many days as were left at the purchase, counted from today.
    """
    zone = ZoneInfo(time_zone)
    left = valid_through.astimezone(zone).date() - redeemed_at.astimezone(zone).date()
    return day_ends(at.astimezone(zone).date() + left, time_zone=time_zone)
