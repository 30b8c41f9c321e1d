"""Each kind of wrong data is refused with what, where and how to mend it, and nothing is written."""

from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
import pyarrow as pa
import pytest

from shuke.lake import InvalidRowsError
from shuke.lake.validation import validated
from shuke.tables import TABLES, Column, Table
from tests.lake.rows import order_lines

SHAPES = Table(
    "shapes",
    "fact",
    "a shape",
    (
        Column("key", "id", "Key."),
        Column("at", "ts", "When.", nullable=True),
        Column("on", "date", "Day.", nullable=True),
        Column("count", "int", "How many.", nullable=True),
        Column("share", "float", "0 to 1.", nullable=True),
        Column("flag", "bool", "Yes or no.", nullable=True),
        Column("codes", "id_list", "Codes.", nullable=True),
    ),
    ("key",),
)
AT = datetime(2026, 11, 24, 12, 0, 0, 1, tzinfo=UTC)


def shape(**columns: pa.Array) -> pa.Table:
    return pa.table({"key": pa.array(["a", "b"]), **columns})


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("count", pa.array([1, 2], pa.int8())),
        ("count", pa.nulls(2)),
        ("share", pa.array([1, 2], pa.int32()).cast(pa.float32())),
        ("share", pa.array([0.5, None], pa.float32())),
        ("at", pa.array([AT, None], pa.timestamp("us", "Europe/Paris"))),
        ("at", pa.array([AT, None], pa.timestamp("ns", "UTC"))),
        ("on", pa.array([date(2026, 1, 1), None], pa.date64())),
        ("codes", pa.array([["x"], None], pa.large_list(pa.large_string()))),
        ("key", pa.array(["a", "b"], pa.large_string())),
        ("key", pa.array(["a", "b"]).dictionary_encode()),
    ],
)
def test_casts_that_lose_nothing_are_made(column, values):
    result = validated(SHAPES, shape(**{column: values}))
    assert result.schema == SHAPES.arrow_schema
    assert [str(v) for v in result[column].to_pylist()] == [str(v) for v in _utc(values.to_pylist())]


def _utc(values: list[object]) -> list[object]:
    return [v.astimezone(UTC).replace(tzinfo=UTC) if isinstance(v, datetime) else v for v in values]


@pytest.mark.parametrize(
    ("column", "values", "code"),
    [
        ("count", pa.array([1, 2], pa.uint32()), "unsigned"),
        ("count", pa.array([1.0, 2.0]), "wrong_type"),
        ("count", pa.array([Decimal("1.5"), None]), "wrong_type"),
        ("count", pa.array(["1", "2"]), "wrong_type"),
        ("count", pa.array([True, False]), "wrong_type"),
        ("share", pa.array([0.5, float("nan")]), "not_a_number"),
        ("share", pa.array([0.5, float("inf")]), "not_a_number"),
        ("share", pa.array([2**53 + 1, 1]), "lossy_cast"),
        ("at", pa.array([AT.replace(tzinfo=None), None], pa.timestamp("us")), "naive_timestamp"),
        ("at", pa.array([1_000_000_001, None], pa.timestamp("ns", "UTC")), "lossy_cast"),
        ("at", pa.array(["2026-01-01T00:00:00Z", None]), "wrong_type"),
        ("on", pa.array([AT, None], pa.timestamp("us", "UTC")), "wrong_type"),
        ("codes", pa.array(["x", "y"]), "wrong_type"),
        ("codes", pa.array([[1], None]), "wrong_type"),
        ("key", pa.array(["a", None]), "missing_value"),
        ("key", pa.array([1, 2]), "wrong_type"),
        ("strange", pa.array([1, 2]), "unknown_column"),
    ],
)
def test_everything_else_is_refused_with_its_place(column, values, code):
    with pytest.raises(InvalidRowsError) as caught:
        validated(SHAPES, shape(**{column: values}))
    assert (caught.value.table, caught.value.column, caught.value.code) == ("shapes", column, code)
    assert column in str(caught.value)


def test_the_first_row_at_fault_is_named():
    with pytest.raises(InvalidRowsError, match=r"first in row 1") as caught:
        validated(SHAPES, shape(key=pa.array(["a", None])))
    assert caught.value.row == 1


def test_a_required_column_cannot_be_left_out():
    with pytest.raises(InvalidRowsError, match="key") as caught:
        validated(SHAPES, pa.table({"count": [1]}))
    assert caught.value.code == "missing_column"


def test_a_column_given_twice_is_refused():
    with pytest.raises(InvalidRowsError, match="twice"):
        validated(SHAPES, pa.Table.from_arrays([pa.array(["a"]), pa.array(["b"])], names=["key", "key"]))


def test_python_rows_are_refused_with_the_way_to_build_a_table():
    with pytest.raises(InvalidRowsError, match="from_pylist"):
        validated(SHAPES, [{"key": "a"}])


def test_polars_frames_are_taken():
    assert validated(SHAPES, pl.DataFrame({"key": ["a"]})).num_rows == 1


def test_no_rows_are_valid_rows():
    assert validated(TABLES["order_lines"], TABLES["order_lines"].empty()).num_rows == 0


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        ("local_month", "2026-10", "wrong_month"),
        ("local_month", "Nov", "wrong_month"),
        ("local_hour", 24, "wrong_hour"),
    ],
)
def test_the_business_time_must_agree_with_itself(column, value, code):
    rows = order_lines(0, 2)
    changed = rows.set_column(
        rows.column_names.index(column), column, pa.array([value] * 2, rows.schema.field(column).type)
    )
    with pytest.raises(InvalidRowsError) as caught:
        validated(TABLES["order_lines"], changed)
    assert caught.value.code == code


def test_refused_rows_leave_the_table_as_it_was(lake):
    lake.append("order_lines", order_lines(0, 2))
    rows = order_lines(2, 4)
    with pytest.raises(InvalidRowsError):
        lake.append("order_lines", rows.drop_columns(["order_id"]))
    with lake.read() as snapshot:
        assert snapshot.version("order_lines") == 1
