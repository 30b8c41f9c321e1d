"""Attribution: published removal effects, and each rule against its definition."""

from itertools import permutations
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shuke.science.attribution.markov import removal_effects
from shuke.science.attribution.rules import RULES, attributed
from shuke.science.attribution.shapley import shapley_values
from shuke.science.attribution.touches import chain, paths_table
from tests.series import examples

PATHS = Path(__file__).parents[1] / "data" / "paths.parquet"

paths = st.lists(
    st.tuples(
        st.lists(st.sampled_from("abcd"), min_size=1, max_size=5).map(" > ".join),
        st.integers(0, 5),
        st.integers(0, 5),
        st.integers(0, 900),
    ),
    min_size=1,
    max_size=8,
)


def by_channel(table, column="conversions"):
    return {row["channel"]: row[column] for row in table.to_pyarrow().to_pylist()}


def test_the_published_removal_effects():
    """R's ChannelAttribution on its own example data, first order."""
    rows = pl.read_parquet(PATHS).select("path", "conversions", "nulls", "value_minor").rows()
    found = removal_effects(chain(paths_table(rows)))
    assert found.probability == pytest.approx(0.22384514, abs=5e-9)
    published = {"alpha": 0.558399, "beta": 0.264039, "eta": 0.349026, "iota": 0.405835}
    assert {name: found.effects[name] for name in published} == pytest.approx(published, abs=5e-7)
    assert sum(found.shares.values()) == pytest.approx(1)


def test_the_chain_agrees_with_walks_through_it():
    table = paths_table([("a > b > a", 3, 1, 0), ("b > b > c", 1, 4, 0), ("c > a", 2, 2, 0), ("a", 0, 3, 0)])
    counts = chain(table)
    rng, walks, converted = np.random.default_rng(4), 40_000, 0
    ends = np.column_stack([counts.moves, counts.converts, counts.fails])
    chances = ends / ends.sum(axis=1, keepdims=True)
    states = np.zeros(walks, dtype=int)
    while states.size:
        drawn = (rng.random(states.size)[:, None] > np.cumsum(chances[states], axis=1)).sum(axis=1)
        converted += int((drawn == len(counts.channels) + 1).sum())
        states = drawn[drawn <= len(counts.channels)]
    assert removal_effects(counts).probability == pytest.approx(converted / walks, abs=0.01)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("first", {"a": 1.0, "b": 0.0, "c": 0.0, "d": 0.0}),
        ("last", {"a": 0.0, "b": 0.0, "c": 0.0, "d": 1.0}),
        ("linear", {"a": 0.25, "b": 0.25, "c": 0.25, "d": 0.25}),
        ("position", {"a": 0.4, "b": 0.1, "c": 0.1, "d": 0.4}),
        ("time_decay", {"a": 1 / 15, "b": 2 / 15, "c": 4 / 15, "d": 8 / 15}),
    ],
)
def test_each_rule_on_four_touches(rule, expected):
    table = paths_table([("a > b > c > d", 1, 0, 100)])
    assert by_channel(attributed(table, rule=rule)) == pytest.approx(expected)
    money = by_channel(attributed(table, rule=rule), "value_minor")
    assert money == pytest.approx({channel: share * 100 for channel, share in expected.items()})


def test_time_decay_halves_with_the_half_life():
    table = paths_table([("a > b", 1, 0, 0)])
    timed = table.mutate(hours_before_end=(table.position == 1).ifelse(24.0, 0.0))
    assert by_channel(attributed(timed, rule="time_decay", half_life_hours=24)) == pytest.approx(
        {"a": 1 / 3, "b": 2 / 3}
    )


@given(rows=paths)
@settings(max_examples=examples(8), deadline=None)
def test_rules_share_out_exactly_what_there_is(rows):
    table = paths_table(rows)
    conversions, value = sum(row[1] for row in rows), sum(row[3] for row in rows)
    results = [attributed(table, rule=rule) for rule in RULES] + [shapley_values(table)]
    for result in results:
        assert sum(by_channel(result).values()) == pytest.approx(conversions)
        assert sum(by_channel(result, "value_minor").values()) == pytest.approx(value)


@given(rows=paths)
@settings(max_examples=examples(8), deadline=None)
def test_shapley_is_the_mean_over_all_orders(rows):
    sets = [(set(path.split(" > ")), conversions) for path, conversions, _, _ in rows]
    channels = sorted(set().union(*(names for names, _ in sets)))

    def worth(coalition):
        return sum(conversions for names, conversions in sets if names <= coalition)

    expected = dict.fromkeys(channels, 0.0)
    orders = list(permutations(channels))
    for order in orders:
        for i, channel in enumerate(order):
            expected[channel] += (worth(set(order[: i + 1])) - worth(set(order[:i]))) / len(orders)
    assert by_channel(shapley_values(paths_table(rows))) == pytest.approx(expected)


@given(rows=paths)
@settings(max_examples=examples(8), deadline=None)
def test_removal_effects_are_parts_of_one(rows):
    found = removal_effects(chain(paths_table(rows)))
    assert 0 <= found.probability <= 1 + 1e-12
    assert all(-1e-12 <= effect <= 1 + 1e-12 for effect in found.effects.values())
    if any(conversions for _, conversions, _, _ in rows):
        assert sum(found.shares.values()) == pytest.approx(1)
