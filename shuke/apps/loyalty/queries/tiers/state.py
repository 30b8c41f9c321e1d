"""Standings as JSON and back."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from shuke.apps.loyalty.rules.tiers import Span, Standing


def standing_data(standing: Standing | None, *, shown: Span | None = None) -> dict[str, Any]:
    """Plain data of a standing; of nothing but what is shown where there is none."""
    if standing is None:
        return {"own": None, "lifted": {}, "done": [], "shown": _span_data(shown)}
    return {
        "own": _span_data(standing.own),
        "lifted": {key: _span_data(span) for key, span in standing.lifted.items()},
        "done": sorted(standing.done),
        "shown": _span_data(standing.shown),
    }


def standing_of(data: Mapping[str, Any], counted_through: date) -> Standing:
    """The standing of plain data that ``standing_data`` made."""
    return Standing(
        counted_through=counted_through.toordinal(),
        own=_span(data["own"]),
        lifted={key: Span(*span) for key, span in data["lifted"].items()},
        done=frozenset(data["done"]),
        shown=_span(data["shown"]),
    )


def _span_data(span: Span | None) -> list[Any] | None:
    if span is None:
        return None
    return [span.tier, span.first, span.through, span.why, span.version, span.count]


def _span(data: list[Any] | None) -> Span | None:
    return None if data is None else Span(*data)
