"""Birthdays as people and systems write them: with and without a year, by the sun or the moon."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from lunar_python import Lunar

from shuke.sources.cleaning.widths import narrowed, unguarded

OLDEST_YEARS = 120
#: What systems fill in where they know nothing.
DEFAULTS = frozenset({date(1900, 1, 1), date(1970, 1, 1), date(1899, 12, 30), date(1, 1, 1)})
_YMD = re.compile(r"(\d{4})[-/.年 ]{1,2}(\d{1,2})[-/.月 ]{1,2}(\d{1,2})日?")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_MONTH_DAY = re.compile(r"(?:--)?(\d{1,2})[-/.月](\d{1,2})日?")
_LUNAR = re.compile(
    r"(?:农历|阴历)?(?:(\d{4})年)?(闰)?([正一二三四五六七八九十冬腊]{1,2})月(初?[一二三四五六七八九十廿卅]{1,3})日?"
)
_EXCEL = re.compile(r"\d{4,5}(\.0+)?")
_MONTHS = {"正": 1, "冬": 11, "腊": 12}
_DIGITS = {digit: place for place, digit in enumerate("一二三四五六七八九", 1)}


@dataclass(frozen=True)
class Birthday:
    """``day`` where the year is known; ``month_day`` (MM-DD) always.  ``is_lunar``: by the moon's calendar.

    A lunar birthday with a year is the day on which it was; without one, ``month_day`` is the moon's.
    """

    month_day: str
    day: date | None = None
    is_lunar: bool = False


def normalised_birthday(text: str, *, today: date) -> Birthday | None:
    """The birthday, or ``None`` for what is none: the future, over 120 years ago, a default, no such day.

    >>> normalised_birthday("1990年2月3日", today=date(2026, 1, 1)).day
    datetime.date(1990, 2, 3)
    >>> normalised_birthday("02-29", today=date(2026, 1, 1)).month_day
    '02-29'
    """
    bare = re.sub(r"[ T]\d{1,2}:\d{2}(:\d{2})?.*$", "", unguarded(narrowed(text)))
    found = _solar(bare) or _lunar(bare)
    if found is None or found.day is None:
        return found
    return found if is_plausible(found.day, today=today) else None


def is_plausible(day: date, *, today: date) -> bool:
    """Whether somebody who shops may have been born then, and no system filled it in."""
    return day not in DEFAULTS and today.year - OLDEST_YEARS < day.year and day < today


def _solar(text: str) -> Birthday | None:
    for pattern in (_YMD, _COMPACT):
        match = pattern.fullmatch(text)
        if match:
            return _of_day(*(int(part) for part in match.groups()))
    match = _MONTH_DAY.fullmatch(text)
    if match:
        month, day = (int(part) for part in match.groups())
        # 2000 was a leap year: the 29th of February is a birthday too.
        found = _of_day(2000, month, day)
        return Birthday(found.month_day) if found else None
    if _EXCEL.fullmatch(text) and 5_000 <= float(text) < 80_000:
        return _known(date(1899, 12, 30) + timedelta(days=int(float(text))))
    return None


def _of_day(year: int, month: int, day: int) -> Birthday | None:
    try:
        return _known(date(year, month, day))
    except ValueError:
        return None


def _known(day: date) -> Birthday:
    return Birthday(f"{day:%m-%d}", day)


def _lunar(text: str) -> Birthday | None:
    """农历八月十五, with or without a year; a leap month (闰) with one only."""
    match = _LUNAR.fullmatch(text)
    if match is None:
        return None
    year, leap, month_word, day_word = match.groups()
    month, day = _number(month_word), _number(day_word.removeprefix("初"))
    if not 1 <= month <= 12 or not 1 <= day <= 30 or (leap and not year):
        return None
    if year is None:
        return Birthday(f"{month:02d}-{day:02d}", is_lunar=True)
    try:
        solar = Lunar.fromYmd(int(year), -month if leap else month, day).getSolar()
    except Exception:  # noqa: BLE001 - the library raises its base class for months and days that a year lacks
        return None
    return Birthday(
        f"{month:02d}-{day:02d}", date(solar.getYear(), solar.getMonth(), solar.getDay()), is_lunar=True
    )


def _number(word: str) -> int:
    """1 to 30 in Chinese: 正, 冬, 腊, 十五, 廿三, 三十."""
    if word in _MONTHS:
        return _MONTHS[word]
    tens = {"廿": 20, "卅": 30}.get(word[0])
    if tens is not None:
        return tens + _DIGITS.get(word[1:].removeprefix("十"), 0)
    before, ten, after = word.partition("十")
    if not ten:
        return _DIGITS.get(word, 0)
    return _DIGITS.get(before, 1) * 10 + _DIGITS.get(after, 0)
