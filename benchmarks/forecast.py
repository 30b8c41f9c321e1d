"""What 10,000 weekly series cost to forecast and how far the forecasts are off, by method; and a real supermarket year.

.venv/bin/python benchmarks/forecast.py [--series 10000] [--processes 2] [--only simulated|supermarket]

Simulated: 104 weeks with trend, a year's season, planned promotions and a fifth of the series selling seldom; the 8
weeks after them judge.  The best that anybody could do is the error of the truth itself.

The supermarket year (The Complete Journey): rolling origins two weeks apart, each method knowing only what was known
then, 8 weeks ahead, in money.
"""

from __future__ import annotations

import argparse
import os
import resource
import time
from collections import Counter
from datetime import date

import numpy as np

from shuke.science.forecast.accuracy import bias, coverage, judged, wape
from shuke.science.forecast.backtest import run_ladder
from shuke.science.forecast.forecasting import GLOBAL, Forecasts, ForecastSettings, forecast, made_coherent
from shuke.science.forecast.global_model import trained
from shuke.science.forecast.levels import LEVELS, Levels, levelled
from shuke.science.forecast.panel import Panel
from shuke.science.forecast.series import sold_lines
from shuke.science.simulation.demand import Demand, DemandWorld, demand

WEEKS, HORIZON = 104, 8


def cpu_seconds() -> float:
    """Of this process and of those that it started and that are done."""
    return sum(
        part.ru_utime + part.ru_stime
        for part in (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def simulated(series: int, *, processes: int) -> None:
    world = demand(DemandWorld(series=series, weeks=WEEKS + HORIZON), rng=np.random.default_rng(1))
    panel = Panel(
        keys=tuple((str(row),) for row in range(series)),
        values=world.sold[:, :WEEKS],
        first_period=date(2023, 1, 2),
        group=world.category,
        price=world.price,
        promotion=world.promotion,
        is_planned=True,
    )
    actual = world.sold[:, WEEKS:]
    print(f"{series:,} simulated series of {WEEKS} weeks, {HORIZON} weeks ahead")
    print(f"  the truth itself        WAPE {wape(actual, forecast=world.expected[:, WEEKS:]):.3f}")
    began, wall = cpu_seconds(), time.monotonic()
    settings = ForecastSettings(windows=2, step=8, is_refitted=False, processes=processes, threads=processes)
    found = forecast(panel, settings=settings, rng=np.random.default_rng(2))
    seconds = (
        f"{time.monotonic() - wall:.0f} s, {cpu_seconds() - began:.0f} CPU seconds on {processes} processes"
    )
    held = coverage(actual, low=found.low, high=found.high)
    print(f"  default ladder, chosen  WAPE {wape(actual, forecast=found.mean):.3f}  bias "
          f"{bias(actual, forecast=found.mean):+.3f}  bands of 80 % held {held:.1%}  ({seconds})")  # fmt: skip
    print(f"  chosen: {dict(Counter(found.method).most_common())}")
    one_by_one(panel, world, processes=processes)


def one_by_one(panel: Panel, world: Demand, *, processes: int) -> None:
    """Each method alone on the same weeks; what sells seldom and the rest told apart."""
    actual = world.sold[:, WEEKS:]
    for name in ("seasonal_naive", "ses", "theta", "ets", "mfles", "croston", "tsb", "imapa"):
        began = cpu_seconds()
        tried = run_ladder(
            panel, origins=[WEEKS], horizon=HORIZON, season=52, methods=[name], processes=processes
        )
        said = tried.forecasts[0, 0]
        own = ~np.isnan(said[:, 0])
        print(f"  {name:22s}  {_told(panel, actual, said, own)}  ({cpu_seconds() - began:.0f} CPU seconds)")
    began = cpu_seconds()
    model = trained(
        panel, cutoff=WEEKS, horizon=HORIZON, season=52, rng=np.random.default_rng(3), threads=processes
    )
    said = model.forecast(panel, origin=WEEKS)
    usual = ~np.isnan(run_ladder(panel, origins=[WEEKS], horizon=1, methods=["ets"]).forecasts[0, 0, :, 0])
    print(f"  {GLOBAL:22s}  {_told(panel, actual, said, usual)}  ({cpu_seconds() - began:.0f} CPU seconds)")
    print(f"  {GLOBAL + ', all series':22s}  {_told(panel, actual, said, np.ones(len(said), dtype=bool))}")


def _told(panel: Panel, actual: np.ndarray, said: np.ndarray, own: np.ndarray) -> str:
    found = judged(actual[own], forecast=said[own], history=panel.values[own], season=52)
    return f"WAPE {found.wape:.3f}  bias {found.bias:+.3f}  RMSSE {found.rmsse:.3f}  on {own.sum():,} series"


def supermarket(*, windows: int = 8) -> None:
    import ibis

    from shuke.science.simulation.supermarket import supermarket_year

    engine = ibis.duckdb.connect()
    year = supermarket_year(engine)
    began = cpu_seconds()
    names = ("orders", "order_lines", "products")
    sold = engine.create_table(
        "sold",
        sold_lines(**{name: year.tables[name] for name in names}, currency="USD", as_of=year.last_day),
        temp=True,
    )
    first = sold.local_date.min().execute().date()
    levels = levelled(sold, as_of=year.last_day, first=first)
    settings = ForecastSettings(horizon=HORIZON, season=1, windows=windows, step=2)
    alone = forecast(levels.panel, settings=settings, rng=np.random.default_rng(3))
    whole = made_coherent(alone, levels.hierarchy)
    panel = levels.panel
    print(f"Supermarket year: {len(panel.values)} series of {panel.periods} weeks, {cpu_seconds() - began:.0f} CPU "
          f"seconds with reading; origins after weeks {alone.backtest.origins[2:]}")  # fmt: skip
    for level in LEVELS:
        if levels.rows_of(level):
            _compare(levels, level, alone=alone, whole=whole)


def _compare(levels: Levels, level: str, *, alone: Forecasts, whole: Forecasts) -> None:
    rows, tried, late = levels.rows_of(level), alone.backtest, slice(2, None)
    actual = tried.actual[late, rows]
    naive = wape(actual, forecast=tried.forecasts[0][late, rows])
    chosen = wape(actual, forecast=alone.in_life[late, rows])
    summed = wape(actual, forecast=whole.in_life[late, rows])
    held = coverage(actual, low=whole.in_life_low[late, rows], high=whole.in_life_high[late, rows])
    print(
        f"  {level:10s} {len(rows):4d} series  repeating last week {naive:.4f}  "
        f"chosen {chosen:.4f} ({chosen / naive - 1:+.0%})  "
        f"made to add up {summed:.4f} ({summed / naive - 1:+.0%})  bands of 80 % held {held:.0%}"
    )
    for place, name in enumerate(tried.methods):
        said = tried.forecasts[place][late, rows]
        same = np.where(np.isnan(said), np.nan, tried.forecasts[0][late, rows])
        if (~np.isnan(said)).mean() > 0.5 and place:
            gain = wape(actual, forecast=said) / wape(actual, forecast=same) - 1
            print(f"      {name:10s} {wape(actual, forecast=said):.4f} ({gain:+.0%})")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--series", type=int, default=10_000)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--only", choices=("simulated", "supermarket"))
    given = parser.parse_args()
    if given.only != "supermarket":
        simulated(given.series, processes=given.processes)
    if given.only != "simulated":
        supermarket()


if __name__ == "__main__":
    # Each of the processes has one core to itself.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
