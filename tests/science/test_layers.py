"""Layers divide the members, and flows between two days add up to both of them."""

from collections import Counter
from datetime import date, timedelta

import ibis
from hypothesis import given, settings
from hypothesis import strategies as st

from shuke.science.layer_rules import (
    DISCOUNT_LAYERS,
    RHYTHM_LAYERS,
    SPEND_LAYERS,
    fixed_layers,
    traits_of_layers,
)
from shuke.science.layers import crossed, flows, layers_on, moved, sizes
from shuke.science.lifecycle import STAGES
from shuke.science.rfm_scheme import RfmScheme
from shuke.tables import TABLES
from tests.series import examples

TODAY = date(2026, 3, 31)
LAYERS = {"member_id": "string", "layer": "string"}
MONEY = {"member_id": "string", "money_minor": "int64"}


def rows(table):
    return table.to_pyarrow().to_pylist()


def day_of(places):
    return ibis.memtable({"member_id": list(places), "layer": list(places.values())}, schema=LAYERS)


places = st.dictionaries(st.sampled_from("abcdef"), st.sampled_from(["x", "y", "z"]), max_size=6)
amounts = st.dictionaries(st.sampled_from("abcdef"), st.integers(-50, 500), max_size=6)


def money_of(spent):
    return ibis.memtable({"member_id": list(spent), "money_minor": list(spent.values())}, schema=MONEY)


@settings(max_examples=examples(12), deadline=None)
@given(places, places, amounts)
def test_flows_add_up_to_both_days(before, after, spent):
    found = rows(flows(day_of(before), day_of(after), money=money_of(spent)))
    expected = Counter((before.get(m), after.get(m)) for m in before.keys() | after.keys())
    assert {(r["from_layer"], r["to_layer"]): r["members"] for r in found} == expected
    assert sum(r["money_minor"] for r in found) == sum(spent.get(m, 0) for m in before.keys() | after.keys())
    arrived = Counter()
    for row in found:
        arrived[row["to_layer"]] += row["members"]
    arrived.pop(None, None)
    assert arrived == Counter(after.values())


@settings(max_examples=examples(12), deadline=None)
@given(places, places, amounts)
def test_a_matrix_counts_who_is_in_both_schemes(left, right, spent):
    found = rows(crossed(day_of(left), day_of(right), money=money_of(spent)))
    both = left.keys() & right.keys()
    assert {(r["row"], r["column"]): r["members"] for r in found} == Counter(
        (left[m], right[m]) for m in both
    )
    for row in found:
        total = sum(spent.get(m, 0) for m in both if (left[m], right[m]) == (row["row"], row["column"]))
        assert row["money_minor"] == total
        assert row["average_minor"] == int(total / row["members"])


def kept(*told):
    data = [
        {
            "member_id": m,
            "as_of": TODAY - timedelta(days=ago),
            "scheme": scheme,
            "layer": layer,
            "score": None,
        }
        for ago, scheme, members in told
        for m, layer in members.items()
    ]
    return ibis.memtable(data, schema=dict(TABLES["member_layers"].ibis_schema))


HISTORY = kept(
    (-1, "rfm", {"a": "tomorrow"}),
    (0, "rfm", {"a": "loyal", "b": "lost", "d": "new"}),
    (6, "rfm", {"a": "new"}),
    (28, "rfm", {"a": "new", "b": "new", "c": "lost"}),
    (90, "rfm", {"a": "lost"}),
    (0, "need", {"a": "pets"}),
)


def on(days_before):
    found = rows(layers_on(HISTORY, scheme="rfm", as_of=TODAY, days_before=days_before))
    return {row["member_id"]: row["layer"] for row in found}


def test_the_newest_kept_day_stands_for_the_one_asked_for():
    assert on(0) == {"a": "loyal", "b": "lost", "d": "new"}
    assert on(6) == {"a": "new"}
    assert on(7) == on(28) == {"a": "new", "b": "new", "c": "lost"}
    assert on(29) == {"a": "lost"}
    assert on(91) == {}
    assert rows(layers_on(HISTORY, scheme="none", as_of=TODAY)) == []


def test_who_moved_is_who_the_flows_count():
    def who(from_layers, to_layers, days):
        found = moved(
            HISTORY, scheme="rfm", as_of=TODAY, days=days, from_layers=from_layers, to_layers=to_layers
        )
        return sorted(row["member_id"] for row in rows(found))

    assert who(("new",), ("loyal", "lost"), 28) == ["a", "b"]
    assert who(("new",), ("loyal", "lost"), 6) == ["a"]
    assert who(("lost",), ("lost",), 28) == []
    assert who(("lost",), ("loyal",), 91) == []


def test_sizes_of_each_kept_day():
    found = rows(sizes(HISTORY, scheme="rfm", since=TODAY - timedelta(days=28), as_of=TODAY))
    counted = {((TODAY - row["as_of"]).days, row["layer"]): row["members"] for row in found}
    assert counted == {
        (0, "loyal"): 1,
        (0, "lost"): 1,
        (0, "new"): 1,
        (6, "new"): 1,
        (28, "new"): 2,
        (28, "lost"): 1,
    }


traits_rows = st.lists(
    st.fixed_dictionaries(
        {
            "frequency": st.integers(0, 3),
            "monetary_minor": st.integers(-5, 400),
            "lifecycle_stage": st.sampled_from(STAGES),
            "purchase_cycle_days": st.none() | st.sampled_from([1.0, 4.0, 4.5, 10.0, 21.0, 21.5, 45.0, 46.0]),
            "discount_share": st.none() | st.sampled_from([0.0, 1 / 3, 0.34, 2 / 3, 0.67, 1.0]),
            "preferred_channel": st.sampled_from([None, "store", "web"]),
            "rfm_segment": st.sampled_from([None, "loyal", "lost"]),
            "recency_days": st.none() | st.integers(0, 400),
        }
    ),
    min_size=1,
    max_size=12,
)


def schemes_of(given_rows):
    table = TABLES["traits"]
    blank = dict.fromkeys(table.column_names)
    data = [
        {**blank, **row, "member_id": f"m{i}", "orders_total": max(row["frequency"], i % 2)}
        for i, row in enumerate(given_rows)
    ]
    found = fixed_layers(ibis.memtable(data, schema=dict(table.ibis_schema)))
    return data, {scheme: rows(layer) for scheme, layer in found.items()}


@settings(max_examples=examples(12), deadline=None)
@given(traits_rows)
def test_every_scheme_divides_its_members(given_rows):
    data, found = schemes_of(given_rows)
    for scheme, told in found.items():
        assert len({row["member_id"] for row in told}) == len(told), f"{scheme}: somebody is in two layers"
        assert all(row["layer"] is not None for row in told)
    everybody = {row["member_id"] for row in data}
    for scheme in ("lifecycle", "spend", "value_lifecycle"):
        assert {row["member_id"] for row in found[scheme]} == everybody
    known = {"spend": SPEND_LAYERS, "rhythm": RHYTHM_LAYERS, "discount": DISCOUNT_LAYERS}
    for scheme, layers in known.items():
        assert {row["layer"] for row in found[scheme]} <= set(layers)
    value = {row["member_id"]: row["layer"] for row in found["spend"]}
    stage = {row["member_id"]: row["lifecycle_stage"] for row in data}
    crossing = {row["member_id"]: row["layer"] for row in found["value_lifecycle"]}
    assert crossing == {member: f"{value[member]}|{stage[member]}" for member in everybody}


def one(**changes):
    row = {"frequency": 1, "monetary_minor": 1, "lifecycle_stage": "new"} | changes
    return {scheme: told[0]["layer"] if told else None for scheme, told in schemes_of([row])[1].items()}


def test_the_borders_as_documented():
    assert [one(purchase_cycle_days=days)["rhythm"] for days in (4.0, 4.1, 10.0, 21.0, 45.0, 45.1, None)] == [
        "several_a_week", "weekly", "weekly", "fortnightly", "monthly", "rarely", "once",
    ]  # fmt: skip
    assert [one(discount_share=share)["discount"] for share in (1 / 3, 0.34, 2 / 3, 0.67, None)] == [
        "full_price", "mixed", "mixed", "offers", None,
    ]  # fmt: skip
    # Ten buyers of ten amounts: the best two are high, the next three middle; who bought nothing has no value.
    ten = [{"frequency": 1, "monetary_minor": money, "lifecycle_stage": "new"} for money in range(10)]
    told = schemes_of([*ten, {"frequency": 0, "monetary_minor": 0, "lifecycle_stage": "lost"}])[1]["spend"]
    by_member = {row["member_id"]: row["layer"] for row in told}
    assert [by_member[f"m{i}"] for i in range(11)] == ["low"] * 5 + ["middle"] * 3 + ["high"] * 2 + ["none"]
    # Equal money is equal value: the place counts who has strictly less.
    equal = [{"frequency": 1, "monetary_minor": 7, "lifecycle_stage": "new"}] * 5
    assert {row["layer"] for row in schemes_of(equal)[1]["spend"]} == {"low"}


def test_past_traits_are_those_of_the_window_and_of_the_habits_to_the_day():
    """The window begins with its first day and ends with the day looked at; habits are of the last ten days."""
    first = TODAY - timedelta(days=29)
    days = [first - timedelta(days=1), first, TODAY - timedelta(days=10), TODAY - timedelta(days=9), TODAY]
    bought = [(day, "store" if place < 3 else "web") for place, day in enumerate(days)]
    bought.append((TODAY + timedelta(days=1), "app"))
    purchases = ibis.memtable(
        [{"member_id": "a", "local_date": d, "net_minor": 100, "sales_channel": c} for d, c in bought]
    )
    lines = {days[0]: (100, 100), first: (4, 3), TODAY: (4, 1), TODAY + timedelta(days=1): (100, 100)}
    line_days = ibis.memtable(
        [{"member_id": "a", "local_date": d, "lines": n, "discounted": k} for d, (n, k) in lines.items()]
    )
    found = traits_of_layers(
        purchases, line_days, as_of=TODAY, window_days=30, habit_days=10, scheme=RfmScheme()
    )
    (row,) = rows(found.select("frequency", "discount_share", "preferred_channel", "orders_total"))
    assert row == {"frequency": 4, "discount_share": 0.5, "preferred_channel": "web", "orders_total": 5}
