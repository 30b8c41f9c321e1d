"""What the debugger shows: the event, and nobody's address, phone, card or name."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shuke.apps.collector.rules.masking import HIDDEN, MAX_TEXT, masked, shortened


@pytest.mark.parametrize(
    "text",
    [
        "ann.lee+shop@example.co.uk",
        "13812345678",
        "+86 138 1234 5678",
        "+1 (555) 123-4567",
        "555-123-4567",
        "11010519491231002X",
        "4111111111111111",
        "203.0.113.9",
    ],
)
@pytest.mark.parametrize(
    "frame", ["{}", "call {} now", "https://shop.example/?q={}&page=2", "电话：{}，谢谢"]
)
def test_what_names_a_person_is_hidden_wherever_it_stands(text, frame):
    shown = masked({"note": frame.format(text), "deep": [{"x": frame.format(text)}]})
    assert text not in json.dumps(shown, ensure_ascii=False)
    assert HIDDEN in shown["note"]


@pytest.mark.parametrize(
    "value",
    ["Green tea 250 g", "20261127000012", 1795739187690, "2026-11-27T00:31:17.123Z", 12.5, "A-1", True, None, "9.90",
     "3.0.13", 4711, "¥1,234.00", "https://shop.example/tea?page=2"],
)  # fmt: skip
def test_what_a_developer_looks_for_stays(value):
    assert masked({"value": value}) == {"value": value}


@pytest.mark.parametrize(
    "name", ["email", "Phone_Number", "first name", "收货人", "shipping-address", "IP", "password"]
)
def test_some_names_hide_whatever_they_hold(name):
    assert masked({name: "anything"}) == {name: HIDDEN}
    assert masked({"list": [{name: {"x": [1, 2]}}]}) == {"list": [{name: HIDDEN}]}


def test_a_number_is_as_good_as_its_text():
    assert masked({"n": 13812345678, "m": 1234}) == {"n": HIDDEN, "m": 1234}


def test_names_of_properties_are_masked_too():
    assert masked({"ann@example.com": 1}) == {HIDDEN: 1}


def test_long_and_deep_values_end():
    nested: object = "end"
    for _step in range(500):
        nested = {"a": nested}
    assert "end" not in json.dumps(masked(nested))
    assert len(masked("x" * 10_000)) == MAX_TEXT + 1
    assert len(masked(list(range(1000)))) == 100


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=50, deadline=None)
@given(VALUES, st.emails(domains=st.just("example.com")))
def test_masking_never_fails_and_twice_is_once(value, address):
    shown = masked({"value": value, "note": f"write to {address} please"})
    assert "@example.com" not in json.dumps(shown, ensure_ascii=False)
    assert masked(shown) == shown


def test_keys_are_too_short_to_look_anybody_up_with():
    assert shortened("psn_0123456789") == "psn_0123…"
    assert shortened("") == ""
