"""Affinity: the published counts on Groceries, and every number against counting by hand."""

from fractions import Fraction
from itertools import combinations
from pathlib import Path

import ibis
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import fisher_exact

from shuke.science.affinity import coded, frequent_sets, pairs, rules, substitutes

GROCERIES = Path(__file__).parents[1] / "data" / "groceries.parquet"

worlds = st.lists(st.sets(st.sampled_from("abcde"), min_size=1), min_size=1, max_size=12)


def table_of(baskets):
    rows = [(f"{number}", item) for number, items in enumerate(baskets) for item in sorted(items)]
    return ibis.memtable(pl.DataFrame(rows, schema=["basket_id", "item_id"], orient="row"))


@pytest.fixture(scope="module")
def groceries():
    rows = pl.read_parquet(GROCERIES).with_columns(pl.all().cast(pl.Utf8))
    return coded(ibis.memtable(rows), minimum_count=10)


def test_the_published_number_of_rules_and_why_others_find_fewer(groceries):
    found = rules(groceries, minimum_count=10, minimum_confidence=Fraction(4, 5), largest=6)
    assert groceries.baskets == 9835
    assert len(found.right) == 410  # R's arules
    # mlxtend divides two rounded supports: four rules of exactly 16 in 20 fall below 0.8.
    by_division = (found.together / 9835) / (found.left_count / 9835)
    assert int((by_division >= 0.8).sum()) == 406
    lost = by_division < 0.8
    assert set(zip(found.together[lost], found.left_count[lost], strict=True)) == {(16, 20)}
    # The rule with the largest lift, as arules prints it: 0.001931876, 0.9047619, 11.23527.
    assert (found.left[0], found.right[0]) == (("liquor", "red/blush wine"), "bottled beer")
    assert found.support[0] == pytest.approx(0.001931876, abs=5e-10)
    assert found.confidence[0] == pytest.approx(0.9047619, abs=5e-8)
    assert found.lift[0] == pytest.approx(11.23527, abs=5e-6)


def test_the_published_number_of_sets(groceries):
    sizes = [int(level.count().execute()) for level in frequent_sets(groceries, minimum_count=10, largest=7)]
    assert sizes == [157, 2981, 6831, 3137, 376, 10]
    assert sum(sizes) == 13_492


@given(baskets=worlds, minimum=st.integers(1, 3))
@settings(max_examples=12, deadline=None)
def test_sets_are_counted_as_by_hand(baskets, minimum):
    found = coded(table_of(baskets), minimum_count=minimum)
    listed = found.items.to_polars()
    names = dict(zip(listed["item"], listed["item_id"], strict=True))
    ours = {
        tuple(names[item] for item in row[:-1]): row[-1]
        for level in frequent_sets(found, minimum_count=minimum, largest=5)
        for row in level.to_polars().rows()
    }
    by_hand = {}
    for size in range(1, 6):
        for items in combinations("abcde", size):
            n = sum(set(items) <= basket for basket in baskets)
            if n >= minimum:
                by_hand[items] = n
    assert ours == by_hand


def test_significance_is_fishers():
    baskets = [{"a", "b"}] * 6 + [{"a"}] * 2 + [{"b"}] * 3 + [{"c"}] * 9
    found = rules(coded(table_of(baskets)), minimum_count=1, minimum_confidence=Fraction(1, 2))
    exact = fisher_exact([[6, 2], [3, 9]], alternative="greater").pvalue
    assert found.p_value == pytest.approx([exact] * len(found.right))
    assert np.all(found.q_value >= found.p_value - 1e-15)
    table = pairs(coded(table_of(baskets)), minimum_count=1).to_polars().row(0, named=True)
    expected, spread = 8 * 9 / 20, (8 * 9 / 20 * (12 / 20) * (11 / 19)) ** 0.5
    assert (table["n"], table["lift"]) == (6, pytest.approx(6 * 20 / 72))
    assert table["z"] == pytest.approx((6 - expected) / spread)


def test_substitutes_are_bought_by_the_same_people_but_not_together():
    """Everybody in half of the town buys either kind of egg, never both at once; milk goes with both."""
    visits = [
        (f"m{member}", f"{member}-{day}", item)
        for member in range(40)
        for day, item in enumerate(("large", "medium") * 3)
    ]
    visits += [(member, basket, "milk") for member, basket, _ in visits[::3]]
    visits += [(f"o{other}", f"o{other}", "bread") for other in range(60)]
    # Pairs that never meet have no row, so somebody takes both once.
    visits.append(("m0", "0-0", "medium"))
    rows = pl.DataFrame(visits, schema=["member_id", "basket_id", "item_id"], orient="row")
    by_basket = coded(ibis.memtable(rows.select("basket_id", "item_id")))
    by_member = coded(ibis.memtable(rows.select("item_id", basket_id="member_id")))
    found = substitutes(pairs(by_basket, minimum_count=1), pairs(by_member, minimum_count=1)).to_polars()
    assert [(row["id_1"], row["id_2"]) for row in found.rows(named=True)] == [("large", "medium")]
