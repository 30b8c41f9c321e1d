"""What a bundle costs: seconds, CPU and peak memory of each step, and its size on disk.

    python benchmarks/bundle.py HOME/lake --time-zone America/New_York --leave-out COUPON FUEL MISCELLANEOUS

The lake of the demonstration; fitted in a process of its own, as the worker does, into a directory that is removed.
"""

from __future__ import annotations

import argparse
import os
import time
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from shuke.apps.recommendations.adapters.bundle_files import activate, active_bundle
from shuke.apps.recommendations.operations.fit_process import Order, fit_in_child
from shuke.lake import Lake
from shuke.science.recommendations.bundle_fitting import ALL, FitSettings

MB = 1_000_000


def main() -> None:
    """Fit once and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("lake")
    parser.add_argument("--as-of", type=date.fromisoformat, default=None)
    parser.add_argument("--time-zone", default="UTC")
    parser.add_argument("--leave-out", nargs="*", default=[])
    parser.add_argument("--strategies", nargs="*", default=list(ALL))
    parser.add_argument("--threads", type=int, default=2)
    told = parser.parse_args()
    day = told.as_of or _last_day(told.lake)
    settings = FitSettings(strategies=tuple(told.strategies), threads=told.threads)
    print(f"{day}, {settings.threads} threads, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with TemporaryDirectory(prefix="shuke-bundle-") as folder:
        root = Path(folder)
        order = Order(root / "bdl_benchmark", told.lake, day, told.time_zone, tuple(told.leave_out), settings)
        found = fit_in_child(order, tell=lambda *_told: None)
        print(f"{'step':<22}{'seconds':>9}{'CPU':>9}{'peak MB':>9}{found['metric']:>10}")
        for step in found["steps"]:
            figure = found["figures"].get(step["name"])
            costs = f"{step['seconds']:>9.1f}{step['cpu_seconds']:>9.1f}{step['peak_bytes'] / MB:>9,.0f}"
            print(f"{step['name']:<22}{costs}{'' if figure is None else f'{figure:>10.4f}'}")
        print(f"together {found['seconds']:.1f} s, {found['cpu_seconds']:.1f} s of CPU", end=", ")
        print(
            f"peak {found['peak_bytes'] / MB:,.0f} MB, {found['size_bytes'] / MB:,.1f} MB on disk", end="; "
        )
        print(f"{found['members']:,} members, {found['items']:,} products, default {found['best']}")
        began = time.perf_counter()
        activate(root, "bdl_benchmark")
        switched = time.perf_counter()
        active_bundle(root)
        print(
            f"verified and switched {switched - began:.3f} s, opened {time.perf_counter() - switched:.3f} s"
        )


def _last_day(lake: str) -> date:
    with Lake(lake).read() as snapshot:
        found: date = snapshot.table("orders").local_date.max().to_pyarrow().as_py()
    return found


if __name__ == "__main__":
    main()
