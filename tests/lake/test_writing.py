from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shuke.lake import InvalidRowsError, Lake
from tests.lake.rows import order_line, order_lines, products, traits
from tests.series import examples


def paid(lake: Lake) -> dict[str, int]:
    with lake.read() as snapshot:
        rows = snapshot.table("order_lines").to_pyarrow().to_pylist()
    assert len({(row["order_id"], row["line_no"]) for row in rows}) == len(rows)
    return {row["order_id"]: row["paid_minor"] for row in rows}


def test_an_upsert_replaces_rows_of_the_same_key_and_adds_the_others(lake):
    lake.append("order_lines", order_lines(0, 10))
    result = lake.upsert("order_lines", order_lines(5, 15, paid=7))
    assert result.rows == 10
    assert paid(lake) == {f"o{i}": 100 for i in range(5)} | {f"o{i}": 7 for i in range(5, 15)}


def test_an_upsert_is_one_version(lake):
    lake.append("order_lines", order_lines(0, 10))
    assert lake.upsert("order_lines", order_lines(5, 15)).version == 2


def test_a_corrected_row_may_move_to_another_month(lake):
    lake.append("order_lines", order_lines(0, 10, month=9))
    lake.upsert("order_lines", order_lines(0, 3, month=11, paid=7))
    assert paid(lake) == {f"o{i}": 7 for i in range(3)} | {f"o{i}": 100 for i in range(3, 10)}


def test_an_upsert_leaves_months_without_its_keys_alone(lake):
    for month in (8, 9, 10):
        lake.append("order_lines", order_lines(month * 100, month * 100 + 10, month=month))
    with lake.read() as snapshot:
        before = set(snapshot.files("order_lines"))
    lake.upsert("order_lines", order_lines(900, 903, month=9, paid=7))
    with lake.read() as snapshot:
        gone = before - set(snapshot.files("order_lines"))
    assert len(gone) == 1
    assert "2026-09" in gone.pop()


def test_the_newest_state_of_a_snapshot_table_is_kept(lake):
    lake.upsert("products", products("a", "b"))
    lake.upsert("products", products("c"))
    with lake.read() as snapshot:
        assert sorted(snapshot.table("products").name.to_pyarrow().to_pylist()) == ["b", "c"]


def test_an_upsert_of_two_rows_with_one_key_is_refused(lake):
    with pytest.raises(InvalidRowsError, match="more than once") as caught:
        lake.upsert("order_lines", pa.concat_tables([order_lines(0, 3), order_lines(2, 4)]))
    assert caught.value.code == "duplicate_key"


@settings(deadline=None, max_examples=examples(10))
@given(
    batches=st.lists(
        st.dictionaries(st.integers(0, 12), st.tuples(st.integers(1, 12), st.integers(0, 999))), max_size=4
    )
)
def test_upserts_behave_like_a_dictionary(tmp_path_factory, batches):
    lake = Lake(tmp_path_factory.mktemp("lake"))
    expected: dict[str, int] = {}
    for batch in batches:
        rows = [order_line(number, month=month, paid=value) for number, (month, value) in batch.items()]
        lake.upsert("order_lines", pa.Table.from_pylist(rows, schema=order_lines(0, 0).schema))
        expected |= {row["order_id"]: row["paid_minor"] for row in rows}
    assert paid(lake) == expected


def test_replace_exchanges_one_partition_and_no_other(lake):
    first, second = date(2026, 11, 1), date(2026, 11, 2)
    lake.replace("traits", traits(first, "a", "b"), where={"as_of": first})
    lake.replace("traits", traits(second, "a"), where={"as_of": second})
    lake.replace("traits", traits(first, "c"), where={"as_of": first})
    with lake.read() as snapshot:
        rows = snapshot.table("traits").select("member_id", "as_of").to_pyarrow().to_pylist()
    assert sorted((row["member_id"], row["as_of"]) for row in rows) == [("a", second), ("c", first)]


def test_replace_by_no_rows_empties_the_partition(lake):
    day = date(2026, 11, 1)
    lake.replace("traits", traits(day, "a"), where={"as_of": day})
    lake.replace("traits", traits(day), where={"as_of": day})
    with lake.read() as snapshot:
        assert snapshot.table("traits").count().to_pyarrow().as_py() == 0


def test_replace_refuses_rows_of_another_partition_and_columns_that_are_none(lake):
    with pytest.raises(InvalidRowsError, match="2026-11-02") as caught:
        lake.replace("traits", traits(date(2026, 11, 2), "a"), where={"as_of": date(2026, 11, 1)})
    assert caught.value.code == "outside"
    with pytest.raises(InvalidRowsError, match="not partitioned by"):
        lake.replace("traits", traits(date(2026, 11, 2), "a"), where={"member_id": "a"})


def test_a_transaction_is_written_once(lake):
    assert not lake.append("order_lines", order_lines(0, 5), transaction=("app", 7)).skipped
    assert lake.append("order_lines", order_lines(0, 5), transaction=("app", 7)).skipped
    assert lake.append("order_lines", order_lines(0, 5), transaction=("app", 6)).skipped
    assert lake.upsert("order_lines", order_lines(0, 5, paid=1), transaction=("app", 7)).skipped
    assert not lake.append("order_lines", order_lines(5, 6), transaction=("other", 1)).skipped
    assert len(paid(lake)) == 6
    assert lake.transaction_version("order_lines", "app") == 7
    assert lake.transaction_version("order_lines", "nobody") == 0
    assert lake.transaction_version("orders", "app") == 0


def test_a_transaction_without_rows_is_remembered_too(lake):
    lake.append("order_lines", order_lines(0, 0), transaction=("app", 3))
    lake.upsert("order_lines", order_lines(0, 0), transaction=("app", 4))
    assert lake.transaction_version("order_lines", "app") == 4


def test_transactions_outlive_compaction_and_vacuum(lake):
    for number in range(1, 5):
        lake.append("order_lines", order_lines(number, number + 1), transaction=("app", number))
    lake.compact("order_lines")
    lake.vacuum("order_lines", hours=0)
    assert lake.append("order_lines", order_lines(4, 5), transaction=("app", 4)).skipped


def test_rows_lie_by_month_and_sorted_within_a_write(lake):
    mixed = pa.concat_tables([order_lines(5, 9, month=10), order_lines(0, 5), order_lines(9, 12, month=10)])
    lake.append("order_lines", mixed.take([3, 1, 11, 0, 2, 10, 4, 5, 6, 7, 8, 9]))
    with lake.read() as snapshot:
        files = snapshot.files("order_lines")
    assert sorted(file.split("local_month=")[1].split("/")[0] for file in files) == ["2026-10", "2026-11"]
    for file in files:
        people = pq.ParquetFile(file).read(columns=["person_key"])["person_key"].to_pylist()
        assert people == sorted(people)
