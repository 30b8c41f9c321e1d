"""What will sell?  Sales of the next weeks at every level that a retailer plans by."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import ibis
import numpy as np
import pyarrow as pa
from django.utils.translation import gettext as _

from shuke.apps.insights.operations.forecast_words import item_names, readings
from shuke.apps.insights.schemas import NotEnough, StudyFacts, StudyOutcome
from shuke.platform.public_data.queries import default_country
from shuke.science.forecast.accuracy import bias, coverage, judged, wape
from shuke.science.forecast.forecasting import Forecasts, ForecastSettings, forecast, made_coherent
from shuke.science.forecast.judging import judged_forecasts
from shuke.science.forecast.levels import LEVELS, Levels, levelled, rows_of_days
from shuke.science.forecast.panel import Floats, Panel, calendar_features
from shuke.science.forecast.series import sold_lines
from shuke.science.reading import Reading
from shuke.tables import TABLES

HORIZON = 8
#: Origins of the past that methods are tried at, and the weeks between them.
WINDOWS, STEP = 6, 2
#: With fewer whole weeks than this nothing can be tried.
LEAST_WEEKS = HORIZON + WINDOWS * STEP + 4
YEAR = 52
#: A year as a season needs so much before the first origin of the past.
SEASON_WEEKS = YEAR + HORIZON + WINDOWS * STEP + YEAR // 2
#: How far series look back, and how much of it the page shows.
MOST_DAYS, SHOWN_WEEKS = 3 * 366, 60
STEPS = 5
#: Past origins that the page lists.
SHOWN_ORIGINS = 12


def forecast_study(facts: StudyFacts) -> StudyOutcome:
    """Forecasts by week of the total, channels, stores, departments, categories and products, which add up."""
    facts.tell(0, STEPS, _("Reading sales"))
    levels = _levels(facts)
    panel = _with_calendar(facts, levels.panel)
    season = YEAR if panel.periods >= SEASON_WEEKS else 1
    settings = ForecastSettings(horizon=HORIZON, season=season, windows=WINDOWS, step=STEP)
    facts.tell(1, STEPS, _("Trying methods"))
    found = made_coherent(forecast(panel, settings=settings, rng=facts.rng), levels.hierarchy)
    facts.tell(3, STEPS, _("Judging past forecasts"))
    past = _past(facts, levels)
    facts.tell(4, STEPS, _("Writing"))
    rows = _rows(facts, levels, found, settings=settings)
    result = {
        "origin": (panel.day(panel.periods) - timedelta(days=1)).isoformat(),
        "first_week": panel.day(max(0, panel.periods - SHOWN_WEEKS)).isoformat(),
        "step_days": panel.step_days,
        "horizon": HORIZON,
        "season": season,
        "coverage_asked": settings.coverage,
        "levels": [_level(levels, found, level, season=season) for level in LEVELS if levels.rows_of(level)],
        "items": _items(facts, levels, found),
        "past": past,
    }
    return StudyOutcome(result=result, tables={"forecasts": rows}, readings=readings(result))


def _levels(facts: StudyFacts) -> Levels:
    sold = sold_lines(
        orders=facts.snapshot.table("orders"),
        order_lines=facts.snapshot.table("order_lines"),
        products=facts.snapshot.table("products"),
        currency=facts.currency,
        as_of=facts.as_of,
    )
    oldest = facts.as_of - timedelta(days=MOST_DAYS)
    kept = facts.snapshot.connection.create_table(
        "sold_lines", sold.filter(sold.local_date >= ibis.literal(oldest)), temp=True
    )
    first = kept.local_date.min().to_pyarrow().as_py()
    if first is None:
        raise NotEnough(Reading("Nothing has been sold yet. Import orders with their lines first."))
    levels = levelled(kept, as_of=facts.as_of, first=first)
    if levels.panel.periods < LEAST_WEEKS:
        raise NotEnough(
            Reading(
                "Only {weeks} whole weeks of sales are known; forecasts need {least}.",
                {"weeks": levels.panel.periods, "least": LEAST_WEEKS},
            )
        )
    return levels


def _with_calendar(facts: StudyFacts, panel: Panel) -> Panel:
    days = facts.snapshot.table("calendar_days")
    own = days.filter(days.country == default_country()).select("day", "is_day_off", "holiday", "festivals")
    known = rows_of_days(own.to_polars())
    if not known:
        return panel
    features = calendar_features(
        known, first_period=panel.first_period, step_days=panel.step_days, periods=panel.periods + HORIZON
    )
    return replace(panel, calendar=features)


def _past(facts: StudyFacts, levels: Levels) -> list[dict[str, Any]]:
    """How good the forecasts of earlier studies were, by origin and level, newest first."""
    panel = levels.panel
    sales = {"item": [], "period_start": [], "actual": []}  # type: dict[str, list[Any]]
    for row, item in enumerate(levels.items):
        known = np.flatnonzero(~np.isnan(panel.values[row]))
        sales["item"] += [item.code] * len(known)
        sales["period_start"] += [panel.day(int(period)) for period in known]
        sales["actual"] += panel.values[row, known].tolist()
    schema = pa.schema([("item", pa.string()), ("period_start", pa.date32()), ("actual", pa.float64())])
    stored = facts.snapshot.table("forecasts")
    stored = stored.filter(stored.as_of < ibis.literal(facts.as_of))
    rows = judged_forecasts(stored, ibis.memtable(pa.table(sales, schema=schema)))
    ordered = rows.order_by(ibis.desc("origin_date"), "level").to_pyarrow().to_pylist()
    origins = sorted({row["origin_date"] for row in ordered}, reverse=True)[:SHOWN_ORIGINS]
    kept = [row for row in ordered if row["origin_date"] in origins]
    return [{**row, "origin_date": row["origin_date"].isoformat()} for row in kept]


def _rows(facts: StudyFacts, levels: Levels, found: Forecasts, *, settings: ForecastSettings) -> pa.Table:
    """The rows of ``forecasts``: every item and week to come."""
    panel = levels.panel
    weeks = [panel.day(panel.periods + ahead) for ahead in range(HORIZON)]
    names = ("department", "category", "product_id", "store_id", "sales_channel")
    columns: dict[str, list[Any]] = {name: [] for name in TABLES["forecasts"].column_names}
    for row, item in enumerate(levels.items):
        for ahead, week in enumerate(weeks):
            line: dict[str, Any] = {
                "as_of": facts.as_of,
                "origin_date": weeks[0] - timedelta(days=1),
                "item": item.code,
                "level": item.level,
                **{name: item.keys.get(name) or None for name in names},
                "is_rest": item.is_rest,
                "measure": "paid_minor",
                "period_start": week,
                "step_days": panel.step_days,
                "horizon": ahead + 1,
                "method": found.method[row] or "mean",
                "mean": float(found.mean[row, ahead]),
                "low": float(found.low[row, ahead]),
                "high": float(found.high[row, ahead]),
                "coverage": settings.coverage,
                "naive": float(found.naive[row, ahead]),
                "currency": facts.currency,
            }
            for name, value in line.items():
                columns[name].append(value)
    return pa.table(columns, schema=TABLES["forecasts"].arrow_schema)


def _level(levels: Levels, found: Forecasts, level: str, *, season: int) -> dict[str, Any]:
    """How good a level's forecasts were at the origins of the past that had origins before them to learn from."""
    rows, tried = levels.rows_of(level), found.backtest
    late = slice(2, None)
    actual = tried.actual[late, rows]
    naive = tried.forecasts[0][late, rows]
    flat = lambda part: np.moveaxis(part, 1, 0).reshape(len(rows), -1)  # noqa: E731
    measures = judged(
        flat(actual),
        forecast=flat(found.in_life[late, rows]),
        history=levels.panel.values[rows],
        season=season,
    )
    chosen = Counter(found.method[row] or "mean" for row in rows)
    return {
        "level": level,
        "items": len(rows),
        "wape": _number(measures.wape),
        "naive_wape": _number(wape(actual, forecast=naive)),
        "bias": _number(measures.bias),
        "rmsse": _number(measures.rmsse),
        "coverage": _number(
            coverage(actual, low=found.in_life_low[late, rows], high=found.in_life_high[late, rows])
        ),
        "weeks": measures.forecasts,
        "methods": [
            _method(name, tried.forecasts[place][late, rows], actual, naive, chosen=chosen[name])
            for place, name in enumerate(tried.methods)
        ],
    }


def _method(name: str, said: Floats, actual: Floats, naive: Floats, *, chosen: int) -> dict[str, Any]:
    """A method on the items that it was made for, beside the naive one on the same."""
    same = np.where(np.isnan(said), np.nan, naive)
    return {
        "method": name,
        "chosen": chosen,
        "wape": _number(wape(actual, forecast=said)),
        "naive_wape": _number(wape(actual, forecast=same)),
        "bias": _number(bias(actual, forecast=said)),
    }


def _items(facts: StudyFacts, levels: Levels, found: Forecasts) -> list[dict[str, Any]]:
    """What the page shows of each item: its newest weeks and those to come, in minor units."""
    names = item_names(facts, levels.items)
    late, values = slice(2, None), levels.panel.values
    return [
        {
            "code": item.code,
            "level": item.level,
            "name": names[row],
            "is_rest": item.is_rest,
            "department": item.keys.get("department", ""),
            "product_id": item.keys.get("product_id", ""),
            "method": found.method[row] or "mean",
            "history": _whole(values[row, -SHOWN_WEEKS:]),
            "mean": _whole(found.mean[row]),
            "low": _whole(found.low[row]),
            "high": _whole(found.high[row]),
            "before": _number(np.nansum(values[row, -HORIZON:])),
            "wape": _number(wape(found.backtest.actual[late, row], forecast=found.in_life[late, row])),
            "naive_wape": _number(
                wape(found.backtest.actual[late, row], forecast=found.backtest.forecasts[0][late, row])
            ),
        }
        for row, item in enumerate(levels.items)
    ]


def _whole(values: Floats) -> list[int | None]:
    return [None if np.isnan(value) else round(float(value)) for value in values]


def _number(value: float) -> float | None:
    """What JSON can say; nothing where there is no number."""
    return float(value) if np.isfinite(value) else None
