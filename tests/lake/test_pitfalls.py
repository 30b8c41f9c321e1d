"""Each pitfall that was met when the lake was chosen, as a test of its own.

The list with its measurements is in docs/decisions/0010-delta-lake-read-by-duckdb.md.
"""

import importlib.metadata
import importlib.util
import json
import os
import subprocess
import sys
import time
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import ibis
import polars as pl
import pyarrow as pa
import pytest
from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake
from deltalake.exceptions import CommitFailedError

from shuke.lake import InvalidRowsError, Lake, UnfitStorageError, UnreadableTableError, layout
from shuke.tables import TABLES
from tests.lake.rows import order_lines, products, traits


def test_unpinned_sqlglot():
    """From 30.17 on Ibis 12 emits DROP without a name; pip's own check does not notice."""
    version = tuple(int(part) for part in importlib.metadata.version("sqlglot").split(".")[:2])
    assert (28, 0) <= version < (30, 17)
    connection = ibis.duckdb.connect()
    connection.create_table("t", pa.table({"a": [1]}))
    connection.create_table("t", pa.table({"a": [2]}), overwrite=True)
    connection.drop_table("t")
    assert connection.list_tables() == []


def test_duckdb_2_method_removals(lake):
    """Ibis 12 calls three methods that DuckDB 2 took away."""
    lake.append("order_lines", order_lines(0, 10))
    with lake.read() as snapshot:
        table = snapshot.table("order_lines")
        assert snapshot.connection.list_tables() == ["order_lines"]
        assert snapshot.connection.sql("SELECT 1 AS one").to_pyarrow()["one"].to_pylist() == [1]
        batches = snapshot.connection.to_pyarrow_batches(table, chunk_size=4)
        assert sum(batch.num_rows for batch in batches) == 10


def test_one_thread_connections(lake):
    """A DuckDB 2 connection with an unfinished result refuses; two snapshots do not share one."""
    lake.append("order_lines", order_lines(0, 10))
    with lake.read() as first, lake.read() as second:
        pending = first.connection.con.execute("SELECT * FROM range(1000000)").to_arrow_reader(10)
        assert second.table("order_lines").count().to_pyarrow().as_py() == 10
        with pytest.raises(duckdb.Error):
            first.connection.con.execute("SELECT 1")
        pending.close()


@pytest.mark.slow
def test_fork_after_deltalake(tmp_path):
    """A forked child must not go on with its parent's engines: it fails at once and never hangs."""
    program = (
        "import os, sys\n"
        "from shuke.lake import Lake\n"
        "from tests.lake.rows import products\n"
        f"lake = Lake({str(tmp_path)!r})\n"
        "lake.append('products', products('a'))\n"
        "child = os.fork()\n"
        "if not child:\n"
        "    try:\n"
        "        lake.append('products', products('b'))\n"
        "    except BaseException as error:\n"
        "        os._exit(7 if 'fork' in str(error).lower() else 8)\n"
        "    os._exit(0)\n"
        "print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
    )
    finished = subprocess.run(
        [sys.executable, "-c", program],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    assert finished.stdout.strip() == "7"


def test_at_column():
    """``at`` is a reserved word of DuckDB; no table has such a column."""
    assert not [name for name, table in TABLES.items() if "at" in table.column_names]


def test_writing_by_path_with_transaction_ids(lake):
    """By path a transaction that is not newer is written again; the lake writes by handle.

    Rivals look first and write then: both have looked before either writes.
    """
    lake.append("order_lines", order_lines(0, 10), transaction=("app", 1))
    again = order_lines(0, 10)
    properties = CommitProperties(app_transactions=[Transaction("app", 1)])
    path = str(lake.path("order_lines"))
    looked_at_before = DeltaTable(path, version=0)
    with pytest.raises(CommitFailedError):
        write_deltalake(looked_at_before, again, mode="append", commit_properties=properties)
    write_deltalake(path, again, mode="append", commit_properties=properties)
    assert lake.append("order_lines", again, transaction=("app", 1)).skipped
    with lake.read() as snapshot:
        assert snapshot.table("order_lines").count().to_pyarrow().as_py() == 20


def test_vacuum_full_beside_writers(lake):
    """With no hours to spare, files that no commit mentions yet are left to their writer."""
    lake.append("order_lines", order_lines(0, 10))
    uncommitted = lake.path("order_lines") / "local_month=2026-11" / "part-uncommitted.parquet"
    uncommitted.write_bytes(b"a writer is busy here")
    lake.vacuum("order_lines", hours=0)
    assert uncommitted.exists()
    # From a week on nobody is writing it any more.
    long_ago = time.time() - 8 * 24 * 3600
    os.utime(uncommitted, (long_ago, long_ago))
    lake.vacuum("order_lines")
    assert not uncommitted.exists()


def test_leftovers(lake):
    """Killed writers leave ``*.parquet#1``, which vacuum does not list."""
    lake.append("order_lines", order_lines(0, 10))
    leftover = lake.path("order_lines") / "local_month=2026-11" / "part-1.parquet#1"
    leftover.write_bytes(b"half a file")
    long_ago = time.time() - 8 * 24 * 3600
    os.utime(leftover, (long_ago, long_ago))
    lake.vacuum("order_lines")
    assert leftover.exists()
    assert lake.sweep() == 1
    assert not leftover.exists()


def test_no_fsync(lake):
    """A power cut may take the newest commit; the table says so itself, and its stream goes on from there."""
    lake.append("order_lines", order_lines(0, 10), transaction=("app", 1))
    lake.append("order_lines", order_lines(10, 20), transaction=("app", 2))
    max((lake.path("order_lines") / "_delta_log").glob("*.json")).unlink()
    assert lake.transaction_version("order_lines", "app") == 1
    assert not lake.append("order_lines", order_lines(10, 20), transaction=("app", 2)).skipped
    with lake.read() as snapshot:
        assert snapshot.table("order_lines").order_id.nunique().to_pyarrow().as_py() == 20


def test_empty_file_list(lake):
    """``read_parquet([])`` raises; a table without files has no rows."""
    layout.create_table(lake.path("order_lines"), TABLES["order_lines"])
    with lake.read() as snapshot:
        assert snapshot.version("order_lines") == 0
        assert snapshot.table("order_lines").to_pyarrow().num_rows == 0


def test_stale_file_lists(lake):
    """The list of a pinned version outlives compaction and a vacuum that keeps seven days."""
    for start in range(3):
        lake.append("order_lines", order_lines(start, start + 1))
    with lake.read() as snapshot:
        table = snapshot.table("order_lines")
        lake.compact("order_lines")
        lake.vacuum("order_lines")
        assert table.count().to_pyarrow().as_py() == 3


def test_a_remembered_file_list_is_not_stale(lake):
    """Lists are remembered by process; a commit of another process shows in the next snapshot."""
    lake.append("order_lines", order_lines(0, 1))
    with lake.read() as snapshot:
        assert snapshot.table("order_lines").count().to_pyarrow().as_py() == 1
    write_deltalake(DeltaTable(str(lake.path("order_lines"))), order_lines(1, 2), mode="append")
    with lake.read() as snapshot:
        assert snapshot.table("order_lines").count().to_pyarrow().as_py() == 2


@pytest.mark.parametrize(
    ("feature", "protocol"),
    [
        ("deletionVectors", {"minReaderVersion": 3, "readerFeatures": ["deletionVectors"]}),
        ("columnMapping", {"minReaderVersion": 3, "readerFeatures": ["columnMapping"]}),
        ("columnMapping", {"minReaderVersion": 2}),
    ],
)
def test_deletion_vectors_and_column_mapping(lake, feature, protocol):
    """A plain file list would show deleted rows, or columns under other names."""
    lake.append("products", products("a"))
    features = {"writerFeatures": protocol["readerFeatures"]} if "readerFeatures" in protocol else {}
    entry = {"protocol": {**protocol, **features, "minWriterVersion": 7 if features else 5}}
    # As another program would leave it: delta-rs itself does not make such tables.
    (lake.path("products") / "_delta_log" / f"{2:020}.json").write_text(json.dumps(entry) + "\n")
    with pytest.raises(UnreadableTableError, match=feature), lake.read() as snapshot:
        snapshot.table("products")
    with pytest.raises(UnreadableTableError, match=feature):
        lake.append("products", products("b"))


def test_naive_timestamps_bump_the_protocol(lake, tmp_path):
    """Times without a zone would make the table unreadable to many; the lake refuses both."""
    naive = pa.table({"placed_at": pa.array([0], pa.timestamp("us"))})
    write_deltalake(str(tmp_path / "lake" / "orders"), naive)
    with pytest.raises(UnreadableTableError, match="timestampNtz"), lake.read() as snapshot:
        snapshot.table("orders")
    rows = order_lines(0, 1)
    column = rows.column_names.index("placed_at")
    bad = rows.set_column(column, "placed_at", pa.array([0], pa.timestamp("us")))
    with pytest.raises(InvalidRowsError, match="zone"):
        lake.append("order_lines", bad)
    lake.append("order_lines", rows)
    protocol = DeltaTable(str(lake.path("order_lines"))).protocol()
    assert (protocol.min_reader_version, protocol.min_writer_version) == (1, 2)


def test_unsigned_integers(lake):
    """Delta has none; above 2^63 they would fail in the middle of a write."""
    rows = order_lines(0, 1)
    column = rows.column_names.index("quantity")
    with pytest.raises(InvalidRowsError, match="unsigned"):
        lake.append("order_lines", rows.set_column(column, "quantity", pa.array([1], pa.uint64())))


def test_hive_types(lake):
    """DuckDB guesses: 2018-01-01 would become a date and 2018-01 stay text; types are given."""
    lake.append("order_lines", order_lines(0, 1, month=1))
    lake.replace("traits", traits(date(2018, 1, 1), "m"), where={"as_of": date(2018, 1, 1)})
    with lake.read() as snapshot:
        assert snapshot.table("order_lines").local_month.to_pyarrow().to_pylist() == ["2026-01"]
        assert snapshot.table("traits").as_of.to_pyarrow().to_pylist() == [date(2018, 1, 1)]
        types = snapshot.connection.con.execute(
            "SELECT typeof(local_month), (SELECT typeof(as_of) FROM traits) FROM order_lines"
        ).fetchone()
    assert types == ("VARCHAR", "DATE")


def test_holding_one_handle_for_hundreds_of_commits(lake):
    """A held handle grows slower with every commit; each write opens the table anew."""
    lake.append("products", products("a"))
    assert not [value for value in vars(lake).values() if isinstance(value, DeltaTable)]


@pytest.mark.slow
def test_the_log_is_kept_short(lake):
    """A checkpoint every hundred commits, and seven days of log instead of thirty."""
    for _ in range(101):
        lake.append("products", products("a"))
    configuration = DeltaTable(str(lake.path("products"))).metadata().configuration
    assert configuration["delta.logRetentionDuration"] == "interval 7 days"
    assert (lake.path("products") / "_delta_log" / "_last_checkpoint").exists()


def test_a_place_without_hard_links(tmp_path, monkeypatch):
    """A Delta commit is a hard link; where there are none the lake says so before the first write."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(95, "Operation not supported")

    # No such file system can be mounted here, so the call that would fail there is made to fail.
    monkeypatch.setattr(os, "link", refuse)
    with pytest.raises(UnfitStorageError, match="hard links"):
        Lake(tmp_path / "exfat").check()
    with pytest.raises(UnfitStorageError, match="Choose another place"):
        Lake(tmp_path / "exfat").append("products", products("a"))
    monkeypatch.undo()
    Lake(tmp_path / "exfat").check()


def test_a_place_that_cannot_be_written():
    with pytest.raises(UnfitStorageError, match="cannot live in"):
        Lake("/proc/nowhere").check()


def test_sessions_in_another_time_zone(lake):
    """Engines disagree on time-zone arithmetic; the session is UTC whatever the machine's zone is."""
    lake.append("order_lines", order_lines(0, 1))
    with lake.read() as snapshot:
        assert snapshot.connection.con.execute("SELECT current_setting('TimeZone')").fetchone() == ("UTC",)
        hour = snapshot.table("order_lines").placed_at.hour().to_pyarrow().to_pylist()
    assert hour == [10]


def test_nothing_is_downloaded(lake):
    """Reading needs no extension, and DuckDB is told never to fetch one."""
    with lake.read() as snapshot:
        settings = dict(
            snapshot.connection.con.execute(
                "SELECT name, value FROM duckdb_settings() WHERE name LIKE 'auto%_known_extensions'"
            ).fetchall()
        )
    assert settings == {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}


def test_epoch_seconds_int32(lake):
    """On DuckDB it is a fraction typed as a 32-bit number; the tables store dates and hours instead."""
    lake.append("order_lines", order_lines(0, 1))
    fraction = ibis.timestamp("2026-11-03 10:00:00.500000").epoch_seconds()
    with lake.read() as snapshot:
        with pytest.raises(Exception, match=r"(?i)truncat|overflow|convert|cast|integer"):
            snapshot.connection.to_pyarrow(fraction)
        day = snapshot.table("order_lines").local_date.to_pyarrow().to_pylist()
    assert day == [date(2026, 11, 3)]


def test_polars_total_days_truncation():
    """``total_days`` truncates toward zero, so instants after the day give 0 instead of -1; dates do not."""
    instants = pl.DataFrame(
        {"since": [datetime(2026, 11, 1, 12, tzinfo=UTC)], "until": [datetime(2026, 11, 1, tzinfo=UTC)]}
    )
    dates = pl.DataFrame({"since": [date(2026, 11, 2)], "until": [date(2026, 11, 1)]})
    assert instants.select((pl.col("until") - pl.col("since")).dt.total_days()).item() == 0
    assert dates.select((pl.col("until") - pl.col("since")).dt.total_days()).item() == -1


def test_spark_missing_is_said_clearly():
    if importlib.util.find_spec("pyspark") is not None:
        pytest.skip("pyspark is installed")
    from shuke.lake.engines import spark

    with pytest.raises(spark.SparkMissingError, match=r"shuke\[spark\]"):
        spark.connect(spark.SparkSettings())
