"""Lists, clicks and purchases, counted by hand."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from shuke.science.recommendations import online

SHOWN = datetime(2025, 3, 10, 9, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def a_list(number, key, products, *, at=SHOWN, arm="a", strategy="up-cf", **more):
    return {
        "list_id": number, "slot": "home", "slot_version": 1, "experiment_id": "exp", "arm": arm, "strategy": strategy,
        "strategy_chance": 1.0, "fallback": "", "person_key": key, "listed_at": at, "product_ids": list(products),
        "local_date": at.date(), "local_month": f"{at:%Y-%m}", "local_hour": at.hour, **more,
    }  # fmt: skip


def event(name, number, product="", *, at, key="a"):
    properties = {"list_id": number, "product_id": product} if product else {"list_id": number}
    return {
        "message_id": f"{name}{number}{product}{at}", "name": name, "type": "track", "person_key": key,
        "occurred_at": at, "received_at": at, "properties": json.dumps(properties),
    }  # fmt: skip


def order(number, key, products, *, at, **more):
    head = {"order_id": number, "person_key": key, "placed_at": at, "paid_minor": 100 * len(products), **more}
    lines = [
        {
            "order_id": number,
            "person_key": key,
            "placed_at": at,
            "line_no": line,
            "product_id": product,
            "paid_minor": 100,
        }
        for line, product in enumerate(products, start=1)
    ]
    return head, lines


@pytest.fixture
def world(table):
    """Member a saw two lists, b one, a stranger with a device two, a stranger without one a fourth kind of unit."""
    orders = [
        order("o1", "a", ["milk", "tea"], at=SHOWN + 2 * DAY),
        order("o2", "a", ["milk"], at=SHOWN + 9 * DAY),  # eight days after the latest list
        order("o3", "b", ["rice", "milk"], at=SHOWN + DAY),
        order("o4", "b", ["milk"], at=SHOWN - HOUR),  # before the list
        order("o5", "b", ["milk"], at=SHOWN + DAY, lifecycle_status="cancelled"),
    ]
    lines = [line for _head, rows in orders for line in rows]
    lines.append({**lines[0], "line_no": 9, "product_id": "bread", "is_gift": True})
    return online.ListFacts(
        recommendation_lists=table("recommendation_lists", [
            a_list("l1", "a", ["milk", "bread"]),
            a_list("l2", "a", ["tea", "milk"], at=SHOWN + DAY),
            a_list("l3", "b", ["milk", "rice"], arm="b", strategy="popularity", fallback="popularity"),
            a_list("l4", None, ["milk"], anonymous_id="dev"),
            a_list("l5", None, ["tea"], anonymous_id="dev"),
            a_list("l6", None, ["milk"]),
        ]),
        events=table("events", [
            event("Product List Viewed", "l1", at=SHOWN),
            event("Product Clicked", "l1", "bread", at=SHOWN + HOUR),
            event("Product Clicked", "l1", "bread", at=SHOWN + 2 * HOUR),
            event("Product Clicked", "l2", "milk", at=SHOWN + 2 * DAY),  # 24 hours after l2 is too late
            event("Product Added", "l1", "bread", at=SHOWN + HOUR),
            event("Product Clicked", "l4", "milk", at=SHOWN + HOUR, key=None),
            event("Product Clicked", "nothing", "milk", at=SHOWN + HOUR),
            event("Home Viewed", "l5", "tea", at=SHOWN + HOUR),
        ]),
        orders=table("orders", [head for head, _rows in orders]),
        order_lines=table("order_lines", lines),
        refunds=table("refunds", [
            {"refund_id": "r1", "order_id": "o3", "line_no": 1, "person_key": "b", "amount_minor": 100,
             "refunded_at": SHOWN + 3 * DAY},
            {"refund_id": "r2", "order_id": "o1", "line_no": 1, "person_key": "a", "amount_minor": 30,
             "refunded_at": SHOWN + 3 * DAY},
        ]),
        identity_map=table("identity_map", [{"person_key": k, "member_id": f"m-{k}"} for k in "ab"]),
    )  # fmt: skip


def counted(facts):
    lists = online.answers(facts.recommendation_lists, facts.identity_map)
    listed = online.listed_products(lists)
    touched = online.touches(lists, facts.events)
    lines = online.attributed_lines(listed, facts, currency="CNY")
    return lists, listed, touched, lines, online.list_results(lists, touched, lines)


def rows_of(expression, *keys):
    rows = expression.to_pyarrow().to_pylist()
    return {tuple(row[key] for key in keys) if len(keys) > 1 else row[keys[0]]: row for row in rows}


def test_lists_are_counted_as_by_hand(world):
    found = rows_of(counted(world)[4], "list_id")
    shown = {
        name: tuple(row[c] for c in ("viewed", "clicked", "added", "converted", "lines", "revenue_minor"))
        for name, row in found.items()
    }
    # o1's milk and tea belong to l2, the later list, less 30 given back; o3's rice came back, its milk stayed.
    assert shown == {
        "l1": (1, 1, 1, 0, 0, 0),
        "l2": (0, 0, 0, 1, 2, 170),
        "l3": (0, 0, 0, 1, 1, 100),
        "l4": (0, 1, 0, 0, 0, 0),
        "l5": (0, 0, 0, 0, 0, 0),
        "l6": (0, 0, 0, 0, 0, 0),
    }
    assert {row["unit"] for row in found.values()} == {"member:m-a", "member:m-b", "device:dev", "list:l6"}


def test_units_totals_and_places(world):
    _lists, listed, touched, lines, results = counted(world)
    units = rows_of(online.unit_sums(results), "unit", "arm")
    assert units["member:m-a", "a"]["lists"] == 2
    assert units["member:m-a", "a"]["revenue_minor"] == 170
    sums = rows_of(online.totals(results, by=("arm",)), "arm")
    assert (sums["a"]["lists"], sums["a"]["units"], sums["a"]["clicked"], sums["a"]["fallbacks"]) == (
        5,
        3,
        2,
        0,
    )
    assert (sums["b"]["lists"], sums["b"]["fallbacks"], sums["b"]["revenue_minor"]) == (1, 1, 100)
    places = rows_of(online.places(listed, touched, lines), "arm", "place")
    assert (places["a", 1]["shown"], places["a", 1]["clicked"], places["a", 1]["bought"]) == (5, 1, 1)
    assert (places["a", 2]["shown"], places["a", 2]["clicked"], places["a", 2]["bought"]) == (2, 1, 1)
    assert rows_of(online.shown_products(listed), "arm")["a"]["products"] == 3


def test_weights_are_inverse_chances_of_what_was_drawn(world, table):
    drawn = table(
        "recommendation_lists",
        [
            a_list("l1", "a", ["milk", "bread"], strategy="s", strategy_chance=0.25),
            a_list("l2", "a", ["milk"], strategy="t", strategy_chance=0.75),
            a_list("l3", "a", ["milk"], strategy="s", strategy_chance=0.25, fallback="popularity"),
        ],
    )
    world = online.ListFacts(**{**vars(world), "recommendation_lists": drawn})
    (row,) = online.unit_sums(counted(world)[4], drawn=("s", "t")).to_pyarrow().to_pylist()
    assert (row["weight_0"], row["clicked_0"]) == (4.0, 4.0)
    assert row["weight_1"] == pytest.approx(4 / 3)
    assert row["clicked_1"] == 0.0
