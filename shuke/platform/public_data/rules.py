"""Which calendars an installation wants."""

from datetime import date

from babel.core import get_global
from babel.numbers import get_territory_currencies

from shuke.sources.public.calendars import countries

YEARS_BACK, YEARS_AHEAD = 3, 1


def country_of(*, time_zone: str, currency: str) -> str:
    """The country of a time zone, else the only or largest user of the currency; empty where neither tells.

    >>> country_of(time_zone="Asia/Shanghai", currency="CNY")
    'CN'
    >>> country_of(time_zone="UTC", currency="CNY")
    'CN'
    >>> country_of(time_zone="UTC", currency="EUR")
    ''
    """
    territory = get_global("zone_territories").get(time_zone, "")
    if len(territory) == 2 and territory.isalpha():
        return str(territory)
    owner = currency[:2]
    return owner if owner in countries() and currency in get_territory_currencies(owner) else ""


def wanted_years(today: date, *, first_fact: date | None) -> tuple[date, date]:
    """First and last day a calendar should have: three years back or to the first fact, and a year ahead."""
    first_year = min(today.year - YEARS_BACK, first_fact.year if first_fact else today.year)
    return date(max(first_year, 1990), 1, 1), date(today.year + YEARS_AHEAD, 12, 31)
