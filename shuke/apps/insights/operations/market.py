"""Which market segments do we win?"""

from __future__ import annotations

from datetime import date
from typing import Any

import pyarrow as pa
from django.utils.translation import gettext as _
from django.utils.translation import override
from ibis.expr import types as ir

from shuke.apps.insights.operations.bought import bought_orders
from shuke.apps.insights.operations.market_dimensions import TRAITS, Dimension, dimensions
from shuke.apps.insights.operations.measuring import last_told_day
from shuke.apps.insights.queries.layer_names import dimension_name
from shuke.apps.insights.schemas import NotEnough, StudyFacts, StudyOutcome
from shuke.science import market_segments as market
from shuke.science.market_segments import OTHER, UNKNOWN, YEAR_DAYS, Window
from shuke.science.market_verdicts import verdicts
from shuke.science.reading import Reading
from shuke.tables import TABLES

#: Segments of a dimension that are told apart; smaller ones are put together.
MOST = 12
PERIODS = 6
#: The layers' word for the unknown.
UNKNOWN_LAYER = "unknown"
#: Dimension → the noun of its codes' words, where it is another.
NOUNS = {"preferred_channel": "sales_channel"}
#: What is unknown where the window that it compares with is not whole.
COMPARED = {
    "growth": ("growth", "growth_lower", "growth_upper"),
    "year": ("year_growth", "year_lower", "year_upper"),
}
#: A dimension where fewer are known is shown, but nothing is said about it.
SPOKEN_FROM = 0.2


def market_study(facts: StudyFacts) -> StudyOutcome:
    """Every dimension's segments over the last quarter, and who is in which."""
    bought = bought_orders(facts)
    window = Window(last_told_day(bought, as_of=facts.as_of))
    first = bought.local_date.min().to_pyarrow().as_py()
    connection = facts.snapshot.connection
    rated = connection.create_table("study_ratings", _ratings(facts, window), temp=True)
    spent = connection.create_table("study_spending", _spending(facts, bought, window), temp=True)
    found, layers = [], []
    known = list(dimensions(facts))
    for step, dimension in enumerate(known):
        facts.tell(step, len(known), _("Comparing segments"))
        kept = market.largest(dimension.segments, most=MOST)
        segments = connection.create_table("study_segments", kept, temp=True, overwrite=True)
        figures = market.segment_figures(segments, bought, window=window, rated=rated, spent=spent)
        history = market.segment_history(segments, bought, window=window, periods=PERIODS)
        told = _told(dimension, figures, history, first=first, window=window)
        if sum(segment["segment"] != UNKNOWN for segment in told["segments"]) < 2:
            continue
        found.append(told)
        layers.append(_layers(dimension, segments, facts=facts))
    if not found:
        raise NotEnough(
            Reading(
                "Nothing is known that divides the members. Import attributes of members (city, gender, age group …)."
            )
        )
    result = {
        "first": window.first.isoformat(),
        "last": window.last.isoformat(),
        "days": window.days,
        "known_from": first.isoformat(),
        "dimensions": found,
        "layer_names": {f"market:{dimension['code']}": _layer_names(dimension) for dimension in found},
    }
    return StudyOutcome(result=result, readings=_readings(found), layers=pa.concat_tables(layers))


def _ratings(facts: StudyFacts, window: Window) -> ir.Table:
    read = facts.snapshot.table
    return market.ratings(read("events"), read("member_attributes"), read("identity_map"), window=window)


def _spending(facts: StudyFacts, bought: ir.Table, window: Window) -> ir.Table:
    read = facts.snapshot.table
    return market.spending(
        read("messages"),
        read("costs"),
        bought,
        read("identity_map"),
        window=window,
        currency=facts.currency,
    )


def _told(
    dimension: Dimension, figures: ir.Table, history: ir.Table, *, first: date, window: Window
) -> dict[str, Any]:
    """A dimension for the page.  Where a window before is not whole there is nothing to compare with."""
    rows = [_plain(row) for row in figures.to_pyarrow().to_pylist()]
    for name, days in (("growth", window.days), ("year", YEAR_DAYS)):
        if first > window.moved(days).first:
            rows = [row | dict.fromkeys(COMPARED[name]) for row in rows]
    rows.sort(key=lambda row: (row["segment"] in {UNKNOWN, OTHER}, -row["revenue_minor"], row["segment"]))
    shares = [
        _plain(row)
        for row in history.to_pyarrow().to_pylist()
        if first <= window.moved(window.days * row["period"]).first
    ]
    members = sum(row["members"] for row in rows)
    untold = sum(row["members"] for row in rows if row["segment"] == UNKNOWN)
    return {
        "code": dimension.code,
        "family": dimension.family,
        "is_trait": dimension.code in TRAITS,
        "known_share": round(1 - untold / members, 4) if members else 0.0,
        "names": {
            row["segment"]: dimension.names[row["segment"]]
            for row in rows
            if row["segment"] in dimension.names
        },
        "segments": rows,
        "history": [
            [row["segment"], row["period"], row["revenue_minor"], row["revenue_share"]]
            for row in sorted(shares, key=lambda row: (row["segment"], row["period"]))
        ],
    }


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in row.items()}


def _layers(dimension: Dimension, segments: ir.Table, *, facts: StudyFacts) -> pa.Table:
    rows = segments.select("member_id", "segment").to_pyarrow()
    layers = [segment or UNKNOWN_LAYER for segment in rows.column("segment").to_pylist()]
    count = rows.num_rows
    return pa.table(
        {
            "member_id": rows.column("member_id"),
            "as_of": pa.array([facts.as_of] * count, pa.date32()),
            "scheme": pa.array([f"market:{dimension.code}"] * count, pa.string()),
            "layer": pa.array(layers, pa.string()),
            "score": pa.nulls(count, pa.float64()),
        }
    ).cast(TABLES["member_layers"].arrow_schema)


def _layer_names(dimension: dict[str, Any]) -> dict[str, Any]:
    """Names of layers: what the data call them, or words of the console for codes."""
    code = dimension["code"]
    noun = NOUNS.get(code, code) if dimension["is_trait"] else f"attribute:{code}"
    names: dict[str, Any] = {}
    for row in dimension["segments"]:
        segment = row["segment"]
        if segment in {UNKNOWN, OTHER}:
            names[segment or UNKNOWN_LAYER] = {
                "noun": "market_rest",
                "codes": ["other" if segment else UNKNOWN_LAYER],
            }
        else:
            name = dimension["names"].get(segment)
            names[segment] = name or {"noun": noun, "codes": [segment]}
    return names


def _readings(found: list[dict[str, Any]]) -> list[Reading]:
    spoken = [
        (
            _english_name(dimension["code"]),
            row | {"segment": dimension["names"].get(row["segment"], row["segment"])},
        )
        for dimension in found
        # That who buys often brings more is no news: behaviour is the other side of revenue.
        if dimension["known_share"] >= SPOKEN_FROM and dimension["family"] != "behaviour"
        for row in dimension["segments"]
        if row["segment"] not in {UNKNOWN, OTHER}
    ]
    return verdicts(spoken)


def _english_name(code: str) -> str:
    """The dimension's name as a reading keeps it: in English, and translated when it is read."""
    with override("en"):
        return dimension_name(code)
