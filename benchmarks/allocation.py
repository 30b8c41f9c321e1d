"""CPU seconds and proven gap of giving offers to members under a budget.

.venv/bin/python benchmarks/allocation.py
"""

import time

import numpy as np

from shuke.science.allocation import allocated

for members in (100_000, 1_000_000):
    rng = np.random.default_rng(0)
    values = rng.gamma(2, 500, (members, 6))
    costs = rng.integers(100, 2000, (members, 6)).astype(float)
    budget = float(costs.mean() * members * 0.3)
    began, cpu = time.perf_counter(), time.process_time()
    found = allocated(values=values, costs=costs, budget=budget)
    seconds, used = time.perf_counter() - began, time.process_time() - cpu
    print(
        f"{members:,} members × 6 offers: {seconds:.2f} s, {used:.2f} CPU seconds, "
        f"gap {found.gap:.1e}, cost {found.cost:,.0f} of {budget:,.0f}"
    )
