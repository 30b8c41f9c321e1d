"""When points begin and end, in the retailer's time zone."""

import calendar
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

Policy = Literal["never", "rolling", "end_of_month", "end_of_quarter", "end_of_year", "fixed", "inactivity"]
#: The last moment of a day that still counts.
LAST_MOMENT = time(23, 59, 59, 999_999)


@dataclass(frozen=True)
class Expiry:
    """How long points live.

    ``rolling``: ``months`` after they were earned, through that day.  ``end_of_…``: to the end of the
    month, quarter or year in which that day lies.  ``fixed``: to the next ``month``/``day`` of a year.
    ``inactivity``: all points of a wallet together, ``months`` after its member was last active, through that day.
    """

    policy: Policy = "never"
    months: int = 0
    month: int = 12
    day: int = 31

    def end(self, earned_at: datetime, *, time_zone: str) -> datetime | None:
        """The last moment at which the points count; ``None`` for ever."""
        if self.policy in ("never", "inactivity"):
            return None
        zone = ZoneInfo(time_zone)
        earned = earned_at.astimezone(zone).date()
        return datetime.combine(self._last_day(earned), LAST_MOMENT, zone).astimezone(UTC)

    def end_of_wallet(self, active_at: datetime | None, *, time_zone: str) -> datetime | None:
        """The last moment of points that end with inactivity, counted from the last activity; ``None`` for ever."""
        if self.policy != "inactivity" or active_at is None:
            return None
        zone = ZoneInfo(time_zone)
        last = months_later(active_at.astimezone(zone).date(), self.months)
        return datetime.combine(last, LAST_MOMENT, zone).astimezone(UTC)

    def _last_day(self, earned: date) -> date:
        if self.policy == "fixed":
            this_year = _in_month(earned.year, self.month, self.day)
            return this_year if earned <= this_year else _in_month(earned.year + 1, self.month, self.day)
        day = months_later(earned, self.months)
        if self.policy == "rolling":
            return day
        last_month = {"end_of_month": day.month, "end_of_quarter": (day.month + 2) // 3 * 3}.get(
            self.policy, 12
        )
        return _in_month(day.year, last_month, 31)


def months_later(day: date, months: int) -> date:
    """The same day that many months later, or the month's last day if it has no such day.

    >>> months_later(date(2026, 1, 31), 1)
    datetime.date(2026, 2, 28)
    """
    index = day.year * 12 + day.month - 1 + months
    return _in_month(index // 12, index % 12 + 1, day.day)


def _in_month(year: int, month: int, day: int) -> date:
    return date(year, month, min(day, calendar.monthrange(year, month)[1]))


def activation_time(earned_at: datetime, *, days: int) -> datetime:
    """When points can be used: at once, or after so many times 24 hours."""
    return earned_at + timedelta(days=days)
