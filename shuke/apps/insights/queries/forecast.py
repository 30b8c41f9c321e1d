"""What will sell, read from the newest study."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from shuke.apps.insights.schemas.forecast import (
    ForecastItem,
    ForecastRow,
    ForecastView,
    ForecastWeek,
    LevelAccuracy,
    MethodAccuracy,
    PastForecast,
)


def forecast_view(result: Mapping[str, Any], *, level: str = "", item: str = "") -> ForecastView:
    """One level and one of its items; the first level, and the item that sells most, where none of that name is."""
    levels = [_level(row) for row in result["levels"]]
    chosen = next((row for row in levels if row.level == level), levels[0])
    rows = [row for row in result["items"] if row["level"] == chosen.level]
    ordered = sorted(rows, key=lambda row: (row["is_rest"], -sum(row["mean"])))
    shown = next((row for row in ordered if row["code"] == item), ordered[0])
    return ForecastView(
        levels=levels,
        level=chosen,
        item=forecast_item(shown, result=result),
        items=[_row(row) for row in ordered],
        past=[_past(row) for row in result["past"] if row["level"] == chosen.level],
        horizon=result["horizon"],
        coverage_asked=result["coverage_asked"],
        season=result["season"],
        first_judged=date.fromisoformat(result["origin"]) + timedelta(days=result["step_days"]),
    )


def forecast_item(row: Mapping[str, Any], *, result: Mapping[str, Any]) -> ForecastItem:
    """One item with its weeks."""
    first, step = date.fromisoformat(result["first_week"]), result["step_days"]
    coming = date.fromisoformat(result["origin"]) + timedelta(days=1)
    weeks = [
        ForecastWeek(start=coming + timedelta(days=step * ahead), mean=mean, low=low, high=high)
        for ahead, (mean, low, high) in enumerate(zip(row["mean"], row["low"], row["high"], strict=True))
    ]
    return ForecastItem(
        **_row(row).dict(),
        level=row["level"],
        product_id=row["product_id"],
        method=row["method"],
        first_week=first,
        history=row["history"],
        weeks=weeks,
        naive_wape=row["naive_wape"],
    )


def _row(row: Mapping[str, Any]) -> ForecastRow:
    total = sum(row["mean"])
    return ForecastRow(
        code=row["code"],
        name=row["name"],
        is_rest=row["is_rest"],
        department=row["department"],
        total=total,
        change=total / row["before"] - 1 if row["before"] else None,
        wape=row["wape"],
    )


def _gain(row: Mapping[str, Any]) -> float | None:
    """How much less wrong than repeating the season before."""
    known = row["wape"] is not None and row["naive_wape"]
    return 1 - row["wape"] / row["naive_wape"] if known else None


def _level(row: Mapping[str, Any]) -> LevelAccuracy:
    methods = [MethodAccuracy(**method, gain=_gain(method)) for method in row["methods"]]
    tried = [method for method in methods if method.wape is not None]
    return LevelAccuracy(**{**row, "methods": tried}, gain=_gain(row))


def _past(row: Mapping[str, Any]) -> PastForecast:
    return PastForecast(**row, gain=_gain(row))
