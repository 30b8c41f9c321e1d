"""Funnels of events: steps by name and property, who came through, fell out or is still under way."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import ibis
import pytest

from shuke.science.event_funnels import EventStep, PropertyFilter, funnel_parts, funnel_steps
from shuke.science.event_properties import property_text

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
END = datetime(2026, 3, 4, tzinfo=UTC)
DAY = 86_400
SCHEMA = ibis.schema(
    {"member_id": "string", "name": "string", "properties": "string", "occurred_at": "timestamp('UTC')"}
)


def events(*rows):
    """(member, name, hours after the start, properties) each."""
    told = [
        {
            "member_id": member,
            "name": name,
            "properties": json.dumps(said, ensure_ascii=False) if said is not None else None,
            "occurred_at": START + timedelta(hours=hours),
        }
        for member, name, hours, said in rows
    ]
    return ibis.memtable(told, schema=SCHEMA)


def orders(*rows):
    told = [{"member_id": member, "placed_at": START + timedelta(hours=hours)} for member, hours in rows]
    return ibis.memtable(told, schema=ibis.schema({"member_id": "string", "placed_at": "timestamp('UTC')"}))


VIEW, CART, BUY = (
    EventStep("event", "Product Viewed"),
    EventStep("event", "Product Added"),
    EventStep("order"),
)


def test_the_worked_members_come_through_fall_out_or_are_still_under_way():
    facts = events(
        ("through", "Product Viewed", 0, None), ("through", "Product Added", 1, None),
        ("left", "Product Viewed", 0, None),
        ("late", "Product Viewed", 0, None), ("late", "Product Added", 30, None),
        ("open", "Product Viewed", 24, None), ("open", "Product Added", 25, None),
        ("other", "Product Added", 3, None),
    )  # fmt: skip
    steps = funnel_steps(facts, orders(("through", 20), ("left", 2), ("open", 60)), (VIEW, CART, BUY))
    parts = funnel_parts(steps, count=3, window_seconds=DAY, end_seconds=int(END.timestamp()))
    rows = {row["member_id"]: (row["reached"], row["layer"]) for row in parts.to_pyarrow().to_pylist()}
    assert rows == {
        "through": (3, "done"),
        "left": (1, "left_1"),
        "late": (1, "left_1"),
        "open": (2, "open"),
    }


def test_one_thing_done_is_never_two_steps_of_its_name():
    bought = orders(
        ("once", 0), ("twice", 0), ("twice", 20), ("late", 0), ("late", 30), *(("thrice", n) for n in range(3))
    )  # fmt: skip
    steps = funnel_steps(events(), bought, (BUY, BUY, BUY))
    parts = funnel_parts(steps, count=3, window_seconds=DAY, end_seconds=int(END.timestamp()))
    reached = {row["member_id"]: row["reached"] for row in parts.to_pyarrow().to_pylist()}
    assert reached == {"once": 1, "twice": 2, "late": 1, "thrice": 3}


@pytest.mark.parametrize(
    ("operator", "value", "found"),
    [
        ("is", "Soap, blue", {"a"}), ("is_not", "Soap, blue", {"b", "c", "d"}), ("contains", "soap", {"a", "b"}),
        ("is", "肥皂", {"c"}),
    ],
)  # fmt: skip
def test_properties_narrow_a_step(operator, value, found):
    facts = events(
        ("a", "Product Viewed", 0, {"brand": "Soap, blue"}), ("b", "Product Viewed", 0, {"brand": "Soap"}),
        ("c", "Product Viewed", 0, {"brand": "肥皂"}), ("d", "Product Viewed", 0, None),
    )  # fmt: skip
    step = EventStep("event", "Product Viewed", PropertyFilter("brand", operator, value))
    rows = funnel_steps(facts, orders(), (step,)).to_pyarrow().to_pylist()
    assert {row["member_id"] for row in rows} == found


def test_numbers_are_compared_as_numbers_and_no_number_is_none():
    facts = events(
        ("a", "Product Viewed", 0, {"price": 9}), ("b", "Product Viewed", 0, {"price": "12.5"}),
        ("c", "Product Viewed", 0, {"price": "cheap"}), ("d", "Product Viewed", 0, {"price": [20]}),
        ("e", "Product Viewed", 0, {"products": [{"price": 100}]}),
    )  # fmt: skip
    for operator, found in (("at_least", {"b", "e"}), ("at_most", {"a"})):
        step = EventStep("event", "Product Viewed", PropertyFilter("price", operator, "10"))
        rows = funnel_steps(facts, orders(), (step,)).to_pyarrow().to_pylist()
        assert {row["member_id"] for row in rows} == found


@pytest.mark.parametrize(
    "meant", ["Soap, blue", 'Pan 12"', "a\\b", "\\", '\\"', "{x}", "[1]", "null", "茶, 绿", " x "]
)
def test_a_text_is_what_was_meant(meant):
    told = ibis.memtable({"p": [json.dumps({"first": 1, "k": meant, "last": "z"}, ensure_ascii=False)]})
    assert told.select(v=property_text(told.p, "k")).to_polars()["v"].to_list() == [meant]


def test_null_is_no_text():
    told = ibis.memtable({"p": ['{"k": null, "last": "z"}', '{"k": true}', '{"k": ["a"]}', '{"k": ""}']})
    assert told.select(v=property_text(told.p, "k")).to_polars()["v"].to_list() == ["", "true", "", ""]


def test_a_key_is_a_text_and_no_pattern():
    told = ibis.memtable({"p": ['{"a.b": 1}', '{"axb": 2}']})
    assert told.select(v=property_text(told.p, "a.b")).to_polars()["v"].to_list() == ["1", ""]


@pytest.mark.parametrize("order", ["ordered", "any"])
def test_only_who_had_the_whole_window_once_is_settled(order):
    """Whether somebody came through must not decide it, nor a later try: both would flatter a group."""
    end = int((START + timedelta(hours=48)).timestamp())
    facts = events(
        ("early", "Product Viewed", 0, None), ("early", "Product Viewed", 40, None),
        ("edge", "Product Viewed", 24, None), ("done", "Product Viewed", 25, None),
        ("late", "Product Viewed", 24 + 0.5 / 3600, None),
    )  # fmt: skip
    steps = funnel_steps(facts, orders(("done", 26), ("early", 2)), (VIEW, BUY))
    parts = funnel_parts(steps, count=2, window_seconds=DAY, end_seconds=end, order=order)
    rows = parts.to_pyarrow().to_pylist()
    layers = {row["member_id"]: row["layer"] for row in rows}
    assert (layers["edge"], layers["late"], layers["done"]) == ("left_1", "open", "done")
    settled = {row["member_id"]: row["settled"] for row in rows}
    assert settled == {"early": True, "edge": True, "done": False, "late": False}


@pytest.mark.parametrize(
    ("operator", "found"), [("at_least", {"same", "more"}), ("at_most", {"same", "less"})]
)
def test_a_limit_itself_is_within(operator, found):
    facts = events(*((name, "Product Viewed", 0, {"price": price}) for name, price in
                     (("less", 12.4), ("same", 12.5), ("more", 12.6))))  # fmt: skip
    step = EventStep("event", "Product Viewed", PropertyFilter("price", operator, "12.5"))
    assert set(funnel_steps(facts, orders(), (step,)).to_pyarrow()["member_id"].to_pylist()) == found
