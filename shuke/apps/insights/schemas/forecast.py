"""What will sell: one item's weeks, a level's items, and how good forecasts were.  Money in minor units."""

from datetime import date

from ninja import Schema


class ForecastWeek(Schema):
    """A week to come: the forecast and the band that holds the asked part of such weeks."""

    start: date
    mean: int
    low: int
    high: int


class ForecastItem(Schema):
    """One item of a level.

    ``change``: the weeks to come against as many before.  ``history`` are the newest known weeks, oldest first, from
    ``first_week`` on, empty before the item's first sale.  ``wape`` and ``naive_wape``: how far forecasts at earlier
    days were off, as a part of sales, and how far repeating the season before was.
    """

    code: str
    level: str
    name: str
    is_rest: bool
    department: str
    product_id: str
    method: str
    first_week: date
    history: list[int | None]
    weeks: list[ForecastWeek]
    total: int
    change: float | None
    wape: float | None
    naive_wape: float | None


class ForecastRow(Schema):
    """An item in the list of its level."""

    code: str
    name: str
    is_rest: bool
    department: str
    total: int
    change: float | None
    wape: float | None


class MethodAccuracy(Schema):
    """A method on the items it is made for, beside repeating the season before on the same.  ``gain``: less error."""

    method: str
    chosen: int
    wape: float | None
    naive_wape: float | None
    bias: float | None
    gain: float | None


class LevelAccuracy(Schema):
    """How good a level's forecasts were at earlier days.  ``bias`` above 0: too much was forecast."""

    level: str
    items: int
    wape: float | None
    naive_wape: float | None
    bias: float | None
    coverage: float | None
    gain: float | None
    methods: list[MethodAccuracy]


class PastForecast(Schema):
    """Forecasts that were stored on a day and whose weeks have come since."""

    origin_date: date
    level: str
    forecasts: int
    wape: float | None
    naive_wape: float | None
    bias: float | None
    coverage: float | None
    gain: float | None


class ForecastView(Schema):
    """What the page shows: the chosen item, its level's items, accuracy now and of what was stored."""

    levels: list[LevelAccuracy]
    level: LevelAccuracy
    item: ForecastItem
    items: list[ForecastRow]
    past: list[PastForecast]
    horizon: int
    coverage_asked: float
    season: int
    first_judged: date
