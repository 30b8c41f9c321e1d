"""Measures of buyers as of a day: numbers worked out by hand, and nothing from after the day."""

from datetime import date

import ibis
import numpy as np
import pytest

from shuke.science.measures import MEASURES, columns, member_measures

AS_OF = date(2025, 6, 30)  # a Monday


def buys(member, day, *, hour=12, net=1000):
    return {"member_id": member, "local_date": day, "local_hour": hour, "net_minor": net}


def goods(member, day, product, *, on_discount=False):
    return {"member_id": member, "local_date": day, "product_id": product, "is_discounted": on_discount}


PURCHASES = [
    buys("a", date(2025, 6, 28), hour=18, net=3000),  # a Saturday evening
    buys("a", date(2025, 6, 24)),
    buys("a", date(2025, 6, 18), net=2000),
    buys("b", AS_OF),
    buys("old", date(2024, 6, 30)),
]
LINES = [
    goods("a", date(2025, 6, 28), "tea", on_discount=True),
    goods("a", date(2025, 6, 28), "milk"),
    goods("a", date(2025, 6, 24), "tea"),
    goods("a", date(2025, 6, 18), "unnamed"),
]
LATER = [buys("a", date(2025, 7, 1), net=99_999)], [goods("a", date(2025, 7, 1), "ink", on_discount=True)]
PRODUCTS = [
    {"product_id": p, "category": c} for p, c in (("tea", "drinks"), ("milk", "dairy"), ("ink", "office"))
]


def measured(purchases, lines):
    found = member_measures(
        ibis.memtable(purchases), ibis.memtable(lines), ibis.memtable(PRODUCTS), as_of=AS_OF
    )
    return found.order_by("member_id").to_pyarrow()


def test_hand_numbers():
    rows = {row["member_id"]: row for row in measured(PURCHASES, LINES).to_pylist()}
    assert set(rows) == {"a", "b"}
    assert rows["a"] == {
        "member_id": "a", "spend_minor": 6000, "orders": 3, "recency_days": 2, "cycle_days": 5,
        "average_order_minor": 2000, "lines_per_order": pytest.approx(4 / 3), "categories": 2,
        "discount_share": 0.25, "weekend_share": pytest.approx(1 / 3), "evening_share": pytest.approx(1 / 3),
    }  # fmt: skip
    assert (rows["b"]["orders"], rows["b"]["cycle_days"], rows["b"]["categories"]) == (1, None, None)


def test_what_comes_after_the_day_changes_nothing():
    assert measured(PURCHASES + LATER[0], LINES + LATER[1]) == measured(PURCHASES, LINES)


def test_a_measure_that_nobody_has_is_no_column():
    found = columns(measured(PURCHASES[3:4], LINES[:0] or LINES[:1]))
    assert set(MEASURES) - set(found) == {"cycle_days", "lines_per_order", "categories", "discount_share"}
    assert found["orders"].dtype == np.float64
