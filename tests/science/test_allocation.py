"""Offers under a budget: never over it, never above the bound, and as good as trying everything."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from shuke.science.allocation import allocated

cells = st.tuples(st.integers(-5, 60), st.integers(0, 40))
tables = st.integers(1, 3).flatmap(
    lambda offers: st.lists(st.lists(cells, min_size=offers, max_size=offers), min_size=1, max_size=5)
)


def split(table):
    array = np.array(table, dtype=float)
    return array[:, :, 0], array[:, :, 1]


@given(table=tables, budget=st.integers(0, 120))
@settings(max_examples=150, deadline=None)
def test_it_fits_the_budget_and_the_bound_is_above_the_best(table, budget):
    values, costs = split(table)
    found = allocated(values=values, costs=costs, budget=budget)
    members, offers = values.shape
    assert found.cost <= budget + 1e-9
    taken = [(i, j) for i, j in enumerate(found.offer) if j >= 0]
    assert found.value == pytest.approx(sum(values[i, j] for i, j in taken))
    best = 0.0
    for choice in product(range(-1, offers), repeat=members):
        picked = [(i, j) for i, j in enumerate(choice) if j >= 0]
        if sum(costs[i, j] for i, j in picked) <= budget:
            best = max(best, sum(values[i, j] for i, j in picked))
    assert found.value <= best + 1e-9 <= found.bound + 1e-6
    # One member's offer is all that a Lagrangian solution can be short of.
    assert found.value >= best - max(values.max(), 0) - 1e-9


def test_the_bound_is_that_of_the_linear_programme():
    rng = np.random.default_rng(2)
    values, costs = rng.gamma(2, 500, (40, 4)), rng.integers(100, 2000, (40, 4)).astype(float)
    budget = 12_000.0
    found = allocated(values=values, costs=costs, budget=budget)
    one_each = np.kron(np.eye(40), np.ones(4))
    relaxed = linprog(
        -values.ravel(),
        A_ub=np.vstack([costs.ravel(), one_each]),
        b_ub=np.append(budget, np.ones(40)),
        bounds=(0, 1),
    )
    assert found.bound == pytest.approx(-relaxed.fun, rel=1e-9)


def test_ten_thousand_members_are_within_a_ten_thousandth():
    rng = np.random.default_rng(1)
    values, costs = rng.gamma(2, 500, (10_000, 5)), rng.integers(100, 2000, (10_000, 5)).astype(float)
    found = allocated(values=values, costs=costs, budget=3_000_000)
    assert found.gap < 1e-4
    assert found.cost <= 3_000_000


def test_an_offer_that_a_member_may_not_get_is_not_given():
    values = np.array([[-np.inf, 3.0], [-np.inf, -np.inf]])
    found = allocated(values=values, costs=np.ones((2, 2)), budget=1)
    assert found.offer.tolist() == [1, -1]


def test_impossible_questions_are_refused():
    with pytest.raises(ValueError, match="negative"):
        allocated(values=np.ones((1, 1)), costs=-np.ones((1, 1)), budget=1)
    with pytest.raises(ValueError, match="one row per member"):
        allocated(values=np.ones((1, 2)), costs=np.ones((1, 1)), budget=1)
