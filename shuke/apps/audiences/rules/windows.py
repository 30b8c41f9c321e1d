"""Business days: which ones a window holds, and which days of the year come soon."""

from __future__ import annotations

from calendar import isleap
from datetime import date, timedelta

from shuke.apps.audiences.rules.conditions import Between, LastDays, Window


def bounds(window: Window, *, today: date) -> tuple[date | None, date]:
    """First and last business day of the window, both included; no first day for ever.

    Nothing after ``today`` is ever looked at, so that yesterday's audience can be drawn again.
    """
    if isinstance(window, LastDays):
        return today - timedelta(days=window.days - 1), today
    if isinstance(window, Between):
        return window.start, min(window.end, today)
    return None, today


def days_of_year(today: date, *, within_days: int) -> tuple[str, ...]:
    """MM-DD of today and the next ``within_days`` days.

    Who was born on 29 February celebrates on 28 February in a year without that day.
    """
    days: dict[str, None] = {}
    for offset in range(within_days + 1):
        day = today + timedelta(days=offset)
        days[f"{day:%m-%d}"] = None
        if (day.month, day.day) == (2, 28) and not isleap(day.year):
            days["02-29"] = None
    return tuple(days)
