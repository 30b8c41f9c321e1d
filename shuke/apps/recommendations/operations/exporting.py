"""A slot's lists of all members as a file."""

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pyarrow as pa
from django.utils.translation import gettext_lazy as _
from pyarrow import csv, parquet

from shuke.apps.members.queries import active_ids
from shuke.apps.recommendations.queries.bundles import serving_bundle
from shuke.apps.recommendations.queries.current import current_surroundings
from shuke.apps.recommendations.queries.serving import recommend_many
from shuke.apps.recommendations.queries.slots import slot as slot_of
from shuke.apps.recommendations.schemas import Answer
from shuke.platform.errors import Refused
from shuke.sources.files.exporting import harmless

#: Members whose rows are written together.
TOGETHER = 10_000
SCHEMA = pa.schema(
    [
        ("member_id", pa.string()),
        ("place", pa.int32()),
        ("product_id", pa.string()),
        ("score", pa.float64()),
        ("reason", pa.string()),
    ]
)
SUFFIXES = (".csv", ".parquet")


def export_lists(
    slot: str,
    *,
    file: Path,
    at: datetime,
    language: str = "en",
    threads: int = 1,
    report: Callable[[int, int], None] = lambda _done, _of: None,
) -> int:
    """Write what a slot would recommend to each active member: member_id, place, product_id, score, reason.
    Returns how many members.  The file appears whole or not at all.

    Shows nobody anything, so nothing is noted as an exposure; for lists that are sent use a campaign or the batch
    door.  Raises ``NotFound`` for the slot, ``Refused`` without a bundle and for a file neither CSV nor Parquet.
    """
    view, bundle = slot_of(slot), serving_bundle()
    if bundle is None:
        message = _("There is no model to recommend by yet. Make one: shuke recommend fit")
        raise Refused("no_bundle", message)
    if file.suffix.lower() not in SUFFIXES:
        message = _("Name a file that ends with .csv or .parquet.")
        raise Refused("unknown_format", message, {"file": file.name})
    members = sorted(active_ids())
    draft = file.with_name(f".{file.name}.draft")
    try:
        with _writer(draft, file.suffix.lower()) as writer:
            for first in range(0, len(members), TOGETHER):
                part = members[first : first + TOGETHER]
                answers = recommend_many(
                    view,
                    part,
                    bundle=bundle,
                    at=at,
                    language=language,
                    threads=threads,
                    around=current_surroundings([view], at=at),
                )
                # What comes from catalogues must not run as a formula where somebody opens the file.
                told = harmless if file.suffix.lower() == ".csv" else str
                writer.write_table(_rows(part, answers, told=told))
                report(min(first + TOGETHER, len(members)), len(members))
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)
    return len(members)


def _writer(path: Path, suffix: str) -> "csv.CSVWriter | parquet.ParquetWriter":
    if suffix == ".csv":
        return csv.CSVWriter(path, SCHEMA)
    return parquet.ParquetWriter(path, SCHEMA, compression="zstd")


def _rows(members: list[str], answers: Iterator[Answer], *, told: Callable[[str], str]) -> pa.Table:
    columns: tuple[list[object], ...] = ([], [], [], [], [])
    for member_id, answer in zip(members, answers, strict=True):
        for item in answer.items:
            row = (member_id, item.place, told(item.product_id), item.score, told(item.reason))
            for column, value in zip(columns, row, strict=True):
                column.append(value)
    return pa.table(list(columns), schema=SCHEMA)
