"""Calendars of countries: days off, make-up workdays, holidays and festivals.

China's days off follow the State Council's yearly notice, which moves weekends; it is in
``chinesecalendar`` once it is out.  A later year is computed from the law and marked provisional.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from importlib.metadata import version

import holidays
import pyarrow as pa
from chinese_calendar import constants as china
from chinese_calendar import get_holiday_detail

from shuke.sources.public.festivals import LUNAR_COUNTRIES, festivals, lunar_date
from shuke.tables.calendar_days import CALENDAR_DAYS

#: Days looked at before and after the range, so that runs and distances are right at its ends.
MARGIN_DAYS = 400
FIRST_YEAR, LAST_YEAR = 1990, 2099
#: Last year whose notice of days off is in.
NOTICED_YEARS = range(min(china.holidays).year, max(china.holidays).year + 1)


class UnknownCountryError(ValueError):
    """There is no calendar of that country."""


@dataclass(frozen=True)
class _Day:
    kind: str
    holiday: str | None = None
    holiday_zh: str | None = None
    is_provisional: bool = False

    @property
    def is_off(self) -> bool:
        return self.kind in {"weekend", "holiday"}


@lru_cache(maxsize=1)
def countries() -> tuple[str, ...]:
    """Countries that have a calendar, as codes of two letters."""
    return tuple(sorted(holidays.list_supported_countries(include_aliases=False)))


def calendar_days(country: str, *, first: date, last: date) -> pa.Table:
    """A row for each day from ``first`` to ``last``, in the shape of the table ``calendar_days``.

    Raises ``UnknownCountryError``, and ``ValueError`` for days outside 1990 to 2099.
    """
    if country not in countries():
        raise UnknownCountryError(
            f"There is no calendar of {country!r}; use a code of two letters such as CN."
        )
    if not FIRST_YEAR <= first.year <= last.year <= LAST_YEAR or last < first:
        raise ValueError(f"Give days from {FIRST_YEAR} to {LAST_YEAR}, the first before the last.")
    margin = timedelta(days=MARGIN_DAYS)
    days = _days(country, first=first - margin, last=last + margin)
    runs, distances = _runs(days), _distances(days)
    source = edition(country)
    rows = [
        _row(country, day, days[day])
        | {"days_off_run": runs[day], "days_to_holiday": distances[day], "source": source}
        for day in days
        if first <= day <= last
    ]
    return pa.Table.from_pylist(rows, schema=CALENDAR_DAYS.arrow_schema)


def edition(country: str) -> str:
    """Which packages, in which version, the calendar of the country is taken from."""
    names = ["chinesecalendar", "holidays"] if country == "CN" else ["holidays"]
    if country in LUNAR_COUNTRIES:
        names.append("lunar-python")
    return "; ".join(f"{name} {version(name)}" for name in names)


def _row(country: str, day: date, about: _Day) -> dict[str, object]:
    month, number = lunar_date(day) if country in LUNAR_COUNTRIES else (None, None)
    return {
        "country": country,
        "day": day,
        "day_kind": about.kind,
        "is_day_off": about.is_off,
        "holiday": about.holiday,
        "holiday_zh": about.holiday_zh,
        "festivals": festivals(day, country=country),
        "lunar_month": month,
        "lunar_day": number,
        "is_provisional": about.is_provisional,
    }


def _days(country: str, *, first: date, last: date) -> dict[date, _Day]:
    wanted = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    names = _named(country, first=first, last=last)
    chinese = _named(country, first=first, last=last, language="zh_CN")
    calendar = holidays.country_holidays(country, years=range(first.year, last.year + 1))
    found = {}
    for day in wanted:
        if country == "CN" and day.year in NOTICED_YEARS:
            found[day] = _noticed(day)
        elif day in names:
            found[day] = _Day(
                "holiday", names[day], chinese.get(day), is_provisional=_is_guess(country, names[day])
            )
        else:
            is_weekend = calendar.is_weekend(day)
            is_made_up = is_weekend and calendar.is_working_day(day)
            kind = "makeup_workday" if is_made_up else "weekend" if is_weekend else "workday"
            found[day] = _Day(kind, is_provisional=country == "CN")
    return found


def _is_guess(country: str, name: str) -> bool:
    """China's later years have no notice yet; some lunar holidays of other countries are estimates."""
    return country == "CN" or "estimated" in name


def _noticed(day: date) -> _Day:
    """A day of China in a year whose notice is in."""
    is_off, name = get_holiday_detail(day)
    if not is_off:
        return _Day("makeup_workday" if day.weekday() >= 5 else "workday")
    if day not in china.holidays:
        return _Day("weekend")
    words = {each.value: each.chinese for each in china.Holiday}
    return _Day("holiday", name, words.get(str(name)))


def _named(country: str, *, first: date, last: date, language: str = "en_US") -> dict[date, str]:
    """Public holidays by day; without the language, in the country's own; Chinese only if it is known."""
    years = range(first.year, last.year + 1)
    known = holidays.country_holidays(country).supported_languages
    if language not in known:
        if language == "zh_CN":
            return {}
        return dict(holidays.country_holidays(country, years=years).items())
    return dict(holidays.country_holidays(country, years=years, language=language).items())


def _runs(days: dict[date, _Day]) -> dict[date, int]:
    """How many days off in a row a day belongs to; 0 on a workday."""
    lengths: dict[date, int] = {}
    for run in _runs_of(days):
        lengths |= dict.fromkeys(run, len(run))
    return {day: lengths.get(day, 0) for day in days}


def _runs_of(days: dict[date, _Day]) -> Iterator[list[date]]:
    run: list[date] = []
    for day, about in days.items():
        if about.is_off:
            run.append(day)
        elif run:
            yield run
            run = []
    if run:
        yield run


def _distances(days: dict[date, _Day]) -> dict[date, int | None]:
    """Days until the next public holiday, 0 on one, nothing where none follows."""
    found: dict[date, int | None] = {}
    following: date | None = None
    for day in reversed(list(days)):
        if days[day].kind == "holiday":
            following = day
        found[day] = (following - day).days if following else None
    return found
