"""Whether people written down twice are found: precision, recall, seconds and memory.

    .venv/bin/python benchmarks/identity.py [--people 1000000] [--seed 1]

Made-up people with known truth (shuke/science/simulation/people.py): three in ten have a second
record with one to three of five fields wrong, a tenth live in families.  Precision and recall count pairs of
records that are joined without a person; "with review" adds what waits in the queue.
"""

import argparse
import resource
import time

import numpy as np
import polars as pl

from shuke.science.matching import find_matches, judged
from shuke.science.simulation.people import PeopleWorld, simulate_people


def main() -> None:
    """Simulate, match, judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    truth = simulate_people(PeopleWorld(people=given.people), rng=np.random.default_rng(given.seed))
    before = _peak_gigabytes()
    started, cpu = time.perf_counter(), time.process_time()
    matches = find_matches(truth, tell=_teller(started))
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu
    quality = judged(matches.persons, truth)
    print(f"{truth.height:,} records, {quality.true_pairs:,} true pairs")
    print(f"precision {quality.precision:.4f}, recall {quality.recall:.4f}")
    print(
        f"with review: recall {_reviewed_recall(matches.pairs, truth):.4f}, {_queue(matches.pairs):,} pairs to review"
    )
    print(
        f"{seconds:.0f} s, {cpu_seconds:.0f} CPU-s, peak {_peak_gigabytes():.1f} GB ({before:.1f} GB before)"
    )


def _teller(started: float):  # type: ignore[no-untyped-def]
    return lambda step, steps, label: print(
        f"  {step}/{steps} {label}: {time.perf_counter() - started:.0f} s"
    )


def _peak_gigabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def _queue(pairs: pl.DataFrame) -> int:
    return pairs.filter(~pl.col("is_sure")).height


def _reviewed_recall(pairs: pl.DataFrame, truth: pl.DataFrame) -> float:
    """Share of true pairs that are joined or wait for a person."""
    persons = truth.select("record", "person")
    left = persons.rename({"record": "left", "person": "left_person"})
    right = persons.rename({"record": "right", "person": "right_person"})
    known = pairs.join(left, on="left").join(right, on="right")
    found = known.filter(pl.col("left_person") == pl.col("right_person")).height
    return found / max(judged(persons, persons).true_pairs, 1)


if __name__ == "__main__":
    main()
