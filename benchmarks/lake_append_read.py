"""What the lake costs: appends, upserts, reads, compaction.

    python benchmarks/lake_append_read.py

Prints milliseconds and, because machines differ, ratios to the append of 1,000 rows on the same machine.
The expectations in brackets are those of docs/decisions/0010-delta-lake-read-by-duckdb.md.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl

from shuke.lake import Lake
from shuke.tables import TABLES


def order_lines(rows: int, *, seed: int, months: int = 1) -> pl.DataFrame:
    """Random order lines of a few products and many members."""
    chance = np.random.default_rng(seed)
    days = chance.integers(0, 28 * months, rows)
    dates = [date(2026, 1 + day // 28, 1) + timedelta(days=int(day % 28)) for day in days]
    paid = chance.integers(50, 5_000, rows)
    return pl.DataFrame(
        {
            "order_id": [f"acc:{seed}-{number // 8}" for number in range(rows)],
            "line_no": np.arange(rows) % 8 + 1,
            "person_key": [f"per_{number}" for number in chance.integers(0, 2_500, rows)],
            "placed_at": [datetime(d.year, d.month, d.day, 10, tzinfo=UTC) for d in dates],
            "sales_channel": "store",
            "store_id": [f"s{number}" for number in chance.integers(0, 400, rows)],
            "product_id": [f"sku{number}" for number in chance.integers(0, 9_000, rows)],
            "quantity": chance.integers(1, 5, rows),
            "list_minor": paid,
            "discount_minor": 0,
            "voucher_minor": 0,
            "paid_minor": paid,
            "currency": "EUR",
            "is_gift": False,
            "batch_id": "b",
            "local_month": [f"{d:%Y-%m}" for d in dates],
            "local_date": dates,
            "local_hour": 10,
        },
        schema_overrides={"discount_minor": pl.Int64, "voucher_minor": pl.Int64, "local_hour": pl.Int64},
    )


def milliseconds(work: Callable[[], object], *, times: int = 1) -> float:
    """The median over so many runs."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken) * 1000


def main() -> None:
    """Run everything in a temporary folder."""
    with tempfile.TemporaryDirectory() as folder:
        unit = appends(folder)
        reads_and_compaction(folder, unit)
        upserts(folder, unit)


def show(what: str, taken: float, unit: float, note: str = "") -> None:
    """One line of the report."""
    print(f"{what:<46}{taken:>10.1f} ms {taken / unit:>8.2f} ×  {note}")


def appends(folder: str) -> float:
    """Batches of three sizes; returns the time of the smallest, the unit of all ratios."""
    unit = 0.0
    for rows in (1_000, 10_000, 100_000):
        lake = Lake(f"{folder}/append{rows}")
        batches = [order_lines(rows, seed=seed).to_arrow() for seed in range(6)]
        lake.append("order_lines", batches.pop())
        taken = milliseconds(lambda: lake.append("order_lines", batches.pop()), times=5)  # noqa: B023
        unit = unit or taken
        show(f"append {rows:,} rows", taken, unit, f"{rows / taken * 1000:,.0f} rows/s")
    return unit


def reads_and_compaction(folder: str, unit: float) -> None:
    """A hundred small commits, read before and after compaction."""
    lake = Lake(f"{folder}/commits")
    for seed in range(100):
        lake.append("order_lines", order_lines(1_000, seed=seed).to_arrow())

    def read() -> None:
        with lake.read() as snapshot:
            lines = snapshot.table("order_lines")
            lines.group_by("person_key").agg(paid=lines.paid_minor.sum()).to_pyarrow()

    def touch() -> None:
        with lake.read() as snapshot:
            for name in TABLES:
                snapshot.table(name)

    show("group by over 100 files", milliseconds(read, times=5), unit)
    show("compact 100 files into 1", milliseconds(lambda: lake.compact("order_lines")), unit)
    show("group by over 1 file", milliseconds(read, times=5), unit)
    show(f"open a snapshot and all {len(TABLES)} tables", milliseconds(touch, times=10), unit)
    show("vacuum", milliseconds(lambda: lake.vacuum("order_lines")), unit)


def upserts(folder: str, unit: float) -> None:
    """Corrections of 1 % and 10 % of 1.5 million lines, and of one row."""
    lake = Lake(f"{folder}/upsert")
    rows = order_lines(1_500_000, seed=1, months=12)
    taken = milliseconds(lambda: lake.append("order_lines", rows))
    show("append 1,500,000 rows in 12 months", taken, unit, f"{1_500_000 / taken * 1000:,.0f} rows/s")
    for label, part in (
        ("1 row", rows.head(1)),
        ("1 % of all rows", rows.sample(fraction=0.01, seed=1)),
        ("10 % of all rows", rows.sample(fraction=0.1, seed=1)),
    ):
        changed = part.with_columns(paid_minor=pl.col("paid_minor") + 1)
        show(f"upsert {label}", milliseconds(lambda: lake.upsert("order_lines", changed)), unit)  # noqa: B023
    show("erase one person", milliseconds(lambda: lake.delete_persons(["per_1"])), unit)


if __name__ == "__main__":
    main()
