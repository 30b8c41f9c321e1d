"""Every study on DuckDB and on a real Spark cluster: what each leaves, row by row, and the seconds of each.

Run ``python benchmarks/studies_on_spark.py HOME`` with the home of a demonstration whose traits are built; it is copied
for each engine, and the copies go.  A master and two workers are started from the pyspark package on this machine.
What a study keeps (its answer and its rows in the lake) is compared exactly but for the last digits of broken numbers.
Ends with 1 where the engines disagree or a study fails.  Seconds are those of one run after the session has started;
CPU seconds those of the process that asks, so without Spark's own, which are told at the end for all studies together.
"""

from __future__ import annotations

import argparse
import os
import pickle
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

#: A difference of broken numbers above this, relative to the larger one, is a difference of meaning.
TOLERANCE = 1e-9
#: What pays for many rows only: compiling each plan to Java, planning anew while it runs, and compiling beyond C1.
JAVA = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
LEAN = {
    "spark.driver.extraJavaOptions": JAVA,
    "spark.executor.extraJavaOptions": JAVA,
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.adaptive.enabled": "false",
    "spark.log.level": "ERROR",
}
#: Differences that are printed of each study.
SHOWN = 6


@dataclass(frozen=True)
class Left:
    """What a study left: its answer and its rows by table; or how it failed."""

    seconds: float
    cpu_seconds: float
    result: dict[str, Any] = field(default_factory=dict)
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    failure: str = ""


# --- in a process of its own, for one engine ---


def answer_all(out: Path, *, kinds: list[str], master: str, lean: bool) -> None:
    """Answer the questions as of the newest day with traits, in the home of ``SHUKE_HOME``."""
    import django

    django.setup()
    from shuke.apps.insights.operations.kinds import RUNS
    from shuke.apps.insights.queries import latest_build
    from shuke.lake import SparkSettings
    from shuke.lake.engines import spark

    build = latest_build()
    if build is None:
        sys.exit("There are no traits in this home: run 'shuke traits build' in it first.")
    if master:
        # What the first session of a process asks for holds for all that follow.
        partitions = {"shuffle_partitions": 2} if lean else {}
        spark.connect(SparkSettings(master=master, options=LEAN if lean else {}, **partitions))
    found = {kind: answered(kind, as_of=build.as_of, master=master) for kind in kinds or RUNS}
    out.write_bytes(pickle.dumps(found))
    if master:
        spark.stop()


def answered(kind: str, *, as_of: Any, master: str) -> Left:
    from shuke.apps.insights.operations import run_study
    from shuke.platform.clock import now

    began, cpu = time.perf_counter(), time.process_time()
    failure = ""
    try:
        run_study(kind, at=now(), as_of=as_of, spark=master or None)
    except Exception:  # noqa: BLE001
        # Whatever a study dies of is a finding, and the others are still to be tried.
        failure = traceback.format_exc(limit=-6)
    spent = time.perf_counter() - began, time.process_time() - cpu
    told = f"failed:\n{failure}" if failure else "answered"
    print(f"  {kind} on {master or 'DuckDB'}: {told} in {spent[0]:.1f} s", file=sys.stderr, flush=True)
    return Left(*spent, failure=failure) if failure else Left(*spent, **_kept(kind, as_of=as_of))


def _kept(kind: str, *, as_of: Any) -> dict[str, Any]:
    from shuke.apps.insights.models import Study
    from shuke.apps.insights.operations.kinds import LEAVES
    from shuke.platform.warehouse import lake

    study = Study.objects.get(kind=kind, as_of=as_of)
    tables, schemes = LEAVES.get(kind, ((), ()))
    rows: dict[str, list[dict[str, Any]]] = {}
    with lake().read() as snapshot:
        for name in tables:
            kept = snapshot.table(name).to_pyarrow()
            rows[name] = kept.filter(pc.equal(kept["as_of"], pa.scalar(as_of))).to_pylist()
        layers = snapshot.table("member_layers").to_pyarrow()
    for scheme in sorted(set(layers["scheme"].to_pylist()) if schemes else ()):
        if scheme in schemes or f"{scheme.partition(':')[0]}:" in schemes:
            rows[scheme] = layers.filter(pc.equal(layers["scheme"], scheme)).to_pylist()
    answer = {"result": study.result, "readings": study.readings, "refusal": study.refusal}
    return {"result": answer, "rows": rows}


# --- comparing ---


def differences(ours: Left, theirs: Left) -> list[str]:
    """Where the engines left something else, in words; nothing where they agree."""
    failed = [f"failed on {name}" for name, left in (("DuckDB", ours), ("Spark", theirs)) if left.failure]
    if failed:
        return failed
    told = list(_unlike(ours.result, theirs.result, place="answer"))
    for name in sorted(set(ours.rows) | set(theirs.rows)):
        told += _unlike(_sorted(ours.rows.get(name, [])), _sorted(theirs.rows.get(name, [])), place=name)
    return told


def _sorted(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """In an order that broken numbers have no say in."""
    return sorted(rows, key=lambda row: [repr(v) for v in row.values() if not isinstance(v, float)])


def _unlike(a: Any, b: Any, *, place: str) -> list[str]:
    if isinstance(a, dict) and isinstance(b, dict):
        if list(a) != list(b) and set(a) != set(b):
            return [f"{place}: the keys {sorted(set(a) ^ set(b))[:4]} are on one side"]
        return [text for key in a for text in _unlike(a[key], b[key], place=f"{place}.{key}")]
    if isinstance(a, list) and isinstance(b, list):
        if len(a) != len(b):
            return [f"{place}: {len(b)} instead of {len(a)}"]
        pairs = enumerate(zip(a, b, strict=True))
        return [text for number, (x, y) in pairs for text in _unlike(x, y, place=f"{place}[{number}]")]
    if isinstance(a, float) and isinstance(b, float):
        alike = abs(a - b) <= TOLERANCE * max(1.0, abs(a), abs(b))
        return [] if alike else [f"{place}: {b!r} instead of {a!r}"]
    return [] if a == b else [f"{place}: {b!r} instead of {a!r}"]


# --- asking ---


def run(
    home: Path, *, kinds: list[str], scratch: Path, master: str = "", lean: bool = False
) -> dict[str, Left]:
    """Copy the home and answer in a process of its own."""
    copy, out = scratch / "home", scratch / "left"
    shutil.copytree(home, copy)
    environment = os.environ | {
        "SHUKE_HOME": str(copy),
        "DJANGO_SETTINGS_MODULE": "shuke.config.settings",
        "SHUKE_LOG_LEVEL": "ERROR",
    }
    command = [sys.executable, __file__, "--answer", str(out), "--master", master, "--kinds", *kinds]
    command += ["--lean"] if lean else []
    subprocess.run(command, env=environment, check=True)
    found: dict[str, Left] = pickle.loads(out.read_bytes())
    shutil.rmtree(copy)
    return found


def compare(home: Path, *, kinds: list[str], lean: bool) -> bool:
    """Print both engines' seconds and what differs; whether nothing does."""
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    from tests.spark.cluster import running_cluster

    agreed = True
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("duckdb", "spark", "cluster"):
            (folder / part).mkdir()
        ours = run(home, kinds=kinds, scratch=folder / "duckdb")
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        with running_cluster(folder / "cluster") as cluster:
            theirs = run(home, kinds=kinds, scratch=folder / "spark", master=cluster.master, lean=lean)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"{'study':<14} {'DuckDB s':>9} {'CPU':>7} {'Spark s':>9} {'CPU':>7} {'rows':>9}")
    for kind, a in ours.items():
        b = theirs[kind]
        told = differences(a, b)
        agreed = agreed and not told
        count = sum(map(len, a.rows.values()))
        times = f"{a.seconds:>9.1f} {a.cpu_seconds:>7.1f} {b.seconds:>9.1f} {b.cpu_seconds:>7.1f}"
        refused = " (refused)" if a.result.get("refusal") else ""
        print(f"{kind:<14} {times} {count:>9,}  {f'{len(told)} differ' if told else 'equal'}{refused}")
        for text in told[:SHOWN]:
            print(f"    {text[:200]}")
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"CPU seconds of Spark with its master, workers and executors, starting included: {spent:.0f}")
    return agreed


def main() -> None:
    """Compare, or answer for the process that compares."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("home", type=Path, nargs="?", help="a demonstration's home; it is only read")
    parser.add_argument("--kinds", nargs="*", help="all of them if left out")
    parser.add_argument(
        "--lean", action="store_true", help="settings of Spark for few rows, as the tests have"
    )
    parser.add_argument("--answer", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--master", default="", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.answer:
        answer_all(options.answer, kinds=options.kinds, master=options.master, lean=options.lean)
        return
    if options.home is None:
        parser.error("say which home")
    sys.exit(0 if compare(options.home, kinds=options.kinds or [], lean=options.lean) else 1)


if __name__ == "__main__":
    main()
