"""The history that strategies learn from, out of a lake whose every line is known."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pytest

from shuke.apps.recommendations.queries.history import (
    departments,
    goods_of,
    member_segments,
    purchase_history,
    taxonomy,
)
from shuke.platform.warehouse import lake
from shuke.science.recommendations.histories import DAY, History
from tests.apps.recommendations.town import put

pytestmark = pytest.mark.once
AS_OF = date(2025, 6, 29)


def at(day: int, hour: int = 12) -> datetime:
    return datetime(2025, 6, day, hour, tzinfo=UTC)


def order(number: str, person: str, day: int, lines: list[Any], **more: Any) -> None:
    """An order of that day of June with lines of (product, and what differs)."""
    keys = {
        "order_id": number,
        "person_key": person,
        "placed_at": at(day, more.pop("hour", 12)),
        "store_id": "s1",
    }
    put("orders", [{**keys, "paid_minor": 300 * len(lines), **more}])
    rows = [(line, {}) if isinstance(line, str) else line for line in lines]
    put(
        "order_lines",
        [
            {**keys, "line_no": place, "product_id": product, "quantity": 1, "paid_minor": 300, **extra}
            for place, (product, extra) in enumerate(rows, 1)
        ],
    )


def refund(number: str, line: int, day: int, *, pieces: int, money: int) -> None:
    put(
        "refunds",
        [
            {
                "refund_id": f"r{number}{line}", "order_id": number, "line_no": line, "person_key": "a",
                "refunded_at": at(day), "quantity": pieces, "amount_minor": money,
            }
        ],
    )  # fmt: skip


@pytest.fixture
def _shop(lake_home) -> None:
    put("identity_map", [{"person_key": p, "member_id": f"mem_{p}"} for p in "abc"])
    order("o1", "a", 1, ["milk", ("bag", {"is_gift": True}), ("tea", {"quantity": 2, "paid_minor": 500})])
    order("o2", "a", 8, ["milk", "bread", "fuel"])
    refund("o2", 2, 9, pieces=1, money=300)
    order("o3", "b", 9, [("wine", {"quantity": 3, "paid_minor": 900})])
    refund("o3", 1, 10, pieces=1, money=300)
    order("o4", "b", 10, ["tea"], lifecycle_status="cancelled")
    order("o5", "b", 11, ["tea"], payment_status="pending", lifecycle_status="open")
    order("o6", "b", 12, ["bread"], payment_status="refunded")
    order("o7", "nobody", 12, ["bread"])
    order("o8", "b", 29, ["milk"], hour=23)
    order("o9", "c", 30, ["milk"])
    order("o10", "c", 2, ["tea"], store_id=None)


def read(**options: Any) -> dict[tuple[str, str], set[str]]:
    """What the history says: items of each member and basket."""
    with lake().read() as snapshot:
        found = purchase_history(snapshot, as_of=AS_OF, time_zone="UTC", **options)
    return baskets_of(found)


def baskets_of(found: History) -> dict[tuple[str, str], set[str]]:
    return {
        (found.member_ids[found.basket_member[b]], found.basket_ids[b]): {
            str(found.item_ids[item]) for item in found.item[found.basket_rows[b] : found.basket_rows[b + 1]]
        }
        for b in range(found.baskets)
    }


@pytest.mark.usefixtures("_shop")
def test_only_what_was_bought_and_kept_counts() -> None:
    assert read() == {
        ("mem_a", "o1"): {"milk", "tea"},
        ("mem_a", "o2"): {"milk", "fuel"},
        ("mem_b", "o3"): {"wine"},
        ("mem_b", "o8"): {"milk"},
        ("mem_c", "o10"): {"tea"},
    }


@pytest.mark.usefixtures("_shop")
def test_a_line_that_comes_back_later_was_there_until_then() -> None:
    with lake().read() as snapshot:
        found = purchase_history(snapshot, as_of=date(2025, 6, 8), time_zone="UTC")
    assert baskets_of(found)["mem_a", "o2"] == {"milk", "bread", "fuel"}


@pytest.mark.usefixtures("_shop")
def test_merged_members_speak_by_the_id_that_speaks_now() -> None:
    put("identity_map", [{"person_key": "b", "member_id": "mem_a", "valid_from": at(20)}])
    assert {member for member, _order in read()} == {"mem_a", "mem_c"}


@pytest.mark.usefixtures("_shop")
def test_times_are_on_the_retailers_clock() -> None:
    with lake().read() as snapshot:
        found = purchase_history(snapshot, as_of=AS_OF, time_zone="Asia/Shanghai")
    last = list(found.basket_ids).index("o8")
    assert found.basket_time[last] % DAY == 7 * 3_600_000_000
    assert found.basket_day[last] == (date(2025, 6, 30) - date(1970, 1, 1)).days


@pytest.mark.usefixtures("_shop")
def test_the_vocabulary_leaves_seldom_items_out_and_keeps_their_baskets() -> None:
    found = read(minimum_count=2)
    assert found["mem_b", "o3"] == set()
    assert found["mem_a", "o1"] == {"milk", "tea"}


RANGE = [
    {"product_id": "milk", "name": "Milk", "department": "Food", "category": "Dairy", "subcategory": "Fresh milk",
     "brand": "Cow", "cost_minor": 150},
    {"product_id": "tea", "name": "茶", "department": "Food", "category": "Hot drinks"},
    {"product_id": "wine", "name": "W" * 500, "department": "Drinks", "category": " ", "is_active": False},
    {"product_id": "fuel", "name": "Fuel", "department": "Fuel"},
]  # fmt: skip


@pytest.mark.usefixtures("_shop")
def test_departments_are_left_out_by_choice_and_levels_are_items() -> None:
    put("products", RANGE)
    assert ("mem_a", "o2") in read(left_out=["Fuel"])
    assert read(left_out=["Fuel"])["mem_a", "o2"] == {"milk"}
    assert read(level="category")["mem_a", "o1"] == {"Dairy", "Hot drinks"}
    with lake().read() as snapshot:
        assert departments(snapshot) == ["Drinks", "Food", "Fuel"]


@pytest.mark.usefixtures("_shop")
def test_goods_say_what_the_range_knows_of_each_item() -> None:
    put("products", RANGE)
    with lake().read() as snapshot:
        history = purchase_history(snapshot, as_of=AS_OF, time_zone="UTC")
        goods = goods_of(snapshot, history)
    place = {str(item): number for number, item in enumerate(history.item_ids)}
    assert goods.kind_names[goods.kind[place["milk"]]] == "Fresh milk"
    assert goods.family_names[goods.family[place["milk"]]] == "Dairy"
    assert goods.kind_names[goods.kind[place["tea"]]] == "Hot drinks"
    assert goods.family_names[goods.family[place["tea"]]] == "Food"
    assert goods.brand[place["tea"]] == -1
    assert goods.names[place["tea"]] == "茶"
    assert len(goods.names[place["wine"]]) == 200
    assert goods.price[place["tea"]] == pytest.approx((250 + 300) / 2)
    assert goods.margin[place["milk"]] == pytest.approx(0.5)
    assert np.isnan(goods.margin[place["tea"]])
    assert not goods.is_active[place["wine"]]
    assert np.isnan(goods.cycle).all()
    levels = taxonomy(goods, item_ids=history.item_ids)
    assert levels.codes(np.array(["milk", "other"], dtype=object))[0].tolist() == [
        goods.kind[place["milk"]],
        -1,
    ]


@pytest.mark.usefixtures("lake_home")
def test_cycles_are_the_median_of_members_gaps() -> None:
    put("identity_map", [{"person_key": p, "member_id": f"mem_{p}"} for p in "ab"])
    for person, days in (("a", (1, 8, 15, 22)), ("b", (2, 5, 8, 11))):
        for day in days:
            order(f"{person}{day}", person, day, ["milk"])
    with lake().read() as snapshot:
        history = purchase_history(snapshot, as_of=AS_OF, time_zone="UTC")
        assert goods_of(snapshot, history).cycle.tolist() == [5.0]


@pytest.mark.usefixtures("_shop")
def test_segments_are_those_of_the_newest_traits_up_to_the_day() -> None:
    rows = [("mem_a", 20, "loyal"), ("mem_a", 28, "champions"), ("mem_b", 28, "lost"), ("mem_a", 30, "new")]
    put(
        "traits",
        [
            {"member_id": m, "as_of": date(2025, 6, d), "rfm_segment": s, "lifecycle_stage": "active",
             "frequency": 1, "monetary_minor": 1, "orders_total": 1, "spend_total_minor": 1}
            for m, d, s in rows
        ],
    )  # fmt: skip
    members = np.array(["mem_a", "mem_b", "mem_c"])
    with lake().read() as snapshot:
        names, codes = member_segments(snapshot, members, as_of=AS_OF)
        assert [str(names[c]) if c >= 0 else "" for c in codes] == ["champions", "lost", ""]
        names, codes = member_segments(snapshot, members, as_of=date(2025, 6, 1))
        assert (len(names), codes.tolist()) == (0, [-1, -1, -1])


@pytest.mark.usefixtures("lake_home")
def test_an_empty_lake_is_an_empty_history() -> None:
    assert read() == {}
