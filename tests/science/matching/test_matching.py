"""People with known truth are found again, and families stay families."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shuke.science.matching import FIELDS, find_matches, judged, prepared
from shuke.science.matching.finding import components
from shuke.science.simulation.people import PeopleWorld, simulate_people

EMPTY = dict.fromkeys(FIELDS)


@pytest.fixture(scope="module")
def world():
    return simulate_people(PeopleWorld(people=6_000), rng=np.random.default_rng(7))


@pytest.fixture(scope="module")
def matches(world):
    return find_matches(world, threads=2)


def records(*rows):
    filled = [{"record": number, **EMPTY, **row} for number, row in enumerate(rows)]
    return pl.DataFrame(filled, schema={"record": pl.Int64} | dict.fromkeys(FIELDS, pl.String))


def test_nearly_all_are_found_and_hardly_any_wrongly(world, matches):
    quality = judged(matches.persons, world)
    assert quality.precision >= 0.99
    assert quality.recall >= 0.90


def test_pairs_are_ordered_unique_and_say_what_agrees(matches):
    pairs = matches.pairs
    assert pairs.filter(pl.col("left") >= pl.col("right")).is_empty()
    assert pairs.select("left", "right").is_unique().all()
    levels = {level for field in FIELDS for level in pairs[field].unique()}
    assert levels <= {"same", "near", "close", "half", "different", "missing"}
    assert pairs["probability"].is_between(0.8, 1.0).all()


def test_couples_are_not_taken_for_one_person(world, matches):
    """Two people of one phone, address and family name: the guard is what keeps them apart."""
    truth = world.select("record", "person")
    left = truth.rename({"record": "left", "person": "left_person"})
    right = truth.rename({"record": "right", "person": "right_person"})
    known = matches.pairs.join(left, on="left").join(right, on="right")
    couples = known.filter(pl.col("left_person") != pl.col("right_person"), phone="same", address="same")
    assert couples.height > 20
    assert couples["is_sure"].mean() < 0.05


def test_the_same_people_and_seed_give_the_same_answer():
    world = PeopleWorld(people=400)
    one, other = (simulate_people(world, rng=np.random.default_rng(3)) for _ in range(2))
    assert one.equals(other)
    assert one["person"].n_unique() == 400
    assert one.height == 520


@pytest.mark.parametrize(
    "rows",
    [
        (),
        ({"name": "Ann Lee"},),
        ({"name": "Ann Lee"}, {"name": "Bob Ray", "phone": "+8613800138000"}),
        ({}, {}),
    ],
)
def test_nothing_alike_is_no_pair(rows):
    assert find_matches(records(*rows)).pairs.is_empty()


def test_what_many_share_says_nothing():
    rows = prepared(records(*({"phone": "+8613900000001", "name": f"N{i}"} for i in range(9))))
    assert rows["phone"].null_count() == 9
    few = prepared(records(*({"phone": "+8613900000001", "name": f"N{i}"} for i in range(8))))
    assert few["phone"].null_count() == 0


def test_names_are_split_as_their_writing_says():
    rows = prepared(records({"name": "王小明"}, {"name": " Ann  LEE "}, {"name": "王女士"}, {"name": "Cher"}))
    assert rows["family"].to_list() == ["王", "lee", "王", "cher"]
    assert rows["given"].to_list() == ["小明", "ann", None, "cher"]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=15))
def test_components_join_whatever_edges_connect(edges):
    edges = [(a, b) for a, b in edges if a != b]
    found = components([a for a, _ in edges], [b for _, b in edges])
    groups: list[set[int]] = []
    for a, b in edges:
        touching = [group for group in groups if group & {a, b}]
        groups = [group for group in groups if group not in touching] + [set().union({a, b}, *touching)]
    assert found == {node: min(group) for group in groups for node in group}


def test_a_shop_of_one_script_without_birthdays_or_addresses_still_compares_names():
    """What nobody has must not take other fields out of the model with it."""
    people = simulate_people(PeopleWorld(people=3_000), rng=np.random.default_rng(5))
    latin = people.filter(~pl.col("name").str.contains(r"[\u3400-\u9fff]")).drop("birthday", "address")
    found = find_matches(latin, threads=2)
    assert {"same", "near"} <= set(found.pairs["name"].unique())
    assert set(found.pairs["birthday"].unique()) == {"missing"}
    assert judged(found.persons, latin).precision >= 0.99
