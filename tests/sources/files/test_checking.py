"""Cells become typed values, faults are named, nothing is lost in silence."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shuke.sources.cleaning.outliers import find_outliers
from shuke.sources.files.checking import Checked, check
from shuke.sources.files.errors import UnreadableFileError
from shuke.sources.files.fields import Field, ShapeContext
from shuke.sources.files.kinds import KINDS
from shuke.sources.files.mapping import automatic_mapping, check_mapping, folded
from shuke.sources.files.parsing import parse
from shuke.sources.files.profiles import Fill, Profile, profile_from
from shuke.sources.files.reading import read_file
from shuke.sources.files.reasons import REASONS
from shuke.tables import TABLES

AT = datetime(2026, 6, 1, 12, tzinfo=UTC)
CONTEXT = ShapeContext("imp_1", "acc_1", "store", "import:acc_1", "CNY", "Asia/Shanghai", AT)


def profile(**values) -> Profile:
    return profile_from(
        values, columns={}, time_zone="Asia/Shanghai", business_zone="Asia/Shanghai", currency="CNY"
    )


def checked(tmp_path: Path, kind: str, text: str, **settings) -> Checked:
    path = tmp_path / "file.csv"
    path.write_text(text, encoding="utf-8")
    source = read_file(path)
    columns = settings.pop("columns", None) or automatic_mapping(KINDS[kind], source.headers)
    chosen = profile(columns=columns, **settings)
    check_mapping(KINDS[kind], chosen, source.headers)
    return check(KINDS[kind], source, chosen, at=AT)


def parsed(cells: list, type_: str, *, minimum=None, name="x", **settings) -> tuple[list, list]:
    field = Field(name, type_, "X", minimum=minimum)
    values, errors = parse(pl.Series(cells), field, profile(**settings), at=AT)
    return values.to_list(), errors.to_list()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.decimals(-(10**9), 10**9, places=2), min_size=1, max_size=20))
def test_money_is_exact(amounts: list[Decimal]):
    values, errors = parsed([str(amount) for amount in amounts], "money")
    assert errors == [None] * len(amounts)
    assert values == [int(amount * 100) for amount in amounts]


@pytest.mark.parametrize(
    ("text", "minor", "mark"),
    [("¥1,234.50", 123450, "."), ("1 234,50 €", 123450, ","), ("1.234,5", 123450, ","), ("(12.00)", -1200, "."),
     ("1,234,567", 123456700, "."), ("12,5", 1250, ","), ("0", 0, ",")],
)  # fmt: skip
def test_money_as_people_write_it(text, minor, mark):
    assert parsed([text], "money", decimal_mark=mark) == ([minor], [None])


@pytest.mark.parametrize("text", ["12,34.5", "abc", "1.2.3", "nan", "inf", "1e400", "12.5.", "1,2"])
def test_what_is_no_amount_is_refused(text):
    assert parsed([text], "money")[1] == ["not_a_number"]


def test_half_cents_are_not_rounded_away():
    assert parsed(["1.005", "1.00", "0.1"], "money") == ([None, 100, 10], ["too_precise", None, None])


def test_nan_in_floats_is_refused_and_null_is_empty():
    assert parsed([float("nan"), 1.5, None], "number") == ([None, 1.5, None], ["not_a_number", None, None])


def test_fractions_of_quantities_follow_the_rule():
    assert parsed(["0.453", "2"], "int", name="quantity") == ([None, 2], ["not_whole", None])
    assert parsed(["0.453", "2"], "int", name="quantity", fractions="one_piece") == ([1, 2], [None, None])


@pytest.mark.parametrize(
    ("cell", "text"),
    [("'00123", "00123"), ("\t00123", "00123"), ('="00123"', "00123"), ("00123", "00123"), ("  7 ", "7"),
     (12345678901234567, "12345678901234567"), (7.0, "7")],
)  # fmt: skip
def test_ids_keep_their_digits(cell, text):
    assert parsed([cell], "id") == ([text], [None])


def test_null_characters_and_broken_texts_are_refused():
    assert parsed(["a\x00b", "a\ufffd", "ok"], "text")[1] == ["null_character", "broken_text", None]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-05 10:00:00", datetime(2026, 1, 5, 2, tzinfo=UTC)),
        ("2026/1/5 10:00", datetime(2026, 1, 5, 2, tzinfo=UTC)),
        ("2026-01-05T10:00:00.25Z", datetime(2026, 1, 5, 10, 0, 0, 250000, tzinfo=UTC)),
        ("2026-01-05 10:00:00+05:30", datetime(2026, 1, 5, 4, 30, tzinfo=UTC)),
        ("20260105100000", datetime(2026, 1, 5, 2, tzinfo=UTC)),
        ("2026年01月05日 10:00", datetime(2026, 1, 5, 2, tzinfo=UTC)),
        ("2026-01-05", datetime(2026, 1, 4, 16, tzinfo=UTC)),
    ],
)
def test_times_in_the_zone_of_the_file(text, moment):
    assert parsed([text], "time") == ([moment], [None])


def test_a_column_may_mix_formats():
    cells = ["2026-01-05 10:00:00"] * 300 + ["2026/01/06 11:00", "nonsense", ""]
    values, errors = parsed(cells, "time")
    assert values[300] == datetime(2026, 1, 6, 3, tzinfo=UTC)
    assert errors == [None] * 301 + ["not_a_time", None]


def test_the_skipped_hour_is_read_as_a_clock_that_stood_still():
    values, errors = parsed(
        ["2026-03-08 02:30:00", "2025-11-02 01:30:00"], "time", time_zone="America/New_York"
    )
    assert errors == [None, None]
    assert values == [datetime(2026, 3, 8, 7, 30, tzinfo=UTC), datetime(2025, 11, 2, 5, 30, tzinfo=UTC)]


@settings(max_examples=60, deadline=None)
@given(st.integers(631152000, 1780000000).map(lambda second: datetime.fromtimestamp(second, UTC)))
def test_every_instant_survives_its_text(moment):
    assert parsed([moment.isoformat(sep=" ")], "time") == ([moment], [None])


def test_the_future_and_the_distant_past_are_refused():
    assert parsed(["2026-06-03 00:00:00", "1880-01-01 00:00:00"], "time")[1] == ["in_future", "too_old"]


@pytest.mark.parametrize(("order", "day"), [("dmy", date(2026, 2, 1)), ("mdy", date(2026, 1, 2))])
def test_the_order_of_dates_is_the_profile_s(order, day):
    assert parsed(["01/02/2026"], "date", date_order=order) == ([day], [None])


ORDERS = "order id,order time,customer id,product id,qty,amount\n"


def test_bad_rows_are_put_aside_and_their_neighbours_kept(tmp_path):
    result = checked(
        tmp_path,
        "orders",
        ORDERS
        + "A,2026-01-05 10:00,C1,P1,1,10\nA,x,C1,P2,1,abc\n,2026-01-05 10:00,C1,P3,1,10\nB,2026-01-06 10:00,,P1,1,5\n",
    )
    assert result.rows["row_no"].to_list() == [1, 4]
    faults = result.rejected.select("row_no", "column", "code").rows()
    assert faults == [(2, "paid", "not_a_number"), (2, "placed_at", "not_a_time"), (3, "order_no", "missing")]
    assert result.rejected_rows == 2
    assert "C1" not in "".join(result.rejected["raw"])
    assert result.missing["placed_at"] == 0


def test_lines_are_numbered_before_any_is_put_aside(tmp_path):
    result = checked(
        tmp_path, "orders", ORDERS + "A,2026-01-05 10:00,C1,P1,1,x\nA,2026-01-05 10:00,C1,P2,1,2\n"
    )
    assert result.rows["line_no"].to_list() == [2]


def test_duplicates_count_once_and_contradictions_are_put_aside(tmp_path):
    text = "product id,name\nP1,Milk\nP1,Milk\nP1,Cream\nP2,Bread\n"
    result = checked(tmp_path, "products", text)
    assert result.rows["name"].to_list() == ["Milk", "Bread"]
    assert result.duplicates == 1
    assert result.rejected.select("row_no", "code").rows() == [(3, "duplicate")]


@pytest.mark.parametrize(
    ("fill", "expected"), [(Fill("constant", "9.90"), 990), (Fill("zero"), 0), (Fill("most_frequent"), 500)]
)
def test_missing_values_are_filled_only_by_the_chosen_rule(tmp_path, fill, expected):
    text = "product id,name,cost\nP1,a,5\nP2,b,5\nP3,c,\nP4,d,7\n"
    assert checked(tmp_path, "products", text).rows["cost"].to_list() == [500, 500, None, 700]
    filled = checked(tmp_path, "products", text, fills={"cost": fill})
    assert filled.rows["cost"].to_list() == [500, 500, expected, 700]
    assert filled.filled == {"cost": 1}
    assert filled.missing["cost"] == 0.25


def test_wrong_cells_are_not_filled(tmp_path):
    result = checked(
        tmp_path, "products", "product id,name,cost\nP1,a,x\nP2,b,1\n", fills={"cost": Fill("zero")}
    )
    assert result.rows["product_id"].to_list() == ["P2"]


def test_outliers_are_flagged_not_dropped():
    values = pl.Series([100 + i % 7 for i in range(500)] + [1_000_000])
    found = find_outliers(values, pl.Series(range(1, 502)), field="paid")
    assert found is not None
    assert (found.count, found.examples) == (1, ((501, 1_000_000.0),))
    assert found.lower < 100 < 106 < found.upper < 1_000_000
    assert find_outliers(pl.Series([5] * 100), pl.Series(range(100)), field="x") is None


@pytest.mark.parametrize(
    "header", ["Unit Price (USD)", "unit_price", "UNIT-PRICE", " unit price ", "单价（元）", "单价"]
)
def test_headers_are_recognised_however_they_are_written(header):
    assert automatic_mapping(KINDS["orders"], [header]) == {"unit_price": header}


def test_a_header_in_brackets_is_not_forgotten():
    assert folded("(id)") == "(id)"
    assert folded("(id)") != folded("(no)")


def test_no_usable_header_says_what_is_missing():
    kind = KINDS["orders"]
    with pytest.raises(UnreadableFileError) as refusal:
        check_mapping(kind, profile(columns=automatic_mapping(kind, ["foo", "bar"])), ["foo", "bar"])
    assert refusal.value.code == "no_usable_header"
    assert "Order number" in str(refusal.value)
    assert "foo" in str(refusal.value)


def test_every_code_has_a_sentence():
    import re

    codes = set()
    for path in Path("shuke/sources/files").rglob("*.py"):
        codes |= set(re.findall(r'_codes\([^"]*"([a-z_]+)"\)', path.read_text()))
    assert codes
    assert codes <= set(REASONS)


SAMPLES = {
    "products": "product id,name\nP1,Milk\n",
    "stores": "store id,name\nS1,Centre\n",
    "orders": ORDERS + "A,2026-01-05 10:00,C1,P1,1,10\n",
    "order_headers": "order id,order time,customer id,total\nA,2026-01-05 10:00,C1,10\n",
    "voucher_history": "voucher,customer id,time\nV1,C1,2026-01-05 10:00\n",
    "costs": "cost id,amount,date,campaign\nK1,10,2026-01-05,c1\n",
    "events": "event id,event,time,customer id\nE1,view,2026-01-05 10:00,C1\n",
}


@pytest.mark.parametrize("kind", SAMPLES)
def test_shapes_are_the_tables(tmp_path, kind):
    rows = checked(tmp_path, kind, SAMPLES[kind]).rows.with_columns(pl.lit("per_1").alias("person_key"))
    for name, frame in KINDS[kind].shape(rows, CONTEXT).items():
        schema = TABLES[name].arrow_schema
        table = frame.to_arrow().select(schema.names).cast(schema)
        assert table.num_rows == 1
        for field in schema:
            assert field.nullable or table[field.name].null_count == 0, field.name


def test_amounts_add_up_where_parts_are_missing(tmp_path):
    text = "order id,order time,product id,qty,unit price,discount,amount\n"
    rows = "A,2026-01-05 10:00,P1,2,10,-3,\nA,2026-01-05 10:00,P2,1,,,4\nB,2026-01-05 23:30,P1,,5,,\n"
    good = checked(tmp_path, "orders", text + rows).rows.with_columns(pl.lit("per_1").alias("person_key"))
    tables = KINDS["orders"].shape(good, CONTEXT)
    lines = tables["order_lines"]
    assert lines.select("list_minor", "discount_minor", "paid_minor").rows() == [
        (2000, 300, 1700),
        (400, 0, 400),
        (500, 0, 500),
    ]
    assert (
        lines["list_minor"] - lines["discount_minor"] - lines["voucher_minor"] == lines["paid_minor"]
    ).all()
    orders = tables["orders"].sort("order_id")
    assert orders.select("order_id", "paid_minor", "goods_minor").rows() == [
        ("acc_1:A", 2100, 2400),
        ("acc_1:B", 500, 500),
    ]
    assert orders["local_hour"].to_list() == [10, 23]
