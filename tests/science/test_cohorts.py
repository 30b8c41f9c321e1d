from collections import defaultdict
from datetime import date, timedelta

import ibis
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shuke.science.cohorts import period_number, period_start, retention, retention_curve

orders = st.lists(
    st.tuples(st.integers(0, 6), st.integers(0, 500), st.integers(1, 900)), min_size=1, max_size=40
)


def table_of(rows):
    return ibis.memtable(
        pl.DataFrame(
            [(f"m{member}", date(2025, 1, 1) + timedelta(days=day), money) for member, day, money in rows],
            schema={"member_id": pl.Utf8, "local_date": pl.Date, "net_minor": pl.Int64},
            orient="row",
        )
    )


@pytest.mark.parametrize("grain", ["month", "week"])
@given(rows=orders)
@settings(max_examples=15, deadline=None)
def test_the_triangle_is_that_of_counting(grain, rows):
    def period(day):
        when = date(2025, 1, 1) + timedelta(days=day)
        if grain == "month":
            return (when.year - 1970) * 12 + when.month - 1
        return (when - date(1970, 1, 5)).days // 7

    begun, seen, money = {}, defaultdict(set), defaultdict(int)
    for member, day, _ in rows:
        begun[member] = min(begun.get(member, 9**9), period(day))
    for member, day, spent in rows:
        cell = (begun[member], period(day) - begun[member])
        seen[cell].add(member)
        money[cell] += spent
    cells = retention(table_of(rows), grain=grain).to_pyarrow().to_pylist()
    assert {(c["cohort"], c["age"]): c["members"] for c in cells} == {k: len(v) for k, v in seen.items()}
    assert {(c["cohort"], c["age"]): c["revenue_minor"] for c in cells} == dict(money)
    for cell in cells:
        size = len(seen[cell["cohort"], 0])
        assert (cell["size"], cell["rate"]) == (size, pytest.approx(cell["members"] / size))


def test_the_curve_leaves_out_cohorts_that_are_too_young():
    """January's two members come back in March, April's has not had the time."""
    days = [(0, 3), (1, 9), (0, 70), (2, 100)]
    cells = retention(table_of([(m, d, 100) for m, d in days]))
    last = 660 + 3  # April 2025
    curve = {row["age"]: row for row in retention_curve(cells, last_period=last).to_pyarrow().to_pylist()}
    assert curve[0]["rate"] == 1.0
    assert curve[2]["rate"] == pytest.approx(0.5)
    # Two members began in January: m0 with two orders of 1.00; m1 with one.  April's m2 is too young for age 2.
    assert (curve[2]["orders_each"], curve[2]["revenue_each_minor"]) == (0.5, 50.0)


def test_periods_have_names():
    table = ibis.memtable({"day": [date(2026, 11, 27), date(2026, 11, 29), date(2026, 11, 30)]})
    weeks = table.select(n=period_number(table.day, grain="week")).to_pyarrow()["n"].to_pylist()
    assert [period_start(n, grain="week") for n in weeks] == [
        date(2026, 11, 23),
        date(2026, 11, 23),
        date(2026, 11, 30),
    ]
