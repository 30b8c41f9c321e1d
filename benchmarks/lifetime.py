r"""Seconds to fit models to a million simulated members at day grain, beside lifetimes and pymc-marketing.

    .venv/bin/python benchmarks/lifetime.py [--members 1000000] [--others --lifetimes PYTHON --pymc PYTHON]

The other two are no dependencies of Shuke and want other versions of pandas, so each has an interpreter of its own
(whatever is given must be able to import it; left out, the one that runs this is tried):

    uv venv /tmp/a && uv pip install --python /tmp/a/bin/python \
        lifetimes==0.11.3 "pandas<2" "numpy<1.25" "scipy<1.11" "autograd<1.6"
    uv venv /tmp/b && uv pip install --python /tmp/b/bin/python pymc-marketing

Every fit is timed alone, from arrays in memory to parameters, in wall and in CPU seconds (threads of all cores are
summed); the ratios at the end are of BG/NBD, which all three fit, to the same maximum.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from shuke.science.lifetime.bg_nbd import BgNbd
from shuke.science.lifetime.fitting import fit
from shuke.science.lifetime.histories import grouped
from shuke.science.lifetime.mbg_cnbd import MbgCnbd
from shuke.science.lifetime.model import Model
from shuke.science.lifetime.pareto_nbd import ParetoNbd
from shuke.science.simulation.buyers import Buyers, BuyerWorld, buyers

LIFETIMES = """
import sys, time, json, numpy as np
from lifetimes import BetaGeoFitter
d = np.load(sys.argv[1]); t, c = time.perf_counter(), time.process_time()
f = BetaGeoFitter().fit(d["x"], d["tx"], d["age"])
print(json.dumps({"name": "lifetimes 0.11.3", "seconds": time.perf_counter() - t, "cpu": time.process_time() - c,
                  "parameters": {n: float(v) for n, v in f.params_.items()}}))
"""
PYMC = """
import sys, time, json, resource, numpy as np, pandas as pd, pymc_marketing
from pymc_marketing.clv import BetaGeoModel
d = np.load(sys.argv[1])
rows = pd.DataFrame({"customer_id": range(len(d["x"])), "frequency": d["x"], "recency": d["tx"], "T": d["age"]})
used = lambda: time.process_time() + resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
t, c = time.perf_counter(), used(); m = BetaGeoModel(data=rows); m.fit(method="map", progressbar=False)
found = m.fit_summary()
print(json.dumps({"name": f"pymc-marketing {pymc_marketing.__version__} MAP", "seconds": time.perf_counter() - t,
                  "cpu": used() - c,
                  "parameters": {n: float(found[n]) for n in ("r", "alpha", "a", "b") if n in found}}))
"""


@dataclass(frozen=True)
class Run:
    """One fit of BG/NBD."""

    name: str
    seconds: float
    cpu: float
    parameters: dict[str, float]

    def __str__(self) -> str:
        found = {name: round(value, 4) for name, value in self.parameters.items()}
        return f"{self.name}: {self.seconds:.2f} s ({self.cpu:.2f} CPU), {found}"


def other(python: str, script: str, file: Path) -> Run | None:
    """A fit by another library in its own interpreter; ``None``, said aloud, where that fails."""
    done = subprocess.run([python, "-c", script, str(file)], check=False, capture_output=True, text=True)
    if done.returncode:
        print(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "failed", file=sys.stderr)
        return None
    return Run(**json.loads(done.stdout.strip().splitlines()[-1]))


def ours(model: Model, seen: Buyers) -> Run:
    """A fit by Shuke, grouping included."""
    began, cpu = time.perf_counter(), time.process_time()
    rows = grouped(frequency=seen.frequency, recency=seen.recency, age=seen.age, log_gaps=seen.log_gaps)
    found = fit(model, rows)
    return Run(
        f"Shuke {model.name}", time.perf_counter() - began, time.process_time() - cpu, found.parameters
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--members", type=int, default=1_000_000)
    parser.add_argument("--others", action="store_true")
    parser.add_argument("--lifetimes", default=sys.executable, metavar="PYTHON")
    parser.add_argument("--pymc", default=sys.executable, metavar="PYTHON")
    asked = parser.parse_args()
    seen = buyers(BuyerWorld(members=asked.members), rng=np.random.default_rng(1), whole_days=True)
    print(f"{asked.members:,} members; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    first = None
    for model in (BgNbd(), MbgCnbd(1), MbgCnbd(2), ParetoNbd()):
        run = ours(model, seen)
        first = first or run
        print(run)
    if asked.others and first:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "members.npz"
            np.savez(file, x=seen.frequency, tx=seen.recency, age=seen.age)
            for python, script in ((asked.lifetimes, LIFETIMES), (asked.pymc, PYMC)):
                run = other(python, script, file)
                if run:
                    print(run)
                    times, cpu = run.seconds / first.seconds, run.cpu / first.cpu
                    print(f"  {times:.1f} × our seconds, {cpu:.1f} × our CPU seconds")


if __name__ == "__main__":
    main()
