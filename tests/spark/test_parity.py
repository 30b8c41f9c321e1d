"""One expression, two engines: DuckDB and a real Spark cluster give the same rows.

The cluster takes its time to start, so one test holds all that needs it; the parts are subtests.
"""

from __future__ import annotations

import cProfile
import gc
import importlib.util
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import ibis
import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from ibis.expr import types as ir

from shuke.lake import Lake, SparkSettings
from shuke.lake.engines import spark
from shuke.lake.engines.spark_partitions import PARTITIONS
from shuke.lake.engines.spark_work import SparkWork
from tests.lake.rows import order_lines
from tests.spark.cases import CASES, Case, World
from tests.spark.cluster import MISSING, Cluster, running_cluster
from tests.spark.comparing import differences
from tests.spark.registry import code_in, missing_from, noted
from tests.spark.world import AS_OF, fill

pytestmark = [
    pytest.mark.slow,
    pytest.mark.once,
    pytest.mark.skipif(bool(MISSING), reason=f"A Spark cluster needs {MISSING}."),
]

JAVA = (
    "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=128m -XX:+UseSerialGC "
    "-XX:+UnlockDiagnosticVMOptions -XX:-BytecodeVerificationRemote"
)
#: Two executors, one on each worker.  Questions are many and rows few, so what pays for large ones is left out:
#: compiling each plan to Java, planning anew while it runs, and compiling beyond C1.
OPTIONS = {
    "spark.executor.cores": "1",
    "spark.executor.memory": "1g",
    "spark.driver.memory": "1g",
    "spark.driver.extraJavaOptions": JAVA,
    "spark.executor.extraJavaOptions": JAVA,
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.adaptive.enabled": "false",
    "spark.log.level": "ERROR",
}


def asked(cluster: Cluster) -> SparkSettings:
    return SparkSettings(master=cluster.master, shuffle_partitions=2, options=OPTIONS)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """The world, written once."""
    found = Lake(tmp_path_factory.mktemp("spark") / "lake")
    fill(found)
    return found


@contextmanager
def both_engines(lake: Lake, cluster: Cluster) -> Iterator[tuple[World, World]]:
    with lake.read() as ours, lake.read(spark=asked(cluster)) as theirs:
        try:
            yield World(ours), World(theirs)
        finally:
            # What expressions cached is dropped while its connection still lives.
            gc.collect()


def told(case: Case, ours: World, theirs: World, profile: cProfile.Profile | None = None) -> list[str]:
    """What the engines disagree on in this case; ``profile`` notes what is called to build it."""
    mine = built(case, ours) if profile is None else noted(built(case, ours), profile)
    parts = enumerate(zip(results(mine, ours), results(built(case, theirs), theirs), strict=True))
    return [f"part {number}: {text}" for number, (a, b) in parts for text in differences(a, b)]


def built(case: Case, world: World) -> Iterator[ir.Table | pl.DataFrame | pa.Table]:
    """The parts of a case."""
    found = case(world)
    yield from [found] if isinstance(found, (ir.Table, pl.DataFrame, pa.Table)) else found


def results(
    parts: Iterable[ir.Table | pl.DataFrame | pa.Table], world: World
) -> Iterator[pl.DataFrame | pa.Table]:
    """What the parts give, expressions being run on the world's engine."""
    for part in parts:
        yield world.snapshot.connection.to_pyarrow(part) if isinstance(part, ir.Table) else part


@pytest.mark.skipif(importlib.util.find_spec("django") is None, reason="The nightly traits need the server.")
@pytest.mark.django_db
def test_a_cluster_gives_what_duckdb_gives(lake, tmp_path, subtests, settings):
    with running_cluster(tmp_path) as cluster:
        try:
            with both_engines(lake, cluster) as (ours, theirs):
                profiles = {name: cProfile.Profile(builtins=False, subcalls=False) for name in CASES}
                for name, case in CASES.items():
                    with subtests.test(case=name):
                        assert told(case, ours, theirs, profiles[name]) == []
                with subtests.test("no expression is forgotten, and one that is would be named"):
                    check_registry(profiles)
                with subtests.test("an executor works on each worker"):
                    assert folders_at_work(theirs) == {str(folder) for folder in cluster.folders}
                    assert [worker["coresused"] for worker in cluster.state()["workers"]] == [1, 1]
                for name, case in ENGINE_DEPENDENT.items():
                    with subtests.test("what depends on the engine is found", case=name):
                        assert told(case, ours, theirs) != []
            check_recommendations(tmp_path, cluster, subtests)
            with subtests.test("a snapshot stays at its version"):
                check_pinning(Lake(tmp_path / "small"), cluster)
            with subtests.test("the nightly traits are built there"):
                settings.LAKE_ROOT = str(lake.root)
                check_nightly_traits(lake, cluster)
            with subtests.test("the nightly studies are answered there"):
                check_nightly_studies(lake, cluster)
            with subtests.test("one application for each process"), pytest.raises(spark.OtherMasterError):
                spark.connect(SparkSettings(master="local[1]"))
        finally:
            spark.stop()


def check_registry(profiles: Mapping[str, cProfile.Profile]) -> None:
    """Every public function of the science that takes or gives an expression is called by a case."""
    called = {name: code_in(profile) for name, profile in profiles.items()}
    assert missing_from(called.values()) == []
    del called["day_hour_map"]
    assert missing_from(called.values()) == ["shuke.science.rhythms.day_hour_map"]


def folders_at_work(world: World) -> set[str]:
    """The workers' folders below which tasks ran."""
    context = world.snapshot.connection._session.sparkContext

    def where(_: Iterable[int]) -> Iterator[str]:
        yield os.getcwd()  # noqa: PTH109 - runs in the executor

    places = context.parallelize(range(8), 8).mapPartitions(where).collect()
    return {str(Path(place).parent.parent) for place in places}


#: Expressions that break a rule of the science; each is one of the known differences of the engines.
ENGINE_DEPENDENT: dict[str, Case] = {
    "a cast that rounds": lambda w: w.traits.select("member_id", "as_of", n=(w.traits.frequency / 7).cast("int64")),
    "seconds of an instant": lambda w: w.bought.select("order_id", n=w.bought.placed_at.epoch_seconds().cast("int64")),
    "an engine's hash": lambda w: w.orders.select("order_id", n=w.orders.order_id.hash().cast("int64")),
    "the order of rows": lambda w: w.orders.select(
        "order_id", n=ibis.row_number().over(group_by="currency", order_by=w.orders.sales_channel)
    ),
}  # fmt: skip


def check_recommendations(folder: Path, cluster: Cluster, subtests) -> None:
    from tests.spark import recommending as shop

    lake = Lake(folder / "shop")
    held = shop.fill_shop(lake)
    ours, theirs = shop.both_bundles(folder / "bundles", cluster.master, lake=lake)
    with subtests.test("a bundle of the cluster is that of one machine"):
        assert shop.unequal(ours, theirs) == []
        assert theirs.manifest["cluster"]["als"]["blocks"] == 2
    with subtests.test("ALS of the cluster is as good, and finds the same"):
        assert theirs.factors.shape == ours.factors.shape
        assert shop.ndcg(theirs, "als", held) > shop.ndcg(ours, "als", held) - 0.03
        assert shop.ndcg(theirs, "als", held) > 0.3
        assert shop.overlap(ours, theirs, "als") > 0.8
    with subtests.test("the same seed gives the same factors, another seed others"):
        one, same, other = shop.factors_of(lake, cluster.master, seeds=(1, 1, 2))
        assert np.allclose(one, same, atol=1e-4)
        assert not np.allclose(one, other, atol=1e-2)
    with (
        subtests.test("many rows are spread over more partitions"),
        lake.read(spark=asked(cluster)) as snapshot,
    ):
        work = SparkWork(snapshot.connection)
        found = [
            work.spread(rows) or snapshot.connection.session.conf.get(PARTITIONS)
            for rows in (10, 2_500_000, 10)
        ]
        assert found == ["2", "3", "3"]
    for name in ("als", "personal-frequency", "item-knn-tf-idf"):
        with subtests.test("a slot is answered from it", strategy=name):
            assert set(shop.answered(theirs, name)) == {name}


def check_pinning(lake: Lake, cluster: Cluster) -> None:
    lake.append("order_lines", order_lines(0, 10))
    with lake.read(spark=asked(cluster)) as snapshot:
        table = snapshot.table("order_lines")
        lake.append("order_lines", order_lines(10, 15))
        assert table.count().to_pyarrow().as_py() == 10
        assert snapshot.table("refunds").to_pyarrow().num_rows == 0
        with lake.read(spark=asked(cluster)) as later:
            assert later.table("order_lines").count().to_pyarrow().as_py() == 15
        # The end of one snapshot ends neither the application nor the other's views.
        assert table.count().to_pyarrow().as_py() == 10


def check_nightly_traits(lake: Lake, cluster: Cluster) -> None:
    from shuke.apps.insights.operations import build_traits

    def stored() -> pa.Table:
        with lake.read() as snapshot:
            traits = snapshot.table("traits")
            return traits.filter(traits.as_of == ibis.literal(AS_OF)).to_pyarrow()

    ours = stored()
    built = build_traits(at=datetime(2018, 2, 1, tzinfo=UTC), as_of=AS_OF, spark=cluster.master)
    assert built.members == ours.num_rows
    # The retailer of an empty database counts in a currency of its own: what money decides is left out.
    same = [
        "member_id",
        "orders_total",
        "favourite_store",
        "favourite_hour",
        "purchase_cycle_days",
        "lifecycle_stage",
    ]
    assert differences(ours.select(same), stored().select(same)) == []


def check_nightly_studies(lake: Lake, cluster: Cluster) -> None:
    from tests.spark.studying import studied, unequal

    ours = studied(lake)
    theirs = studied(lake, master=cluster.master)
    assert unequal(ours, theirs) == []
    assert len(ours["due_dates"]) > 50


@pytest.mark.parametrize(
    ("ours", "theirs", "count"),
    [
        ({"a": [1, 2], "x": [0.1, None]}, {"a": [2, 1], "x": [None, 0.1 + 1e-12]}, 0),
        ({"a": [1, 2], "x": [0.1, None]}, {"a": [2, 1], "x": [None, 0.1001]}, 1),
        ({"a": [1], "x": [None]}, {"a": [1], "x": [float("nan")]}, 1),
        ({"a": [1, 1]}, {"a": [1]}, 3),
        ({"a": ["ß"]}, {"a": ["ss"]}, 1),
        ({"a": [[]]}, {"a": [None]}, 1),
        ({"a": [True]}, {"a": [1]}, 1),
    ],
)
def test_the_comparison_sees_what_differs(ours, theirs, count):
    tables = [pl.DataFrame(side, strict=False) for side in (ours, theirs)]
    assert len(differences(*tables)) == count
