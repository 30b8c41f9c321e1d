"""Funnels against trying every chain by hand."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise, product

import ibis
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shuke.science.funnels import funnel, funnel_members
from tests.series import examples

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOUR = 3600

histories = st.dictionaries(
    st.sampled_from(["m1", "m2"]),
    st.lists(st.tuples(st.integers(0, 12), st.integers(1, 3)), min_size=1, max_size=7),
    min_size=1,
)


def table_of(world):
    rows = [
        (member, step, START + timedelta(hours=hour)) for member, done in world.items() for hour, step in done
    ]
    return ibis.memtable(pl.DataFrame(rows, schema=["member_id", "step", "at"], orient="row"))


def reached(world, *, order, window):
    table = funnel_members(table_of(world), count=3, window_seconds=window * HOUR, order=order)
    return {row["member_id"]: row["reached"] for row in table.to_pyarrow().to_pylist()}


def by_hand(done, *, order, window):
    done = sorted(done)
    best = 0
    if order == "any":
        for end, _ in done:
            best = max(best, len({step for hour, step in done if end - window <= hour <= end}))
        return best
    for length in (1, 2, 3):
        for places in product(range(len(done)), repeat=length):
            rising = all(a < b for a, b in pairwise(places))
            right = [done[place][1] for place in places] == list(range(1, length + 1))
            near = rising and done[places[-1]][0] - done[places[0]][0] <= window
            beside = order != "strict" or list(places) == list(range(places[0], places[0] + length))
            if rising and right and near and beside:
                best = max(best, length)
    return best


@pytest.mark.parametrize("order", ["ordered", "strict", "any"])
@given(world=histories, window=st.integers(0, 8))
@settings(max_examples=examples(25), deadline=None)
def test_everybody_comes_as_far_as_by_hand(order, world, window):
    expected = {member: by_hand(done, order=order, window=window) for member, done in world.items()}
    assert reached(world, order=order, window=window) == {m: n for m, n in expected.items() if n}


def test_a_later_start_may_be_the_better_one():
    """The worked example of the module: 09:00 is too early, 20:00 is not."""
    world = {"m": [(0, 1), (11, 1), (25, 2), (27, 3)]}
    assert reached(world, order="ordered", window=24) == {"m": 3}
    assert reached(world, order="ordered", window=12) == {"m": 1}


def test_the_table_counts_by_segment():
    members = ibis.memtable(
        {"member_id": list("abcd"), "reached": [1, 3, 2, 3], "tier": ["x", "x", "y", "y"]}
    )
    rows = {(r["tier"], r["step"]): r for r in funnel(members, count=3, by="tier").to_pyarrow().to_pylist()}
    assert [rows["x", step]["members"] for step in (1, 2, 3)] == [2, 1, 1]
    assert (rows["y", 3]["of_first"], rows["y", 3]["of_previous"]) == (0.5, 0.5)
    everybody = {r["step"]: r["members"] for r in funnel(members, count=3).to_pyarrow().to_pylist()}
    assert everybody == {1: 4, 2: 3, 3: 2}
