"""The events of a part of the spool as a frame, and what of them is put aside on the way to the lake."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from shuke.sources.collector.cleaning import cleaned
from shuke.sources.collector.personal import looks_personal
from shuke.sources.collector.unpacking import Bad, Row, Unpacked

_SCHEMA: Mapping[str, Any] = {
    "position": pl.Int64,
    "index": pl.Int64,
    "source": pl.String,
    "role": pl.String,
    "type": pl.String,
    "name": pl.String,
    "message_id": pl.String,
    "user": pl.String,
    "device": pl.String,
    "occurred_at": pl.Int64,
    "received_at": pl.Int64,
}
_MOMENT = pl.Datetime("us", "UTC")


def frame_of(rows: Sequence[Row]) -> pl.DataFrame:
    """The rows as columns.  ``row`` numbers them; ``fault`` is empty and will hold why a row is put aside."""
    columns = list(zip(*rows, strict=True)) or [()] * len(_SCHEMA)
    frame = pl.DataFrame(
        [
            pl.Series(name, values, dtype=dtype, strict=False)
            for (name, dtype), values in zip(_SCHEMA.items(), columns, strict=True)
        ]
    )
    return frame.with_row_index("row").with_columns(
        pl.col("row").cast(pl.Int64),
        pl.col("occurred_at", "received_at").cast(_MOMENT),
        pl.lit(None, dtype=pl.String).alias("fault"),
    )


def with_plain_facts(frame: pl.DataFrame, found: Unpacked) -> pl.DataFrame:
    """The frame of all rows with ``properties`` and ``context`` without direct identifiers.

    What cannot be kept has a fault.
    """
    properties, wrong = _properties(frame, found)
    context, strange = cleaned(found.contexts)
    plain = frame.with_columns(properties.alias("properties"), context.alias("context"))
    return with_faults(plain, strange | wrong)


def _properties(frame: pl.DataFrame, found: Unpacked) -> tuple[pl.Series, dict[int, str]]:
    """What ``identify`` says is said of a person, where ``name`` is a person's name and not that of a product."""
    of_persons = frame["type"] == "identify"
    plain, faults = cleaned(found.properties)
    places = of_persons.arg_true().to_list()
    if not places:
        return plain, faults
    traits, wrong = cleaned([found.properties[place] for place in places], of_person=True)
    return plain.scatter(places, traits), faults | {places[number]: code for number, code in wrong.items()}


def with_faults(frame: pl.DataFrame, codes: Mapping[int, str]) -> pl.DataFrame:
    """The frame with faults at these places (counted from 0 in this frame); the first fault of a row stays."""
    if not codes:
        return frame
    marks = pl.Series([codes.get(place) for place in range(frame.height)], dtype=pl.String)
    return frame.with_columns(pl.coalesce(pl.col("fault"), marks).alias("fault"))


def faulty(frame: pl.DataFrame) -> list[Bad]:
    """The rows with a fault, as events that are put aside."""
    names = ("position", "index", "source", "received_at", "fault", "type", "name", "message_id")
    found = frame.filter(pl.col("fault").is_not_null()).with_columns(pl.col("received_at").cast(pl.Int64))
    return [
        Bad(position, index, source, received_at, code, _shown(kind, name, message_id))
        for position, index, source, received_at, code, kind, name, message_id in found.select(
            names
        ).iter_rows()
    ]


def _shown(kind: str, name: str, message_id: str) -> dict[str, str]:
    facts = {"type": kind, "name": name, "message_id": message_id}
    return {key: text for key, text in facts.items() if text.isprintable() and not looks_personal(text)}
