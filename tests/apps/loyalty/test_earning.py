"""What a basket earns: the table of docs/algorithms/points.md, and properties over random baskets."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shuke.apps.loyalty.rules.earning import (
    Condition,
    EarningRule,
    Line,
    Purchase,
    earned_points,
    shared,
)

BASKET = Purchase(
    lines=(
        Line(1, "bread", paid_minor=4990, list_minor=4990, category="bakery"),
        Line(2, "milk", paid_minor=15, list_minor=15, category="dairy"),
        Line(3, "wine", paid_minor=9600, list_minor=12000, category="wine"),
    ),
    on=date(2026, 11, 22),
    sales_channel="store",
    store_id="s1",
    tier="gold",
)
GROUND = EarningRule("ground", points=3, per_minor=1000)


def test_the_table_of_the_document():
    undiscounted = EarningRule("full price", points=3, per_minor=1000, leaves_out_discounted=True)
    wine = EarningRule(
        "wine", points=3, per_minor=1000, group="wine", condition=Condition(categories=frozenset({"wine"}))
    )
    assert GROUND.earned(BASKET) == 43
    assert undiscounted.earned(BASKET) == 15
    assert wine.earned(BASKET) == 28
    both = earned_points([GROUND, wine], BASKET)
    assert [(e.rule, e.points, e.lines) for e in both] == [
        ("ground", 43, {1: 15, 2: 0, 3: 28}),
        ("wine", 28, {3: 28}),
    ]


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        (Condition(stores=frozenset({"s2"})), False),
        (Condition(stores=frozenset({"s1"})), True),
        (Condition(weekdays=frozenset({7})), True),
        (Condition(weekdays=frozenset({1})), False),
        (Condition(tiers=frozenset({"gold"})), True),
        (Condition(first_day=date(2026, 11, 23)), False),
        (Condition(last_day=date(2026, 11, 22)), True),
        (Condition(sales_channels=frozenset({"web"})), False),
        (Condition(minimum_minor=14_605), True),
        (Condition(minimum_minor=14_606), False),
    ],
)
def test_a_rule_holds_where_its_condition_says(condition, holds):
    rule = EarningRule("r", points=1, per_minor=100, condition=condition)
    assert (rule.earned(BASKET) > 0) == holds


def test_rounding_and_caps():
    assert EarningRule("r", points=1, per_minor=1000, rounding="half_up").earned(BASKET) == 15
    assert EarningRule("r", points=1, per_minor=1000).earned(BASKET) == 14
    assert EarningRule("r", points=1, per_minor=100, cap=50).earned(BASKET) == 50
    assert [e.points for e in earned_points([GROUND], BASKET, room=10)] == [10]
    assert [(e.points, e.cut) for e in earned_points([GROUND], BASKET, room=0)] == [(0, 43)]


def test_rules_of_a_group_compete_and_groups_add_up():
    better = EarningRule("better", points=5, per_minor=1000)
    sunday = EarningRule("sunday", points=1, per_minor=1000, group="sunday")
    assert [e.rule for e in earned_points([GROUND, better, sunday], BASKET)] == ["better", "sunday"]


def test_what_vouchers_paid_counts_only_if_the_rule_says_so():
    paid = Purchase(lines=(Line(1, "x", 500, 1000, voucher_minor=500),), on=BASKET.on, sales_channel="web")
    assert EarningRule("r", points=1, per_minor=100).earned(paid) == 5
    assert EarningRule("r", points=1, per_minor=100, leaves_out_vouchers=False).earned(paid) == 10
    assert EarningRule("r", points=1, per_minor=100, leaves_out_discounted=True).earned(paid) == 5


def test_a_rule_that_gives_nothing_is_no_rule():
    with pytest.raises(ValueError, match="above zero"):
        EarningRule("r", points=0, per_minor=100)


@given(
    total=st.integers(0, 10_000),
    weights=st.dictionaries(st.integers(1, 30), st.integers(1, 100_000), min_size=1, max_size=12),
)
def test_shares_sum_to_the_whole_and_differ_from_the_exact_by_less_than_one(total, weights):
    parts = shared(total, weights=weights)
    whole = sum(weights.values())
    assert sum(parts.values()) == total
    assert all(abs(parts[key] * whole - total * weight) < whole for key, weight in weights.items())


@given(cents=st.lists(st.integers(1, 5_000), min_size=1, max_size=10))
def test_splitting_a_line_changes_nothing(cents):
    whole = Purchase((Line(1, "x", sum(cents), sum(cents)),), BASKET.on, "web")
    split = Purchase(tuple(Line(n, "x", c, c) for n, c in enumerate(cents)), BASKET.on, "web")
    assert GROUND.earned(whole) == GROUND.earned(split)
