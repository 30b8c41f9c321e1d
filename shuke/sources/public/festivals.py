"""Days that move shopping but need not be days off: lunar festivals and shopping seasons."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

from lunar_python import LunarYear, Solar

#: Countries whose rows carry the lunar calendar.
LUNAR_COUNTRIES = frozenset({"CN", "HK", "MO", "MY", "SG", "TW"})

#: (lunar month, lunar day) → festival.  New Year's Eve is the last day of the twelfth month, 29 or 30.
LUNAR_FESTIVALS = {
    (1, 1): "spring_festival",
    (1, 15): "lantern_festival",
    (5, 5): "dragon_boat_festival",
    (7, 7): "qixi",
    (7, 15): "ghost_festival",
    (8, 15): "mid_autumn_festival",
    (9, 9): "double_ninth",
    (12, 8): "laba",
    (12, 23): "little_new_year",
}

#: (month, day) → shopping seasons of China.
CHINESE_SEASONS = {
    (3, 8): "queens_day",
    (5, 20): "five_twenty",
    (6, 1): "childrens_day",
    (6, 18): "six_eighteen",
    (11, 11): "double_eleven",
    (12, 12): "double_twelve",
}

#: (month, day) → days that shops keep in many countries.
FIXED_DAYS = {
    (2, 14): "valentines_day",
    (10, 31): "halloween",
    (12, 24): "christmas_eve",
    (12, 25): "christmas_day",
    (12, 31): "new_years_eve",
}


def festivals(day: date, *, country: str) -> list[str]:
    """Codes of the day's festivals and seasons in the country, sorted; mostly none.

    >>> festivals(date(2026, 2, 17), country="CN")
    ['spring_festival']
    >>> festivals(date(2026, 11, 27), country="US")
    ['black_friday']
    """
    found = {FIXED_DAYS.get((day.month, day.day)), _moving(day)}
    if country in LUNAR_COUNTRIES:
        month, number = lunar_date(day)
        found.add(LUNAR_FESTIVALS.get((month, number)))
        if lunar_date(day + timedelta(days=1)) == (1, 1):
            found.add("lunar_new_years_eve")
    if country == "CN":
        found.add(CHINESE_SEASONS.get((day.month, day.day)))
    return sorted(code for code in found if code)


def lunar_date(day: date) -> tuple[int, int]:
    """Month and day of the Chinese lunar calendar; the month is negative in a leap month.

    >>> lunar_date(date(2025, 7, 25))
    (-6, 1)
    """
    for first, month, days in reversed(_months_about(day.year)):
        if first <= day:
            number = (day - first).days + 1
            if number <= days:
                return month, number
    raise ValueError(f"No lunar month is known for {day}.")


@lru_cache(maxsize=256)
def _months_about(year: int) -> tuple[tuple[date, int, int], ...]:
    """(first day, number, length) of the lunar months that a calendar year touches."""
    months = {}
    for lunar_year in (year - 1, year):
        for month in LunarYear.fromYear(lunar_year).getMonths():
            first = Solar.fromJulianDay(month.getFirstJulianDay())
            start = date(first.getYear(), first.getMonth(), first.getDay())
            months[start] = (start, month.getMonth(), month.getDayCount())
    return tuple(months[start] for start in sorted(months))


def _moving(day: date) -> str | None:
    """Seasons that fall on a weekday of a month."""
    week = (day.day - 1) // 7 + 1
    if day.month == 5 and day.weekday() == 6 and week == 2:
        return "mothers_day"
    if day.month == 6 and day.weekday() == 6 and week == 3:
        return "fathers_day"
    thanksgiving_is_near = day.month in {11, 12}
    if thanksgiving_is_near and day.weekday() == 4 and _is_fourth_thursday(day - timedelta(days=1)):
        return "black_friday"
    if thanksgiving_is_near and day.weekday() == 0 and _is_fourth_thursday(day - timedelta(days=4)):
        return "cyber_monday"
    return None


def _is_fourth_thursday(day: date) -> bool:
    return day.month == 11 and day.weekday() == 3 and (day.day - 1) // 7 + 1 == 4
