"""Borders and rules of scores as rows that people read."""

from __future__ import annotations

from typing import Any

from django.utils.translation import pgettext

from shuke.science.rfm_scheme import ANY, SCORES, RfmScheme
from shuke.web.labels import label_of


def score_rows(scheme: RfmScheme) -> list[dict[str, Any]]:
    """One row per score from 5 down to 1: the most days and the fewest orders and money that give it.

    Empty where the scheme has no borders yet.
    """
    if not scheme.frequency:
        return []
    rows = []
    for score in range(SCORES, 0, -1):
        place = SCORES - score
        rows.append(
            {
                "score": score,
                "days": scheme.recency_days[place] if score > 1 else None,
                "days_over": scheme.recency_days[-1] if score == 1 else None,
                "orders": scheme.frequency[score - 2] if score > 1 else None,
                "money_minor": scheme.monetary_minor[score - 2] if score > 1 else None,
            }
        )
    return rows


def rule_rows(scheme: RfmScheme) -> list[dict[str, Any]]:
    """The rules in their order, each with its ranges of scores as text."""
    return [
        {
            "number": number,
            "segment": rule.segment,
            "name": label_of("rfm_segment", rule.segment),
            "recency": _range(rule.recency),
            "combined": _range(rule.combined),
            "frequency": _range(rule.frequency),
            "monetary": _range(rule.monetary),
        }
        for number, rule in enumerate(scheme.rules, start=1)
    ]


def _range(limits: tuple[int, int]) -> str:
    if limits == ANY:
        return ""
    low, high = limits
    return str(low) if low == high else f"{low}–{high}"


def range_value(limits: tuple[int, int]) -> str:
    """A range of scores as menus send it.

    >>> range_value((4, 5)), range_value((3, 3))
    ('4-5', '3-3')
    """
    return f"{limits[0]}-{limits[1]}"


def range_choices() -> list[tuple[str, str]]:
    """(value, words) of every range of scores, the best first, "any" before all."""
    ranges = [
        (low, high) for high in range(SCORES, 0, -1) for low in range(high, 0, -1) if (low, high) != ANY
    ]
    return [
        (range_value(ANY), pgettext("score", "any")),
        *((range_value(one), _range(one)) for one in ranges),
    ]
