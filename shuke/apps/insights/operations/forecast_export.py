"""Handing out forecasts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from shuke.apps.insights.queries.forecast import forecast_item
from shuke.apps.insights.queries.studies import latest_study
from shuke.apps.insights.schemas.forecast import ForecastItem
from shuke.platform.audit.operations import record_audit
from shuke.platform.permissions import Actor


def hand_out_forecast(*, actor: Actor, at: datetime, level: str = "") -> list[ForecastItem]:
    """Every item of a level (of all levels without one) with its weeks; none where there is no answer yet.

    It is kept in the audit log who took them.
    """
    study = latest_study("forecast")
    found = [] if study is None or study.refusal else list(_items(study.result, level))
    record_audit(
        actor=actor,
        at=at,
        verb="forecast.exported",
        subject=("study", f"forecast {study.as_of.isoformat() if study else ''}".strip()),
        changes={"level": [None, level], "items": [None, len(found)]},
    )
    return found


def _items(result: dict[str, Any], level: str) -> Iterator[ForecastItem]:
    for row in result["items"]:
        if not level or row["level"] == level:
            yield forecast_item(row, result=result)
