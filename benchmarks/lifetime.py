"""Seconds to fit models to a million simulated members at day grain, beside lifetimes and pymc-marketing.

    .venv/bin/python benchmarks/lifetime.py [--members 1000000] [--others]

The other two are not dependencies of Shuke.  With ``--others`` they are used where they are installed (in the
same environment, or named by ``--python``, an interpreter that has them).
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from shuke.science.lifetime.bg_nbd import BgNbd
from shuke.science.lifetime.fitting import fit
from shuke.science.lifetime.histories import grouped
from shuke.science.lifetime.mbg_cnbd import MbgCnbd
from shuke.science.lifetime.pareto_nbd import ParetoNbd
from shuke.science.simulation.buyers import BuyerWorld, buyers

LIFETIMES = """
import sys, time, numpy as np
from lifetimes import BetaGeoFitter
d = np.load(sys.argv[1]); t = time.perf_counter()
f = BetaGeoFitter().fit(d["x"], d["tx"], d["age"])
print(f"lifetimes {time.perf_counter() - t:.2f} s", dict(f.params_.round(4)))
"""
PYMC = """
import sys, time, numpy as np, pandas as pd
from pymc_marketing.clv import BetaGeoModel
d = np.load(sys.argv[1])
rows = pd.DataFrame({"customer_id": range(len(d["x"])), "frequency": d["x"], "recency": d["tx"], "T": d["age"]})
t = time.perf_counter(); m = BetaGeoModel(data=rows); m.fit(method="map", progressbar=False)
print(f"pymc-marketing MAP {time.perf_counter() - t:.2f} s")
"""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--members", type=int, default=1_000_000)
    parser.add_argument("--others", action="store_true")
    parser.add_argument("--python", default=sys.executable)
    asked = parser.parse_args()
    seen = buyers(BuyerWorld(members=asked.members), rng=np.random.default_rng(1), whole_days=True)
    for model in (BgNbd(), MbgCnbd(1), MbgCnbd(2), ParetoNbd()):
        began, cpu = time.perf_counter(), time.process_time()
        rows = grouped(frequency=seen.frequency, recency=seen.recency, age=seen.age, log_gaps=seen.log_gaps)
        grouping = time.perf_counter() - began
        found = fit(model, rows)
        seconds, used = time.perf_counter() - began, time.process_time() - cpu
        print(
            f"{model.name}: {seconds:.2f} s ({used:.2f} CPU; grouping {grouping:.2f}), {len(rows.frequency):,} rows, "
            f"{ {name: round(value, 4) for name, value in found.parameters.items()} }"
        )
    if asked.others:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "members.npz"
            np.savez(file, x=seen.frequency, tx=seen.recency, age=seen.age)
            for script in (LIFETIMES, PYMC):
                subprocess.run([asked.python, "-c", script, str(file)], check=False)


if __name__ == "__main__":
    main()
