"""Where is revenue going?"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import ibis
import numpy as np
from django.utils.translation import gettext as _
from ibis.expr import types as ir
from numpy.typing import NDArray

from shuke.apps.insights.operations.bought import bought_orders
from shuke.apps.insights.operations.measuring import last_told_day, rounded
from shuke.apps.insights.schemas import NotEnough, StudyFacts, StudyOutcome
from shuke.science.reading import Reading
from shuke.science.trend import Trend, change_points, decomposed

#: Three years at most; from two years on the season is the year's, before it the week's.
MOST_DAYS = 3 * 364
YEAR_WEEKS = 52
LEAST_DAYS = 28
STEPS = 2

Floats = NDArray[np.float64]


def trend_study(facts: StudyFacts) -> StudyOutcome:
    """Revenue as trend, season and rest, and the weeks at which its level changed."""
    facts.tell(0, STEPS, _("Reading revenue"))
    bought = bought_orders(facts)
    first, daily = _daily(bought, last=last_told_day(bought, as_of=facts.as_of))
    if len(daily) < LEAST_DAYS:
        raise NotEnough(
            Reading(
                "Only {days} days of orders are known; a trend needs {needed}.",
                {"days": len(daily), "needed": LEAST_DAYS},
            )
        )
    facts.tell(1, STEPS, _("Taking revenue apart"))
    start, weeks = _whole_weeks(first, daily)
    is_yearly = len(weeks) >= 2 * YEAR_WEEKS
    series, step, begin = (weeks, 7, start) if is_yearly else (daily, 1, first)
    parts = decomposed(series, period=YEAR_WEEKS if is_yearly else 7)
    # The season would be taken for breaks where a year of it is known.
    level = weeks - parts.season if is_yearly else weeks
    breaks = _breaks(level, start=start)
    result = {
        "step_days": step,
        "season_days": 364 if is_yearly else 7,
        "days": [(begin + timedelta(days=step * i)).isoformat() for i in range(len(series))],
        "revenue": rounded(series, digits=0),
        "trend": rounded(parts.trend, digits=0),
        "season": rounded(parts.season, digits=0),
        "rest": rounded(parts.rest, digits=0),
        "trend_strength": round(parts.trend_strength, 3),
        "season_strength": round(parts.season_strength, 3),
        "change": round(parts.change, 4),
        "weekdays": [] if is_yearly else _weekdays(parts, daily, first=first),
        "weeks": [(start + timedelta(days=7 * i)).isoformat() for i in range(len(weeks))],
        "week_revenue": rounded(weeks, digits=0),
        "levels": _levels(level, breaks=[b["week"] for b in breaks]),
        "breaks": breaks,
    }
    return StudyOutcome(result=result, readings=_readings(parts, breaks, result))


def _daily(bought: ir.Table, *, last: date) -> tuple[date, Floats]:
    """The first day, and the revenue of each day from it on, zero where nobody bought."""
    recent = bought.filter(bought.local_date > ibis.literal(last - timedelta(days=MOST_DAYS)))
    rows = recent.group_by("local_date").agg(paid=recent.net_minor.sum()).to_pyarrow().to_pylist()
    if not rows:
        return last, np.zeros(0)
    first = min(row["local_date"] for row in rows)
    daily = np.zeros((last - first).days + 1)
    for row in rows:
        daily[(row["local_date"] - first).days] = row["paid"]
    return first, daily


def _whole_weeks(first: date, daily: Floats) -> tuple[date, Floats]:
    """Sums of weeks from Monday to Sunday, those that are not whole left out."""
    skipped = -first.weekday() % 7
    count = (len(daily) - skipped) // 7
    return first + timedelta(days=skipped), daily[skipped : skipped + 7 * count].reshape(count, 7).sum(axis=1)


def _weekdays(parts: Trend, daily: Floats, *, first: date) -> list[float]:
    """What each weekday (Monday first) is above or below an ordinary day, over its money."""
    usual = float(daily.mean()) or 1.0
    days = (np.arange(len(daily)) + first.weekday()) % 7
    return rounded([float(parts.season[days == day].mean()) / usual for day in range(7)])


def _breaks(level: Floats, *, start: date) -> list[dict[str, Any]]:
    places = change_points(level)
    ends = [*places, len(level)][1:]
    begins = [0, *places][: len(places)]
    return [
        {
            "week": place,
            "day": (start + timedelta(days=7 * place)).isoformat(),
            "before": round(float(level[begin:place].mean())),
            "after": round(float(level[place:end].mean())),
        }
        for begin, place, end in zip(begins, places, ends, strict=True)
    ]


def _levels(level: Floats, *, breaks: list[int]) -> list[float]:
    parts = np.split(level, breaks)
    return rounded(np.concatenate([np.full(len(part), part.mean()) for part in parts if len(part)]), digits=0)


def _readings(parts: Trend, breaks: list[dict[str, Any]], result: dict[str, Any]) -> list[Reading]:
    found = [parts.reading]
    if result["season_strength"] >= 0.3:
        found.append(
            Reading(
                "{share:.0%} of what the trend leaves over comes back with the season.",
                {"share": result["season_strength"]},
            )
        )
    for place in breaks[-2:]:
        change = place["after"] / place["before"] - 1 if place["before"] else 0.0
        found.append(
            Reading(
                "The level of a week changed in the week of {day}: {change:+.0%}. Ask what happened then.",
                {"day": place["day"], "change": change},
            )
        )
    if not breaks:
        found.append(Reading("No week can be named at which the level changed for good."))
    return found
