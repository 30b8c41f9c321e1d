"""Calendars against the published notices, against another library, and as what they must always be."""

from datetime import date, timedelta
from itertools import pairwise

import holidays
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shuke.sources.public.calendars import (
    NOTICED_YEARS,
    UnknownCountryError,
    calendar_days,
    countries,
    edition,
)
from shuke.sources.public.festivals import festivals, lunar_date
from shuke.tables import TABLES


def days(country: str, first: date, last: date) -> dict[date, dict]:
    return {row["day"]: row for row in calendar_days(country, first=first, last=last).to_pylist()}


@pytest.fixture(scope="module")
def china() -> dict[date, dict]:
    return days("CN", date(2024, 1, 1), date(2026, 12, 31))


def test_the_notice_for_2025(china):
    """The State Council's notice of November 2024: National Day and Mid-Autumn are eight days in a row."""
    golden = [date(2025, 10, 1) + timedelta(days=n) for n in range(8)]
    assert {china[day]["day_kind"] for day in golden} == {"holiday"}
    assert {china[day]["days_off_run"] for day in golden} == {8}
    made_up = [date(2025, 1, 26), date(2025, 2, 8), date(2025, 4, 27), date(2025, 9, 28), date(2025, 10, 11)]
    assert [
        day for day in china if day.year == 2025 and china[day]["day_kind"] == "makeup_workday"
    ] == made_up
    assert not any(china[day]["is_day_off"] for day in made_up)


def test_the_notice_for_2026(china):
    """Spring Festival is nine days, 15 to 23 February, paid for with the Saturdays 14 and 28."""
    festival = [date(2026, 2, 15) + timedelta(days=n) for n in range(9)]
    assert {china[day]["days_off_run"] for day in festival} == {9}
    assert {china[day]["holiday_zh"] for day in festival} == {"春节"}
    assert china[date(2026, 2, 14)]["day_kind"] == china[date(2026, 2, 28)]["day_kind"] == "makeup_workday"
    assert china[date(2026, 2, 14)]["days_to_holiday"] == 1
    assert not china[date(2026, 2, 14)]["is_provisional"]


@pytest.mark.parametrize("year", [2024, 2025, 2026])
def test_two_libraries_agree_on_the_days_off(china, year):
    """``chinesecalendar`` and ``holidays`` are kept by different people."""
    other = holidays.country_holidays("CN", years=[year])
    mine = {day for day, row in china.items() if day.year == year and row["is_day_off"]}
    assert mine == {day for day in china if day.year == year and not other.is_working_day(day)}


def test_a_year_without_a_notice_is_provisional():
    later = NOTICED_YEARS.stop
    rows = days("CN", date(later, 1, 1), date(later, 12, 31))
    assert all(row["is_provisional"] for row in rows.values())
    assert rows[date(later, 10, 1)]["day_kind"] == "holiday"


def test_days_off_elsewhere():
    american = days("US", date(2026, 1, 1), date(2026, 12, 31))
    assert american[date(2026, 11, 26)]["holiday"] == "Thanksgiving Day"
    assert american[date(2026, 11, 27)]["festivals"] == ["black_friday"]
    assert american[date(2026, 7, 4)]["day_kind"] == "holiday"
    assert american[date(2026, 11, 26)]["lunar_day"] is None
    emirates = days("AE", date(2026, 3, 1), date(2026, 3, 10))
    assert emirates[date(2026, 3, 7)]["day_kind"] == "weekend"
    israel = days("IL", date(2026, 6, 5), date(2026, 6, 7))
    assert [row["day_kind"] for row in israel.values()] == ["weekend", "weekend", "workday"]


@pytest.mark.parametrize(
    ("day", "lunar"),
    [
        (date(2024, 2, 10), (1, 1)),
        (date(2025, 1, 29), (1, 1)),
        (date(2026, 2, 17), (1, 1)),
        (date(2027, 2, 6), (1, 1)),
        (date(2025, 7, 25), (-6, 1)),
        (date(2023, 3, 22), (-2, 1)),
        (date(2026, 2, 16), (12, 29)),
    ],
)
def test_lunar_dates(day, lunar):
    assert lunar_date(day) == lunar


@pytest.mark.parametrize(
    ("day", "code"),
    [
        (date(2025, 10, 6), "mid_autumn_festival"),
        (date(2025, 8, 29), "qixi"),
        (date(2025, 5, 31), "dragon_boat_festival"),
        (date(2026, 2, 16), "lunar_new_years_eve"),
        (date(2026, 11, 11), "double_eleven"),
        (date(2026, 5, 10), "mothers_day"),
        (date(2026, 11, 30), "cyber_monday"),
        (date(2024, 12, 2), "cyber_monday"),
    ],
)
def test_festivals(day, code):
    assert festivals(day, country="CN") == [code]


@settings(max_examples=25, deadline=None)
@given(
    country=st.sampled_from(["CN", "US", "DE", "SG", "JP", "IL"]),
    first=st.dates(date(1995, 1, 1), date(2095, 1, 1)),
    length=st.integers(0, 40),
)
def test_what_every_calendar_keeps(country, first, length):
    last = first + timedelta(days=length)
    rows = list(days(country, first, last).values())
    assert [row["day"] for row in rows] == [first + timedelta(days=n) for n in range(length + 1)]
    for row in rows:
        assert row["is_day_off"] == (row["day_kind"] in {"weekend", "holiday"}) == (row["days_off_run"] > 0)
        assert (row["days_to_holiday"] == 0) == (row["day_kind"] == "holiday")
        assert (row["day_kind"] == "holiday") == (row["holiday"] is not None)
    for before, after in pairwise(rows):
        if before["is_day_off"] and after["is_day_off"]:
            assert before["days_off_run"] == after["days_off_run"]
        if before["day_kind"] != "holiday":
            assert before["days_to_holiday"] == after["days_to_holiday"] + 1


def test_the_same_days_in_two_parts_are_the_same():
    whole = calendar_days("CN", first=date(2025, 9, 1), last=date(2025, 10, 31))
    parts = [
        calendar_days("CN", first=date(2025, 9, 1), last=date(2025, 10, 3)),
        calendar_days("CN", first=date(2025, 10, 4), last=date(2025, 10, 31)),
    ]
    assert pa.concat_tables(parts).equals(whole)


def test_shape_and_provenance():
    table = calendar_days("CN", first=date(2026, 1, 1), last=date(2026, 1, 2))
    assert table.schema == TABLES["calendar_days"].arrow_schema
    assert "chinesecalendar" in edition("CN")
    assert table["source"][0].as_py() == edition("CN")
    assert {"CN", "US", "DE", "JP"} <= set(countries())


@pytest.mark.parametrize("country", ["", "XX", "cn", "CHN", "'; drop", "C\x00"])
def test_an_unknown_country_is_refused(country):
    with pytest.raises(UnknownCountryError, match="There is no calendar"):
        calendar_days(country, first=date(2026, 1, 1), last=date(2026, 1, 2))


@pytest.mark.parametrize(
    ("first", "last"), [(date(1900, 1, 1), date(2000, 1, 1)), (date(2026, 2, 1), date(2026, 1, 1))]
)
def test_impossible_ranges_are_refused(first, last):
    with pytest.raises(ValueError, match="Give days from 1990 to 2099"):
        calendar_days("CN", first=first, last=last)
