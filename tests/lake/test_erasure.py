from datetime import date

from shuke.lake import Lake
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
