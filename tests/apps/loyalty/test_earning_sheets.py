"""Many purchases at once earn what each of them earns alone."""

from datetime import date, timedelta
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shuke.apps.loyalty.rules.earning import Condition, EarningRule, Line, Purchase, earned_points
from shuke.apps.loyalty.rules.earning_frames import earned_sheet

DAY = date(2026, 11, 20)
words = st.sampled_from(["", "a", "b"])
some = st.frozensets(st.sampled_from(["a", "b"]), max_size=1)
conditions = st.builds(
    Condition,
    departments=some,
    brands=some,
    stores=some,
    sales_channels=some,
    tiers=some,
    weekdays=st.frozensets(st.integers(1, 7), max_size=4),
    first_day=st.none() | st.just(DAY),
    last_day=st.none() | st.just(DAY + timedelta(days=2)),
    minimum_minor=st.sampled_from([0, 0, 300]),
)
common = {
    "condition": conditions,
    "rounding": st.sampled_from(["floor", "half_up"]),
    "leaves_out_discounted": st.booleans(),
    "leaves_out_vouchers": st.booleans(),
    "cap": st.none() | st.integers(1, 20),
}
rates = st.builds(
    EarningRule,
    name=st.just(""),
    points=st.integers(1, 5),
    per_minor=st.integers(1, 150),
    group=st.sampled_from(["ground", "x"]),
    **common,
)
multiples = st.builds(
    EarningRule,
    name=st.just(""),
    times=st.fractions(1, 4, max_denominator=7).filter(lambda f: f > 1),
    group=st.sampled_from(["x", "y"]),
    **common,
)
rule_lists = st.lists(rates | multiples, min_size=1, max_size=5).map(
    lambda rules: [EarningRule(**{**vars(rule), "name": f"r{n}"}) for n, rule in enumerate(rules)]
)
lines = st.builds(
    Line,
    line_no=st.just(0),
    product_id=words,
    paid_minor=st.integers(-50, 400),
    list_minor=st.integers(0, 400),
    voucher_minor=st.integers(0, 100),
    department=words,
    brand=words,
)
purchases = st.builds(
    Purchase,
    lines=st.lists(lines, min_size=1, max_size=4).map(
        lambda rows: tuple(Line(**{**vars(row), "line_no": n}) for n, row in enumerate(rows, 1))
    ),
    on=st.integers(0, 3).map(lambda days: DAY + timedelta(days=days)),
    sales_channel=words,
    store_id=words,
    tier=words,
)


def frame(baskets: list[Purchase]) -> pl.DataFrame:
    rows = [
        {"order": n, "on": b.on, "sales_channel": b.sales_channel, "store_id": b.store_id, "tier": b.tier}
        | vars(line)
        for n, b in enumerate(baskets)
        for line in b.lines
    ]
    return pl.DataFrame(rows)


@given(rules=rule_lists, baskets=st.lists(purchases, min_size=1, max_size=6))
def test_a_sheet_of_purchases_earns_what_each_earns_alone(rules, baskets):
    sheet = earned_sheet(rules, frame(baskets))
    place = 0
    for number, basket in enumerate(baskets):
        alone = {item.rule: item for item in earned_points(rules, basket)}
        assert {name: int(p[number]) for name, p in sheet.points.items() if p[number]} == {
            name: item.points for name, item in alone.items()
        }
        for line in basket.lines:
            expected = sum(item.lines.get(line.line_no, 0) for item in alone.values())
            assert sheet.shares[place] == expected
            place += 1


def test_an_order_too_large_for_the_sheet_is_told():
    basket = Purchase((Line(1, "x", 2**60, 2**60),), DAY, "web")
    with pytest.raises(OverflowError):
        earned_sheet([EarningRule("r", points=3, per_minor=100)], frame([basket]))


def test_a_multiplier_of_a_tier_and_rules_that_multiply_start_from_the_ground_rate():
    """100 for 100.00; 15 % more for the tier is 115, and double on Sundays 100 more."""
    basket = Purchase((Line(1, "x", 10_000, 10_000),), date(2026, 11, 22), "web")
    ground = EarningRule("ground", points=1, per_minor=100)
    sunday = EarningRule(
        "sunday", times=Fraction(2), group="sunday", condition=Condition(weekdays=frozenset({7}))
    )
    found = earned_points([ground, sunday], basket, multiplier=Fraction(115, 100))
    assert [(item.rule, item.points) for item in found] == [("ground", 115), ("sunday", 100)]


def test_caps_over_time_cut_and_say_how_much():
    basket = Purchase((Line(1, "x", 10_000, 10_000), Line(2, "y", 10_000, 10_000)), DAY, "web")
    ground = EarningRule("ground", points=1, per_minor=100)
    extra = EarningRule("extra", points=1, per_minor=100, group="extra")
    found = earned_points([ground, extra], basket, rooms={"ground": 150}, room=151)
    assert [(item.rule, item.points, item.cut) for item in found] == [("ground", 150, 50), ("extra", 1, 199)]
    assert found[0].lines == {1: 75, 2: 75}
