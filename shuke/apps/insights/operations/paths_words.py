"""What the study of paths says in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shuke.science.reading import Reading

#: A first cohort larger than this part of all members is the shop's past, not a month's beginners.
PAST = 0.4


def path_readings(result: Mapping[str, Any]) -> list[Reading]:
    """Sentences on cohorts, the second purchase, the ways and the hours."""
    return [*_cohorts(result), *_second(result), *_hours(result)]


def _cohorts(result: Mapping[str, Any]) -> list[Reading]:
    curve = {row["age"]: row for row in result["cohorts"]["month"]["curve"]}
    found = []
    if 1 in curve:
        later = max(age for age in curve if age <= 6)
        found.append(
            Reading(
                "Of a hundred members who begin in a month, {soon:.0f} come again in the next one and {late:.0f} in "
                "the month that is {later} months later.",
                {"soon": 100 * curve[1]["rate"], "late": 100 * curve[later]["rate"], "later": later},
            )
            if later > 1
            else Reading(
                "Of a hundred members who begin in a month, {soon:.0f} come again in the next one.",
                {"soon": 100 * curve[1]["rate"]},
            )
        )
    if result["cohorts"]["month"]["largest"] > PAST:
        found.append(
            Reading(
                "{share:.0%} of all members seem to begin in one month: that is when the data begin, not the members. "
                "Read that row apart.",
                {"share": result["cohorts"]["month"]["largest"]},
            )
        )
    return found


def _second(result: Mapping[str, Any]) -> list[Reading]:
    second = result["second"]
    if second["usual_days"] is None:
        return [Reading("Nobody has bought a second time yet.")]
    return [
        Reading(
            "Half of the second purchases come within {middle:.0f} days of the first, nine out of ten within {usual} "
            "days. {overdue:,} members have waited longer than that with their second one: write to them.",
            {"middle": second["middle_days"], "usual": second["usual_days"], "overdue": second["overdue"]},
        )
    ]


def _hours(result: Mapping[str, Any]) -> list[Reading]:
    orders = sum(row["orders"] for row in result["hours"])
    if not orders:
        return []
    evening = sum(row["orders"] for row in result["hours"] if row["hour"] >= 17)
    weekend = sum(row["orders"] for row in result["hours"] if row["weekday"] >= 6)
    return [
        Reading(
            "{weekend:.0%} of the orders fall on Saturday and Sunday, {evening:.0%} on the hours from five in the "
            "afternoon on.",
            {"weekend": weekend / orders, "evening": evening / orders},
        )
    ]
