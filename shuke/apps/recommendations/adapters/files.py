"""A history out of a file: which column is what, what kind of time it is, and what cannot be read."""

from __future__ import annotations

import gzip
import tempfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from shuke.apps.recommendations.adapters.file_columns import WORDS, columns_of, is_order_number
from shuke.apps.recommendations.adapters.member_clocks import (
    begins_with_each_member,
    days_by_gaps,
    ending_together,
)
from shuke.science.recommendations.histories import DAY, History, NotAHistory, history_of
from shuke.sources.files.errors import UnreadableFileError
from shuke.sources.files.fields import Field
from shuke.sources.files.mapping import folded
from shuke.sources.files.parsing import parse
from shuke.sources.files.profiles import DateOrder, Profile
from shuke.sources.files.reading import SourceTable, read_file

#: How members' own clocks are laid side by side.
TOGETHER = "everybody's last order is put on the same day, so that lately means the same for all."
OR_OF_THE_ORDER = "a number of days (or of the order)."
GZIP = b"\x1f\x8b"
#: A packed file may be larger than any disk.
MOST_UNPACKED = 8 << 30
MONTHS = 12
#: Values of a column that a sentence lists at most.
MOST_SHOWN = 8
#: Of dates without a year.
LEAP_YEAR = "2024"
#: Where rows are views, carts and purchases, those that are purchases.
PURCHASES = frozenset({"purchase", "transaction", "buy", "order", "购买", "下单", "成交"})
#: The end of a time that tells its distance to UTC, such as 07:30:00+08:00.
OFFSET = r"(\d:\d{2}(?::\d{2}(?:\.\d+)?)?)\s*[+-]\d{2}(?::?\d{2})?\s*$"
#: Whole numbers are seconds, milli-, micro- or nanoseconds since 1970 from these sizes on; smaller ones are days.
EPOCHS = ((10**17, 1_000), (10**14, 1), (10**11, -1_000), (10**8, -1_000_000))


@dataclass(frozen=True)
class FileFacts:
    """What was read: ``columns`` names the file's header of each part; ``left_out`` counts rows by the reason."""

    rows: int
    columns: Mapping[str, str]
    left_out: Mapping[str, int]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class HistoryFile:
    """A history and what was read."""

    history: History
    facts: FileFacts


def read_history(
    path: Path,
    *,
    columns: Mapping[str, str],
    day_baskets: bool,
    date_order: DateOrder,
    at: datetime,
    bought: str = "",
) -> HistoryFile:
    """The history in a CSV, Excel or Parquet file; ``columns`` says which header is what where that is not plain, and
    ``bought`` which value of the column of events means a purchase.

    Without a basket column a day is a basket.  Raises ``NotAHistory`` with what, where and how to mend it.
    """
    table = opened(path)
    chosen = columns_of(table.headers, _told(table, columns))
    notes = [] if "basket" in chosen or day_baskets else ["No basket column: all of a day is one basket."]
    rows, torn = table.height + len(table.ragged), len(table.ragged)
    frame = _one_item_a_row(pl.DataFrame({part: table.column(header) for part, header in chosen.items()}))
    del table  # The other columns of a large file are gigabytes.
    frame, note = _purchases(frame, chosen, bought=bought)
    notes += [note] if note else []
    frame, returned = _kept(frame)
    order, told = _date_order(frame["time"], date_order, header=chosen["time"])
    notes += [told] if told else []
    times, note = _times(frame["time"], header=chosen["time"], date_order=order, at=at)
    if note:
        notes.append(note)
    ids = [part for part in ("member", "basket", "item", "store") if part in chosen]
    frame = frame.with_columns(times.alias("time"), *(_ids(frame[part]) for part in ids))
    frame, faults = _whole_rows(frame, torn=torn)
    frame, note = _one_calendar(frame, chosen)
    notes = [said for said in notes if not (note and said.endswith(OR_OF_THE_ORDER))] + [note] * bool(note)
    faults |= {"rows that were given back (a quantity below zero)": returned} if returned else {}
    if not frame.height:
        raise NotAHistory(f"No row of {path.name} can be used: {_listed(faults)}.")
    for part in ("quantity", "amount"):
        if part in chosen:
            frame = _numbers(frame, part)
    if "basket" not in chosen:
        frame = frame.with_columns(basket=pl.lit(0))
    history = history_of(frame, day_baskets=day_baskets or "basket" not in chosen)
    repeated = frame.height - frame.select("member", "basket", "item", "time").n_unique()
    if repeated:
        notes.append(f"{repeated:,} rows repeat another and count once.")
    return HistoryFile(history, FileFacts(rows, chosen, faults, tuple(notes)))


def opened(path: Path) -> SourceTable:
    """The file's table, that of a packed file as well.  Raises ``NotAHistory``."""
    with path.open("rb") as file:
        is_packed = file.read(2) == GZIP
    if not is_packed:
        return _opened(path)
    with tempfile.TemporaryDirectory(prefix="shuke-unpacked-") as folder:
        plain = Path(folder) / (path.name.removesuffix(".gz") or "table")
        _unpacked(path, plain)
        return _opened(plain)


def _unpacked(path: Path, plain: Path) -> None:
    try:
        with gzip.open(path, "rb") as packed, plain.open("wb") as file:
            while part := packed.read(1 << 20):
                file.write(part)
                if file.tell() > MOST_UNPACKED:
                    raise NotAHistory(
                        f"{path.name} is more than {MOST_UNPACKED >> 30} GB when unpacked. Unpack it and take a part."
                    )
    except (OSError, EOFError, zlib.error) as error:
        raise NotAHistory(f"{path.name} is a gzip file that cannot be unpacked whole: {error}") from error


def _opened(path: Path) -> SourceTable:
    try:
        return read_file(path)
    except UnreadableFileError as error:
        raise NotAHistory(f"{path.name} cannot be read: {error}") from error


def _told(table: SourceTable, columns: Mapping[str, str]) -> Mapping[str, str]:
    """The told columns, and the only one that holds lists as that of the items where nothing else is."""
    nested = [h for h in table.headers if isinstance(table.column(h).dtype, pl.List | pl.Array)]
    if "item" in columns or len(nested) != 1 or any(folded(h) in WORDS["item"] for h in table.headers):
        return columns
    return {**columns, "item": nested[0]}


def _one_calendar(frame: pl.DataFrame, chosen: Mapping[str, str]) -> tuple[pl.DataFrame, str]:
    """Times that count from each member's own beginning, moved so that all end on the same day."""
    header = chosen["time"]
    if "gap" in chosen:
        frame = days_by_gaps(frame)
        return ending_together(
            frame
        ), f"Days are summed from {chosen['gap']!r}, orders by {header!r}; {TOGETHER}"
    if is_order_number(header) or begins_with_each_member(frame):
        return ending_together(frame), f"{header!r} begins anew with every member; {TOGETHER}"
    return frame, ""


def _one_item_a_row(frame: pl.DataFrame) -> pl.DataFrame:
    """A row for each item where a row holds a list of them.  Raises where another column holds lists or records."""
    for part, kind in frame.schema.items():
        if part == "item" and isinstance(kind, pl.List | pl.Array):
            frame = frame.explode("item")
    nested = [part for part, kind in frame.schema.items() if kind.is_nested()]
    if nested:
        raise NotAHistory(
            f"The column of the {nested[0]} holds lists or records, not single values. Write one value a row."
        )
    return frame


def _purchases(frame: pl.DataFrame, chosen: Mapping[str, str], *, bought: str) -> tuple[pl.DataFrame, str]:
    """Only what was bought, where a column tells purchases from views and carts; all rows where none does."""
    if "event" not in chosen:
        if bought:
            raise NotAHistory(
                "There is no column of events for --bought. Name it event, action_type or 行为类型."
            )
        return frame, ""
    header = chosen["event"]
    words = frame["event"].cast(pl.String).str.strip_chars().str.to_lowercase()
    meant = {bought.strip().lower()} if bought else PURCHASES
    rows = words.is_in(list(meant)).fill_null(value=False)
    frame = frame.drop("event")
    if not rows.any():
        kinds = sorted(words.drop_nulls().unique().to_list())[:MOST_SHOWN]
        if bought:
            raise NotAHistory(
                f"No row has {bought!r} in {header!r}, which --bought asks for. It has: {', '.join(kinds)}."
            )
        if len(kinds) > 1:
            listed = ", ".join(kinds)
            return (
                frame,
                f"No value of {header!r} says what was bought ({listed}): all rows count, or --bought VALUE.",
            )
        return frame, ""
    if rows.all():
        return frame, ""
    left = len(frame) - int(rows.sum())
    return frame.filter(rows), f"{left:,} rows that {header!r} says are no purchases are left out."


def _kept(frame: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """Without rows of things that were given back, and how many those were."""
    if "quantity" not in frame.columns:
        return frame, 0
    back = (frame["quantity"].cast(pl.Float64, strict=False) < 0).fill_null(value=False)
    return frame.filter(~back), int(back.sum())


def _date_order(cells: pl.Series, told: DateOrder, *, header: str) -> tuple[DateOrder, str]:
    """Whether 13/04/2026 or 04/13/2026 is meant, where the cells themselves leave no doubt."""
    if told != "ymd" or cells.dtype != pl.String:
        return told, ""
    numbers = cells.str.extract_groups(r"^\s*(\d{1,2})[/.-](\d{1,2})[/.-](?:\d{4}|\d{2})(?:\D|$)").struct
    first, second = (
        int(numbers.field(part).cast(pl.Int64, strict=False).fill_null(0).to_numpy().max(initial=0))
        for part in ("1", "2")
    )
    if not first or (first > MONTHS) == (second > MONTHS):
        return told, ""
    order: DateOrder = "dmy" if first > MONTHS else "mdy"
    words = "day/month/year" if order == "dmy" else "month/day/year"
    return order, f"{header!r} is read as {words}: no other order fits all rows."


def _ids(cells: pl.Series) -> pl.Series:
    """Whole numbers where all are (so that 9 comes before 10), else text without blanks around."""
    if cells.dtype.is_integer():
        return cells if cells.dtype == pl.UInt64 else cells.cast(pl.Int64)
    if cells.dtype.is_float():
        cells = cells.fill_nan(None)
    text = cells.cast(pl.String).str.strip_chars()
    text = pl.select(pl.when(text.str.len_bytes() > 0).then(text)).to_series().alias(cells.name)
    plain = text.str.contains(r"^(0|[1-9]\d{0,17})$").fill_null(value=True)
    return text.cast(pl.Int64) if plain.all() else text


def _times(cells: pl.Series, *, header: str, date_order: DateOrder, at: datetime) -> tuple[pl.Series, str]:
    """Naive times (null where unreadable) and what kind was understood, where that is not plain."""
    if cells.dtype == pl.Date:
        return cells.cast(pl.Datetime("us")), ""
    if isinstance(cells.dtype, pl.Datetime):
        return cells.dt.replace_time_zone(None).dt.cast_time_unit("us"), ""
    numbers = cells.cast(pl.Float64, strict=False)
    if numbers.drop_nans().len() and numbers.null_count() == cells.null_count():
        return _numbered_times(numbers, header)
    cells, note = _local(cells, header)
    cells = _with_months_as_numbers(cells)
    field = Field("time", "time", "Time", may_be_future=True)
    profile = Profile(columns={}, time_zone="UTC", business_zone="UTC", currency="", date_order=date_order)
    values, _ = parse(cells, field, profile, at=at)
    if values.null_count() == values.len():
        example = next((cell for cell in cells.to_list() if cell), "")
        raise NotAHistory(
            f"The column {header!r} holds no time that can be read; the first cell is {example!r}. "
            "Write times like 2026-01-31 or 2026-01-31 18:05:00, or use --date-order dmy or mdy."
        )
    return values.dt.replace_time_zone(None), note


def _with_months_as_numbers(cells: pl.Series) -> pl.Series:
    """``Jan 18, 2024 05:00 PM`` and ``18-Jan-2024`` as ISO; as they are where not all cells are written like that."""
    text = cells.cast(pl.String).str.strip_chars()
    for day in ("%b %d, %Y", "%B %d, %Y", "%d %b %Y", "%d-%b-%Y", "%d-%b-%y", "%d/%b/%Y"):
        for clock in ("", " %H:%M", " %H:%M:%S", " %I:%M %p", ", %H:%M"):
            found = text.head(MOST_SHOWN).str.to_datetime(day + clock, strict=False)
            if found.null_count() == 0:
                return text.str.to_datetime(day + clock, strict=False).dt.strftime("%Y-%m-%d %H:%M:%S")
    return cells


def _local(cells: pl.Series, header: str) -> tuple[pl.Series, str]:
    """Times as the clock on the wall showed them: 07:30+08:00 is half past seven, and of that day."""
    text = cells.cast(pl.String)
    bare = text.str.replace(OFFSET, "$1")
    if not (bare != text).any():
        return cells, ""
    return bare, f"{header!r} is read as local time; what it says of time zones is left out."


def _numbered_times(numbers: pl.Series, header: str) -> tuple[pl.Series, str]:
    known = numbers.drop_nulls().drop_nans()
    size = float(known.median())  # type: ignore[arg-type]
    if _are_months_and_days(known):
        text = numbers.cast(pl.Int64, strict=False).cast(pl.String).str.zfill(4)
        days = (LEAP_YEAR + text).str.to_date("%Y%m%d", strict=False)
        return days.cast(pl.Datetime("us")), f"{header!r} is read as MMDD of one year."
    if _are_dates(known):
        text = numbers.cast(pl.Int64, strict=False).cast(pl.String)
        return text.str.to_date("%Y%m%d", strict=False).cast(
            pl.Datetime("us")
        ), f"{header!r} is read as YYYYMMDD."
    for least, scale in EPOCHS:
        if size >= least:
            micros = numbers / scale if scale > 0 else numbers * -scale
            unit = {1_000: "nano", 1: "micro", -1_000: "milli", -1_000_000: ""}[scale]
            return _moments(micros), f"{header!r} is read as {unit}seconds since 1970."
    return _moments(numbers * DAY), f"{header!r} is read as {OR_OF_THE_ORDER}"


def _moments(micros: pl.Series) -> pl.Series:
    return micros.fill_nan(None).cast(pl.Int64, strict=False).cast(pl.Datetime("us"))


def _are_dates(numbers: pl.Series) -> bool:
    """Whether numbers are written like 20260131."""
    if not bool(((numbers >= 19000101) & (numbers < 22000101)).all()):
        return False
    text = numbers.cast(pl.Int64).cast(pl.String)
    return text.str.to_date("%Y%m%d", strict=False).null_count() == 0


def _are_months_and_days(numbers: pl.Series) -> bool:
    """Whether numbers are written like 1111 for the eleventh of November; numbers of days leave no such gaps."""
    if not bool(((numbers >= 101) & (numbers <= 1231)).all()):
        return False
    text = numbers.cast(pl.Int64).cast(pl.String).str.zfill(4)
    return (LEAP_YEAR + text).str.to_date("%Y%m%d", strict=False).null_count() == 0


def _whole_rows(frame: pl.DataFrame, *, torn: int) -> tuple[pl.DataFrame, dict[str, int]]:
    """Rows with member, item, basket and time, and how many had none, by the first that was missing."""
    faults = {"torn rows": torn} if torn else {}
    for part in ("member", "item", "basket", "time"):
        if part in frame.columns and (holes := frame[part].null_count()):
            faults[f"rows without a readable {part}"] = holes
            frame = frame.filter(pl.col(part).is_not_null())
    return frame, faults


def _numbers(frame: pl.DataFrame, part: str) -> pl.DataFrame:
    """Unreadable amounts and quantities count as nothing, since no metric needs them."""
    number = pl.col(part).cast(pl.Float64, strict=False)
    return frame.with_columns(number.fill_nan(None).fill_null(0.0))


def _listed(faults: Mapping[str, Any]) -> str:
    return ", ".join(f"{count} {what}" for what, count in faults.items()) or "there is none"
