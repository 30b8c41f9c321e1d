"""Sales become series: whole weeks, zeros between sales, nothing that does not count."""

from datetime import date, timedelta

import pytest

from shuke.science.forecast.levels import Item, Limits, levelled
from shuke.science.forecast.panel import calendar_features, panel_of
from shuke.science.forecast.series import last_whole_period, period_start, sales_series, sold_lines
from tests.science.conftest import on

MONDAY = date(2025, 6, 2)
SUNDAY = date(2025, 6, 22)


def line(order, product, *, quantity=1, paid=100, **more):
    return {
        "order_id": order,
        "person_key": "p",
        "product_id": product,
        "quantity": quantity,
        "paid_minor": paid,
        **more,
    }


@pytest.fixture
def sold(table):
    days = {
        "o1": MONDAY + timedelta(2),
        "o2": MONDAY + timedelta(14),
        "o3": MONDAY + timedelta(14),
        "late": date(2025, 6, 23),
    }
    orders = [
        {"order_id": o, "person_key": "p", "placed_at": on(day), "paid_minor": 0} for o, day in days.items()
    ]
    orders[2] |= {"lifecycle_status": "cancelled"}
    lines = [
        line("o1", "tea", quantity=2, paid=200, discount_minor=50, placed_at=on(days["o1"])),
        line("o2", "tea", paid=120, placed_at=on(days["o2"])),
        line("o2", "milk", paid=300, placed_at=on(days["o2"]), line_no=2, store_id="s1"),
        line("o2", "tea", paid=0, placed_at=on(days["o2"]), line_no=3, is_gift=True),
        line("o3", "tea", quantity=50, placed_at=on(days["o3"])),
        line("late", "tea", quantity=9, placed_at=on(days["late"])),
    ]
    goods = [
        {"product_id": "tea", "department": "drinks", "category": "hot"},
        {"product_id": "milk", "department": "dairy"},
    ]
    return sold_lines(
        orders=table("orders", orders),
        order_lines=table("order_lines", lines),
        products=table("products", goods),
        currency="CNY",
        as_of=date(2025, 6, 23),
    )


def weeks(sold, *keys, as_of=date(2025, 6, 23), **more):
    return sales_series(sold, keys=keys, as_of=as_of, **more).to_polars().sort(*keys, "period_start")


def test_weeks_between_the_first_sale_and_the_last_whole_week_are_filled_with_zeros(sold):
    tea = weeks(sold, "product_id").filter(product_id="tea")
    assert tea["period_start"].to_list() == [MONDAY + timedelta(7 * week) for week in range(3)]
    assert tea["quantity"].to_list() == [2, 0, 1]
    assert tea["paid_minor"].to_list() == [200, 0, 120]
    assert tea["price_minor"].to_list() == [100.0, None, 120.0]
    assert tea["promotion_share"].to_list() == [1.0, None, 0.0]


def test_a_series_begins_with_its_own_first_sale(sold):
    milk = weeks(sold, "product_id").filter(product_id="milk")
    assert milk["period_start"].to_list() == [MONDAY + timedelta(14)]


def test_an_unfinished_week_is_left_out_and_a_finished_one_kept(sold):
    assert weeks(sold, "product_id")["quantity"].sum() == 4
    later = sales_series(sold, keys=("product_id",), as_of=date(2025, 6, 29)).to_polars()
    assert later["quantity"].sum() == 13


def test_sales_without_a_store_are_one_series(sold):
    rows = weeks(sold, "store_id")
    assert rows.filter(rows["store_id"].is_null())["quantity"].to_list() == [2, 0, 1]


def test_the_week_in_which_the_data_begin_counts_only_from_its_monday(sold):
    rest = weeks(sold, "product_id", first=MONDAY + timedelta(2))
    assert rest["period_start"].min() == MONDAY + timedelta(14)
    assert weeks(sold, "product_id", first=MONDAY)["period_start"].min() == MONDAY


def test_days_are_series_too(sold):
    tea = weeks(sold, "product_id", grain="day").filter(product_id="tea")
    assert len(tea) == 20  # Wednesday the 4th to Monday the 23rd
    assert tea["quantity"].sum() == 12


def test_weeks_end_on_sunday():
    assert period_start(last_whole_period(SUNDAY, grain="week"), grain="week") == date(2025, 6, 16)
    assert period_start(last_whole_period(SUNDAY - timedelta(1), grain="week"), grain="week") == date(
        2025, 6, 9
    )


def test_a_panel_is_missing_before_the_first_sale_and_carries_the_price(sold):
    panel = panel_of(weeks(sold, "product_id"), keys=("product_id",), measure="quantity")
    milk, tea = panel.values
    assert tea.tolist() == [2, 0, 1]
    assert milk[2] == 1
    assert str(milk[0]) == "nan"
    assert panel.price[1].tolist() == [100.0, 100.0, 120.0]


def test_levels_add_up_and_the_rest_stands_for_what_is_not_named(sold):
    few = Limits(most={"channel": 5, "store": 5, "department": 1, "category": 5, "product": 5})
    found = levelled(sold, as_of=SUNDAY, first=MONDAY, limits=few)
    sums = {item.code: values for item, values in zip(found.items, found.panel.values, strict=True)}
    # Tea earns 320 and milk 300: one department is named.
    assert sums["department/drinks"].tolist() == [200, 0, 120]
    assert sums["department/*"].tolist() == [0, 0, 300]
    known = found.panel.values.copy()
    known[known != known] = 0
    assert abs(found.hierarchy.constraints() @ known).max() == 0


def test_the_code_of_an_item_keeps_its_parts_apart():
    assert (
        Item("category", {"department": "a/b", "category": "c"}).code
        != Item("category", {"department": "a", "category": "b/c"}).code
    )


def test_calendar_counts_days_off_of_each_week():
    days = {MONDAY + timedelta(5): (True, False, False), MONDAY + timedelta(8): (True, True, True)}
    found = calendar_features(days, first_period=MONDAY, step_days=7, periods=2)
    assert found.tolist() == [[1, 1], [0, 1], [0, 1]]
