"""What the figures of market segments say in plain words, with few false alarms among many segments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import scipy

from shuke.science.market_segments import Z
from shuke.science.reading import Reading

#: Of the segments called grown or shrunk one in twenty is expected not to be.
FALSE_ALARMS = 0.05
#: A segment below this share of the members is too small to be talked about.
LEAST_SHARE = 0.02
#: Fewer ratings than this are no satisfaction.
LEAST_RATINGS = 20


def verdicts(segments: Sequence[tuple[str, dict[str, Any]]]) -> list[Reading]:
    """The most telling sentences about ``(dimension, row of segment_figures)`` of known segments.

    Who brings more than its share; who grows and who shrinks, of those where chance is ruled out
    (Benjamini and Hochberg over all segments of all dimensions); who is least satisfied; where money came back.
    """
    large = [row | {"dimension": name} for name, row in segments if (row["member_share"] or 0) >= LEAST_SHARE]
    found = [*_worth(large), *_moved(large), *_satisfied(large), *_returned(large)]
    return found or [Reading("No segment stands out: they all buy and grow like the whole.")]


def _worth(segments: list[dict[str, Any]]) -> list[Reading]:
    bought = [row for row in segments if row["index"]]
    if not bought:
        return []
    best = max(bought, key=lambda row: row["index"] - 1 if row["index"] > 1 else 0)
    if best["index"] <= 1:
        return []
    return [
        Reading(
            "{dimension} “{segment}”: {members:.0%} of the members, {revenue:.0%} of the revenue. They are worth "
            "{index:.1f} times an average member.",
            {
                "dimension": best["dimension"],
                "segment": best["segment"],
                "members": best["member_share"],
                "revenue": best["revenue_share"],
                "index": best["index"],
            },
        )
    ]


def _moved(segments: list[dict[str, Any]]) -> list[Reading]:
    """The surest growth and the surest fall."""
    judged = [row for row in segments if row["growth"] is not None and row["growth_lower"] is not None]
    judged = [row for row in judged if row["growth_upper"] > row["growth_lower"]]
    if not judged:
        return []
    p_values = [
        2
        * float(
            scipy.stats.norm.sf(abs(row["growth"]) / ((row["growth_upper"] - row["growth_lower"]) / (2 * Z)))
        )
        for row in judged
    ]
    q_values = scipy.stats.false_discovery_control(p_values)
    real = [row for row, q in zip(judged, q_values, strict=True) if q <= FALSE_ALARMS]
    found = []
    if grown := [row for row in real if row["growth"] > 0]:
        found.append(
            Reading(
                "{dimension} “{segment}” grows most surely: {growth:+.0%} ({lower:+.0%} to {upper:+.0%}) against the "
                "quarter before.",
                _bounds(max(grown, key=lambda row: row["growth_lower"])),
            )
        )
    if shrunk := [row for row in real if row["growth"] < 0]:
        found.append(
            Reading(
                "{dimension} “{segment}” shrinks most surely: {growth:+.0%} ({lower:+.0%} to {upper:+.0%}) against the "
                "quarter before.",
                _bounds(min(shrunk, key=lambda row: row["growth_upper"])),
            )
        )
    return found


def _bounds(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "dimension": row["dimension"],
        "segment": row["segment"],
        "growth": row["growth"],
        "lower": row["growth_lower"],
        "upper": row["growth_upper"],
    }


def _satisfied(segments: list[dict[str, Any]]) -> list[Reading]:
    rated = [row for row in segments if row["ratings"] >= LEAST_RATINGS and row["rating"] is not None]
    if len(rated) < 2:
        return []
    worst = min(rated, key=lambda row: row["rating"])
    return [
        Reading(
            "{dimension} “{segment}” is least satisfied: {rating:.1f} of 5 by {ratings} members.",
            {
                "dimension": worst["dimension"],
                "segment": worst["segment"],
                "rating": worst["rating"],
                "ratings": worst["ratings"],
            },
        )
    ]


def _returned(segments: list[dict[str, Any]]) -> list[Reading]:
    paid = [row for row in segments if row["return_lower"] is not None and row["return_lower"] > 0]
    if not paid:
        return []
    best = max(paid, key=lambda row: row["return_lower"])
    return [
        Reading(
            "{dimension} “{segment}”: in the 14 days after a message they paid more than on their other days, "
            "{times:,.0f} times its cost. A control group would tell whether because of it.",
            {"dimension": best["dimension"], "segment": best["segment"], "times": best["return_on_cost"] + 1},
        )
    ]
