"""The borders of the scores as they are typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _

from shuke.science.rfm_scheme import SCORES, Method, RfmScheme

#: Score of each border, in the order of ``RfmScheme``.
RECENCY_SCORES = tuple(range(SCORES, 1, -1))
OTHER_SCORES = tuple(range(2, SCORES + 1))
MOST_DAYS = 3660
MOST = 1_000_000_000


@dataclass(frozen=True)
class RfmForm:
    """The borders as they were typed, what is wrong with them, and the borders where nothing is.

    ``values``: by input name, ``recency_days_5`` … ``monetary_minor_5``.  ``borders``: by field of ``RfmScheme``; empty
    for fifths.
    """

    method: Method
    values: Mapping[str, str]
    faults: tuple[str, ...] = ()
    borders: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    def rows(self) -> list[dict[str, Any]]:
        """One row per score from 5 to 2, with its three inputs."""
        measures = ("recency_days", "frequency", "monetary_minor")
        return [
            {"score": score, **{name: self.values.get(f"{name}_{score}", "") for name in measures}}
            for score in RECENCY_SCORES
        ]


def shown_rfm(scheme: RfmScheme, *, method: Method, digits: int) -> RfmForm:
    """The form filled in with a scheme's borders; money in the currency's units."""
    values: dict[str, str] = {}
    for name, scores in _measures():
        for score, border in zip(scores, getattr(scheme, name), strict=False):
            is_money = name == "monetary_minor"
            values[f"{name}_{score}"] = f"{Decimal(border).scaleb(-digits):f}" if is_money else str(border)
    return RfmForm(method, values)


def typed_rfm(posted: Mapping[str, str], *, digits: int) -> RfmForm:
    """The borders that were typed, or everything that is wrong with them."""
    method: Method = "thresholds" if posted.get("method") == "thresholds" else "quantiles"
    names = [f"{name}_{score}" for name, scores in _measures() for score in scores]
    values = {name: posted.get(name, "").strip()[:20] for name in names}
    if method == "quantiles":
        return RfmForm(method, values)
    faults: list[str] = []
    borders: dict[str, tuple[int, ...]] = {}
    for name, scores in _measures():
        numbers = [
            _number(values[f"{name}_{score}"], digits=digits if name == "monetary_minor" else 0)
            for score in scores
        ]
        limit = MOST_DAYS if name == "recency_days" else MOST * 10**digits
        known_numbers = [number for number in numbers if number is not None and 0 <= number <= limit]
        if len(known_numbers) < len(numbers):
            faults.append(_not_numbers(name))
        elif known_numbers != sorted(known_numbers):
            faults.append(_not_rising(name))
        borders[name] = tuple(known_numbers)
    return RfmForm(method, values, tuple(faults), {} if faults else borders)


def _measures() -> tuple[tuple[str, tuple[int, ...]], ...]:
    return (("recency_days", RECENCY_SCORES), ("frequency", OTHER_SCORES), ("monetary_minor", OTHER_SCORES))


def _number(text: str, *, digits: int) -> int | None:
    """The whole number of minor units; ``None`` for a text that is none or has too many decimals."""
    try:
        value = Decimal(text).scaleb(digits)
    except InvalidOperation:
        return None
    return int(value) if value.is_finite() and value == value.to_integral_value() else None


def _not_numbers(name: str) -> str:
    return {
        "recency_days": _("Days since the last order: fill in four whole numbers from 0 to 3,660."),
        "frequency": _("Orders: fill in four whole numbers from 0 up."),
        "monetary_minor": _("Money: fill in four amounts from 0 up."),
    }[name]


def _not_rising(name: str) -> str:
    return {
        "recency_days": _("Days since the last order: a lower score cannot ask for fewer days."),
        "frequency": _("Orders: a higher score cannot ask for fewer orders."),
        "monetary_minor": _("Money: a higher score cannot ask for less money."),
    }[name]
