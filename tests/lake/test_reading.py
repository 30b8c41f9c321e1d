import gc
import threading
import time
from pathlib import Path

import ibis
import pytest

from shuke.lake import Lake, UnreadableTableError
from shuke.lake.errors import MisusedSnapshotError
from shuke.tables import TABLES, Column, Table
from tests.lake.rows import order_lines, products


def orders_seen(lake: Lake) -> int:
    with lake.read() as snapshot:
        return int(snapshot.table("order_lines").count().to_pyarrow().as_py())


def test_making_a_lake_touches_no_disk(tmp_path):
    Lake(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("name", list(TABLES))
def test_a_table_that_was_never_written_is_empty_and_has_its_columns(lake, name):
    with lake.read() as snapshot:
        table = snapshot.table(name)
        assert snapshot.version(name) is None
        assert table.schema() == TABLES[name].ibis_schema
        rows = table.to_pyarrow()
    assert rows.num_rows == 0
    assert rows.schema.names == list(TABLES[name].column_names)


def test_what_is_read_has_the_types_of_the_table(lake):
    lake.append("order_lines", order_lines(0, 3))
    with lake.read() as snapshot:
        assert snapshot.table("order_lines").schema() == TABLES["order_lines"].ibis_schema
        assert (
            snapshot.connection.sql("SELECT * FROM order_lines").schema() == TABLES["order_lines"].ibis_schema
        )
        rows = snapshot.table("order_lines").order_by("order_id").to_pyarrow()
    assert rows.cast(TABLES["order_lines"].arrow_schema).equals(order_lines(0, 3).sort_by("order_id"))


@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
def test_a_cached_expression_may_outlive_its_snapshot(lake):
    lake.append("order_lines", order_lines(0, 10))
    with lake.read() as snapshot:
        cached = snapshot.table("order_lines").filter(ibis._.order_id == "o1").cache()
        assert cached.count().to_pyarrow().as_py() == 1
    del cached
    gc.collect()


def test_a_snapshot_sees_one_version_while_others_append_compact_and_vacuum(lake):
    for start in range(0, 50, 10):
        lake.append("order_lines", order_lines(start, start + 10))
    with lake.read() as snapshot:
        table = snapshot.table("order_lines")
        pinned = snapshot.version("order_lines")
        assert table.count().to_pyarrow().as_py() == 50
        lake.append("order_lines", order_lines(50, 60))
        assert lake.compact("order_lines") > 0
        lake.vacuum("order_lines")
        lake.upsert("order_lines", order_lines(0, 5, paid=7))
        assert table.count().to_pyarrow().as_py() == 50
        assert snapshot.table("order_lines").paid_minor.min().to_pyarrow().as_py() == 100
        assert snapshot.version("order_lines") == pinned
    assert orders_seen(lake) == 60


def test_a_version_that_was_asked_for_is_pinned_before_the_table_is(lake):
    lake.append("order_lines", order_lines(0, 10))
    with lake.read() as snapshot:
        version = snapshot.version("order_lines")
        lake.append("order_lines", order_lines(10, 20))
        assert snapshot.table("order_lines").count().to_pyarrow().as_py() == 10
        assert snapshot.version("order_lines") == version


def test_older_versions_can_be_read(lake):
    first = lake.append("order_lines", order_lines(0, 10)).version
    lake.append("order_lines", order_lines(10, 20))
    with lake.read(versions={"order_lines": first}) as snapshot:
        assert snapshot.table("order_lines").count().to_pyarrow().as_py() == 10
    with pytest.raises(UnreadableTableError), lake.read(versions={"order_lines": 99}) as snapshot:
        snapshot.table("order_lines")


def test_an_unknown_table_is_named_with_the_known_ones(lake):
    with lake.read() as snapshot, pytest.raises(KeyError, match=r"no table 'order'.*order_lines"):
        snapshot.table("order")


def test_a_snapshot_cannot_be_used_after_its_end(lake):
    with lake.read() as snapshot:
        pass
    with pytest.raises(MisusedSnapshotError, match="ended"):
        snapshot.table("orders")


def test_another_thread_is_told_to_open_its_own_snapshot(lake):
    caught: list[BaseException] = []

    def use() -> None:
        try:
            snapshot.table("orders")
        except MisusedSnapshotError as error:
            caught.append(error)

    with lake.read() as snapshot:
        thread = threading.Thread(target=use)
        thread.start()
        thread.join()
    assert "thread" in str(caught[0])


def test_many_threads_read_at_once_each_with_its_own_snapshot(lake):
    lake.append("order_lines", order_lines(0, 500))
    counts: list[int] = []
    threads = [
        threading.Thread(target=lambda: counts.extend(orders_seen(lake) for _ in range(5))) for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == [500] * 30


def test_memtables_and_polars_work_beside_the_tables(lake):
    import ibis

    lake.append("order_lines", order_lines(0, 10))
    wanted = ibis.memtable({"order_id": ["o1", "o2", "other"]})
    with lake.read() as snapshot:
        joined = snapshot.table("order_lines").semi_join(wanted, "order_id")
        assert snapshot.connection.to_polars(joined).height == 2


def test_a_table_removed_and_made_anew_is_not_taken_for_the_old_one(lake):
    import shutil

    lake.append("products", products("old"))
    with lake.read() as snapshot:
        assert snapshot.table("products").name.to_pyarrow().to_pylist() == ["old"]
    shutil.rmtree(lake.path("products"))
    lake.append("products", products("new", "newer"))
    with lake.read() as snapshot:
        assert sorted(snapshot.table("products").name.to_pyarrow().to_pylist()) == ["new", "newer"]


def test_columns_that_a_table_gains_are_empty_in_older_rows(tmp_path: Path):
    short = Table(
        "t", "fact", "a thing", (Column("a", "id", "Key."), Column("month", "text", "M.")), ("a",), ("month",)
    )
    grown = Table(
        "t",
        "fact",
        "a thing",
        (
            Column("a", "id", "Key."),
            Column("b", "id_list", "New.", nullable=True),
            Column("month", "text", "M."),
        ),
        ("a",),
        ("month",),
    )
    import pyarrow as pa

    old, new = Lake(tmp_path, tables={"t": short}), Lake(tmp_path, tables={"t": grown})
    old.append("t", pa.table({"a": ["1"], "month": ["m"]}))
    with new.read() as snapshot:
        assert snapshot.table("t").to_pyarrow().to_pylist() == [{"a": "1", "b": None, "month": "m"}]
    new.append("t", pa.table({"a": ["2"], "b": [["x"]], "month": ["m"]}))
    with new.read() as snapshot:
        rows = snapshot.table("t").order_by("a").b.to_pyarrow().to_pylist()
    assert rows == [None, ["x"]]
    with pytest.raises(UnreadableTableError, match="Install the version that wrote it"):
        old.append("t", pa.table({"a": ["3"], "month": ["m"]}))


@pytest.mark.slow
def test_a_small_table_is_read_in_twenty_milliseconds_when_warm(lake):
    lake.append("products", products("a", "b"))
    times = []
    for _ in range(20):
        began = time.process_time()
        with lake.read() as snapshot:
            snapshot.table("products").count().to_pyarrow()
        times.append(time.process_time() - began)
    # Of computing, and the best of twenty, so that a busy machine does not fail the test.
    assert min(times) < 0.020
