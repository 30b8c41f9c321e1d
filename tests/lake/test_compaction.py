import os
import time
from datetime import date

from tests.lake.rows import order_lines, traits


def test_compaction_joins_files_and_keeps_rows(lake):
    for number in range(20):
        lake.append("order_lines", order_lines(number, number + 1))
    assert lake.compact("order_lines") == 19
    with lake.read() as snapshot:
        assert len(snapshot.files("order_lines")) == 1
        assert snapshot.table("order_lines").order_id.nunique().to_pyarrow().as_py() == 20


def test_vacuum_keeps_the_files_of_the_last_week_and_removes_older_ones(lake):
    for number in range(5):
        lake.append("order_lines", order_lines(number, number + 1))
    lake.compact("order_lines")
    assert lake.vacuum("order_lines") == 0
    assert lake.vacuum("order_lines", hours=0) == 5


def test_closed_months_are_sorted_and_open_ones_left(lake):
    for start in (50, 0, 25):
        lake.append("order_lines", order_lines(start, start + 25, month=10))
        lake.append("order_lines", order_lines(1000 + start, 1025 + start, month=11))
    with lake.read() as snapshot:
        before = snapshot.table("order_lines").order_by("order_id").to_pyarrow()
    assert lake.sort_months("order_lines", before="2026-11") == 1
    with lake.read() as snapshot:
        table = snapshot.table("order_lines")
        assert table.order_by("order_id").to_pyarrow().equals(before)
        october = [file for file in snapshot.files("order_lines") if "2026-10" in file]
        people = snapshot.connection.con.read_parquet(october).fetchall()
    assert len(october) == 1
    assert len(people) == 75


def test_tables_that_were_never_written_need_no_care(lake):
    assert lake.compact("orders") == 0
    assert lake.vacuum("orders") == 0
    assert lake.sort_months("orders", before="2026-11") == 0
    assert lake.sweep() == 0


def test_sweeping_spares_what_a_writer_may_still_be_writing(lake):
    lake.append("order_lines", order_lines(0, 1))
    old = lake.path("order_lines") / "part-1.parquet#1"
    young = lake.path("order_lines") / "part-2.parquet#1"
    for path in (old, young):
        path.write_bytes(b"half a file")
    os.utime(old, (time.time() - 90_000, time.time() - 90_000))
    assert lake.sweep() == 1
    assert not old.exists()
    assert young.exists()


def test_only_months_are_sorted(lake):
    day = date(2026, 10, 1)
    lake.append("traits", traits(day, "b"))
    lake.append("traits", traits(day, "a"))
    assert lake.sort_months("traits", before="2026-11") == 0
