import os
from datetime import date

import polars as pl
import pytest
from deltalake import write_deltalake
from deltalake.exceptions import CommitFailedError

from shuke.lake import Lake
from shuke.lake.layout import open_table
from tests.lake.rows import order_lines, traits


def bytes_mention(lake: Lake, word: bytes) -> list[str]:
    return [str(path) for path in lake.root.rglob("*.parquet") if word in path.read_bytes()]


def test_a_persons_rows_leave_every_table_and_every_file(lake):
    for month in (9, 10, 11):
        lake.append("order_lines", order_lines(0, 40, month=month))
        lake.append(
            "order_lines", order_lines(month * 1000, month * 1000 + 2, month=month, person="person_to_go")
        )
    lake.compact("order_lines")
    assert bytes_mention(lake, b"person_to_go")
    removed = lake.delete_persons({"person_to_go", "p1"})
    assert removed["order_lines"] == 6 + 3
    assert not bytes_mention(lake, b"person_to_go")
    with lake.read() as snapshot:
        table = snapshot.table("order_lines")
        assert table.count().to_pyarrow().as_py() == 3 * 39
        assert table.filter(table.person_key.isin(["p1", "person_to_go"])).count().to_pyarrow().as_py() == 0


def test_members_leave_the_tables_that_name_them(lake):
    day = date(2026, 11, 1)
    lake.replace("traits", traits(day, "member_to_go", "other"), where={"as_of": day})
    assert lake.delete_members(["member_to_go"])["traits"] == 1
    assert not bytes_mention(lake, b"member_to_go")
    with lake.read() as snapshot:
        assert snapshot.table("traits").member_id.to_pyarrow().to_pylist() == ["other"]


def test_keys_with_quotes_are_data(lake):
    lake.append("order_lines", order_lines(0, 2, person="o'brien' OR 'a'='a"))
    lake.append("order_lines", order_lines(2, 4))
    assert lake.delete_persons(["o'brien' OR 'a'='a"])["order_lines"] == 2


def test_thousands_go_in_one_run_and_nobody_else_does(lake):
    lake.append("order_lines", order_lines(0, 10))
    removed = lake.delete_persons([f"nobody{i}" for i in range(4_500)] + ["p3"])
    assert removed["order_lines"] == 1


def test_an_empty_list_removes_nothing(lake):
    lake.append("order_lines", order_lines(0, 2))
    assert lake.delete_persons([]) == {}


def log_mentions(lake: Lake, word: bytes) -> list[str]:
    plain = [p for p in lake.root.rglob("*") if p.is_file() and p.suffix != ".parquet"]
    packed = lake.root.rglob("*.parquet")
    found = [path for path in plain if word in path.read_bytes()]
    found += [path for path in packed if word.decode() in str(pl.read_parquet(path).to_dicts())]
    return [str(path) for path in found]


def lake_that_mentions(lake: Lake) -> Lake:
    for month in (9, 10):
        lake.append("order_lines", order_lines(0, 40, month=month))
        lake.append("order_lines", order_lines(900, 902, month=month, person="person_to_go"))
    lake.compact("order_lines")
    open_table(lake.path("order_lines")).create_checkpoint()
    return lake


def test_the_log_forgets_the_smallest_and_largest_values_and_the_condition(lake):
    lake_that_mentions(lake)
    assert log_mentions(lake, b"person_to_go")
    lake.delete_persons({"person_to_go"})
    assert log_mentions(lake, b"person_to_go") == []
    lake.append("order_lines", order_lines(50, 60), transaction=("t", 7))
    with lake.read() as snapshot:
        assert snapshot.table("order_lines").count().to_pyarrow().as_py() == 90
    assert lake.transaction_version("order_lines", "t") == 7


def test_the_names_of_log_entries_stay_so_that_a_late_writer_meets_them(lake):
    """A writer that read the table before the erasure must not find a version free that was taken."""
    lake_that_mentions(lake)
    late = open_table(lake.path("order_lines"))
    entries = {path.name for path in lake.root.rglob("_delta_log/*.json")}
    lake.delete_persons({"person_to_go"})
    assert entries <= {path.name for path in lake.root.rglob("_delta_log/*.json")}
    with pytest.raises(CommitFailedError):
        write_deltalake(late, order_lines(70, 75), mode="append")
    lake.append("order_lines", order_lines(70, 75))
    with lake.read() as snapshot:
        assert snapshot.table("order_lines").count().to_pyarrow().as_py() == 85


def test_files_of_killed_writers_go_once_they_are_old(lake):
    lake.append("order_lines", order_lines(0, 4))
    known = next(lake.root.rglob("part-*.parquet"))
    orphan = known.with_name("part-orphan.parquet")
    orphan.write_bytes(known.read_bytes())
    lake.delete_persons({"nobody"})
    assert orphan.exists()
    os.utime(orphan, (0, 0))
    lake.delete_persons({"nobody"})
    assert not orphan.exists()
    assert known.exists()


def test_rows_before_a_day_go(lake):
    lake.append("order_lines", order_lines(0, 4, month=9))
    lake.append("order_lines", order_lines(4, 6, month=11))
    assert lake.delete_before("order_lines", column="local_date", limit="2026-10-01") == 4
    assert lake.delete_before("order_lines", column="placed_at", limit="2026-10-01T00:00:00Z") == 0


def test_a_person_whose_name_is_a_word_of_the_log_does_not_break_the_table(lake):
    """Somebody may well be called “integer”, or have “order_id” as customer number."""
    lake_that_mentions(lake)
    lake.delete_persons({"person_to_go"}, words={"integer", "string", "order_id", "part", "delta", "a"})
    lake.append("order_lines", order_lines(50, 60))
    with lake.read() as snapshot:
        assert snapshot.table("order_lines").count().to_pyarrow().as_py() == 90
