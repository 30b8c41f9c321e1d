"""What others see of public data."""

from datetime import date

from ninja import Schema


class CountryCalendar(Schema):
    """The calendar of one country as the lake holds it."""

    country: str
    first: date
    last: date
    days: int
    makeup_workdays: int
    provisional_from: date | None
    source: str


class RegionsEdition(Schema):
    """How many regions the lake holds, of how many countries, and who says so."""

    regions: int
    countries: int
    sources: list[str]


class PublicData(Schema):
    """What public data the lake holds; ``default_country`` is the one whose days count for the retailer."""

    default_country: str
    calendars: list[CountryCalendar]
    regions: RegionsEdition | None


class SpecialDay(Schema):
    """A day that is no ordinary workday or weekend, or has a festival."""

    day: date
    day_kind: str
    holiday: str | None
    holiday_zh: str | None
    festivals: list[str]
    days_off_run: int
    is_provisional: bool


class KindOfDaySales(Schema):
    """What a day of one kind brought on average; money in the retailer's currency."""

    day_kind: str
    days: int
    orders: int
    net_minor: int
    orders_per_day: float
    net_minor_per_day: int


class Refreshed(Schema):
    """What a refresh wrote: rows of either table, 0 where nothing had changed."""

    calendar_days: int
    regions: int
    countries: list[str]
