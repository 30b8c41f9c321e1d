"""The choice among hybrids: a larger one must earn its place, and with few members nothing is chosen."""

import numpy as np
import polars as pl
import pytest

from shuke.science.recommendations.choosing import DEFAULT, cheapest_of_equals, chosen_hybrid
from shuke.science.recommendations.histories import History, history_of
from shuke.science.recommendations.splits import Cut

pytestmark = pytest.mark.once


def alternating(members: int, baskets: int = 9) -> History:
    """Each member buys two things in turn and a third always, from pools of their own: what was bought last is not
    what comes next, which only a ranker can learn."""
    rng = np.random.default_rng(3)
    rows = []
    for member in range(members):
        pair, always = rng.choice(20, 2, replace=False), 20 + rng.choice(10, 3, replace=False)
        for number in range(baskets):
            turn = int(pair[(number + member) % 2])
            held = {turn, int(always[rng.integers(3)])}
            rows += [(member, member * 100 + number, item, 17_000 + number * 7 + member % 5) for item in held]
    return history_of(pl.DataFrame(rows, schema=["member", "basket", "item", "time"], orient="row"))


def test_the_cheapest_wins_that_is_as_good_as_the_best():
    rng = np.random.default_rng(0)
    best = rng.random(400)
    noise = rng.normal(0, 0.1, 400)
    noise -= noise.mean()
    much_worse, alike = best - 0.1 + noise, best - 0.001 + noise
    assert cheapest_of_equals([much_worse, alike, best]) == 1
    assert cheapest_of_equals([much_worse, best - 0.05, best]) == 2
    assert cheapest_of_equals([best, best]) == 0


def test_a_ranker_is_chosen_where_order_matters_and_the_last_baskets_are_not_seen():
    history = alternating(120)
    choice = chosen_hybrid(history, rng=np.random.default_rng(0), threads=1)
    assert not choice.is_default
    assert choice.members == 120
    assert list(choice.figures) == ["personal-frequency", "weighted", "stacking", "repeat-ranker", "fusion"]
    assert choice.strategy.name in {"repeat-ranker", "fusion"}
    assert choice.figures[choice.strategy.name] > choice.figures["personal-frequency"] + 0.1


def test_too_few_members_get_the_default():
    choice = chosen_hybrid(alternating(60), rng=np.random.default_rng(0))
    assert choice.is_default
    assert choice.strategy == DEFAULT
    assert choice.figures == {}
    nobody = chosen_hybrid(
        alternating(150, baskets=2), rng=np.random.default_rng(0), cut=Cut(minimum_count=1)
    )
    assert nobody.is_default
    assert nobody.members == 0
