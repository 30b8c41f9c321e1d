"""Facts beside their calendar, and names of places beside their regions."""

from datetime import date, timedelta

import ibis
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shuke.science.calendar import FEATURES, sales_by_kind_of_day, with_calendar
from shuke.science.places import COLUMNS, with_region
from shuke.sources.public.calendars import calendar_days
from shuke.sources.public.regions import regions
from tests.series import examples

FIRST, LAST = date(2025, 9, 22), date(2025, 10, 12)


@pytest.fixture(scope="module")
def calendar():
    return ibis.memtable(calendar_days("CN", first=FIRST, last=LAST))


@pytest.fixture(scope="module")
def world():
    return ibis.memtable(regions())


def purchases(rows):
    schema = {"member_id": "string", "local_date": "date", "net_minor": "int64"}
    return ibis.memtable(
        [{"member_id": "m", "local_date": day, "net_minor": amount} for day, amount in rows], schema=schema
    )


def test_a_day_of_each_kind(calendar):
    """2025-09-28 is a Sunday that is worked, 2025-10-08 a Wednesday that is off."""
    facts = purchases(
        [(date(2025, 9, 28), 1), (date(2025, 10, 8), 2), (date(2025, 9, 27), 3), (date(2025, 9, 26), 4)]
    )
    found = with_calendar(facts, calendar, country="CN").to_pyarrow().to_pylist()
    kinds = {row["net_minor"]: (row["day_kind"], row["is_day_off"]) for row in found}
    assert kinds == {
        1: ("makeup_workday", False),
        2: ("holiday", True),
        3: ("weekend", True),
        4: ("workday", False),
    }
    assert next(row for row in found if row["net_minor"] == 1)["days_to_holiday"] == 3


def test_an_unknown_day_or_country_leaves_the_features_empty(calendar):
    facts = purchases([(date(2020, 1, 1), 1)])
    for table in (with_calendar(facts, calendar, country="CN"), with_calendar(facts, calendar, country="US")):
        row = table.to_pyarrow().to_pylist()[0]
        assert [row[name] for name in FEATURES] == [None] * len(FEATURES)


@settings(max_examples=examples(12), deadline=None)
@given(st.lists(st.tuples(st.dates(FIRST - timedelta(days=3), LAST), st.integers(-5, 10**6)), max_size=12))
def test_no_fact_is_lost_or_doubled_and_the_sums_agree(calendar, rows):
    facts = purchases(rows)
    joined = with_calendar(facts, calendar, country="CN")
    assert sorted(joined.net_minor.to_pyarrow().to_pylist()) == sorted(amount for _, amount in rows)
    found = (
        sales_by_kind_of_day(facts, calendar, country="CN", first=FIRST, last=LAST).to_pyarrow().to_pylist()
    )
    inside = [amount for day, amount in rows if day >= FIRST]
    assert sum(row["orders"] for row in found) == len(inside)
    assert sum(row["net_minor"] for row in found) == sum(inside)
    assert sum(row["days"] for row in found) == (LAST - FIRST).days + 1


def test_days_without_sales_count_in_the_divisor(calendar):
    """21 days: 8 of the holiday, 2 make-up workdays, 1 weekend day, the rest workdays."""
    facts = purchases([(date(2025, 10, 1), 800), (date(2025, 9, 28), 100)])
    found = (
        sales_by_kind_of_day(facts, calendar, country="CN", first=FIRST, last=LAST).to_pyarrow().to_pylist()
    )
    by_kind = {row["day_kind"]: row for row in found}
    assert {kind: row["days"] for kind, row in by_kind.items()} == {
        "holiday": 8, "makeup_workday": 2, "weekend": 2, "workday": 9,
    }  # fmt: skip
    assert by_kind["holiday"]["net_minor_per_day"] == 100
    assert by_kind["makeup_workday"]["orders_per_day"] == 0.5


@pytest.mark.parametrize(
    ("written", "region", "province"),
    [
        ("深圳", "CN-440300", "CN-GD"),
        ("深圳市", "CN-440300", "CN-GD"),
        (" shenzhen ", "CN-440300", "CN-GD"),
        ("CN-440300", "CN-440300", "CN-GD"),
        ("上海", "CN-SH", "CN-SH"),
        ("Guangdong", "CN-GD", "CN-GD"),
        ("吉林", "CN-220200", "CN-JL"),
        ("吉林省", "CN-JL", "CN-JL"),
        ("Suzhou", None, None),
        ("苏州", "CN-320500", "CN-JS"),
        ("Atlantis", None, None),
        ("", None, None),
        (None, None, None),
    ],
)
def test_names_of_places(world, written, region, province):
    table = ibis.memtable([{"n": 1, "city": written}], schema={"n": "int64", "city": "string"})
    row = with_region(table, world, column="city", country="CN").to_pyarrow().to_pylist()[0]
    assert (row["region_id"], row["province_id"]) == (region, province)


def test_a_place_of_the_first_level_can_be_meant(world):
    table = ibis.memtable([{"province": "吉林"}])
    row = with_region(table, world, column="province", country="CN", level=1).to_pyarrow().to_pylist()[0]
    assert row["region_id"] == "CN-JL"


def test_what_fits_several_countries_is_left_open(world):
    """There is a Limburg in Belgium and one in the Netherlands."""
    table = ibis.memtable([{"place": "Limburg"}])
    row = with_region(table, world, column="place").to_pyarrow().to_pylist()[0]
    assert [row[name] for name in COLUMNS] == [None] * len(COLUMNS)
    assert with_region(table, world, column="place", country="NL").region_id.execute()[0] == "NL-LI"
