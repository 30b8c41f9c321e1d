"""Rules of the house: what is filtered never appears, the same question has the same answer, money has its bounds."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shuke.science.recommendations.reranking import (
    MARGIN_BOUND,
    Boost,
    Candidates,
    Reason,
    Rules,
    candidates,
    costs_of_boosts,
    filtered,
    rerank,
)

pytestmark = pytest.mark.once


def drawn(seed: int, count: int) -> Candidates:
    rng = np.random.default_rng(seed)
    bought = rng.random(count) < 0.6
    return candidates(
        rng.permutation(1000)[:count],
        rng.choice([0.01, 0.2, 0.2, 0.5], count),
        kind=rng.integers(-1, 6, count),
        family=rng.integers(-1, 3, count),
        margin=np.where(rng.random(count) < 0.2, np.nan, rng.uniform(-0.1, 0.6, count)),
        in_stock=rng.random(count) < 0.8,
        in_store=rng.random(count) < 0.9,
        minimum_age=rng.choice([0, 0, 0, 18], count),
        barred=rng.random(count) < 0.1,
        in_basket=rng.random(count) < 0.1,
        cycle=np.where(bought, rng.uniform(2, 60, count), np.nan),
        days_since=np.where(bought, rng.uniform(0, 60, count), np.nan),
    )


RULES = st.builds(
    Rules,
    places=st.integers(1, 25),
    age=st.sampled_from([None, 12, 40]),
    margin_weight=st.sampled_from([0.0, 0.05, 5.0]),
    boosts=st.sampled_from(
        [(), (Boost("ours", 3.0, kinds=frozenset({1})), Boost("new", 9.0, items=frozenset(range(200))))]
    ),
    cap=st.integers(1, 4),
    diversity=st.sampled_from([0.0, 0.1, 0.9]),
    new_places=st.integers(0, 8),
    explore=st.sampled_from([0.0, 0.3, 1.0]),
)
CASES = {"seed": st.integers(0, 10_000), "count": st.integers(0, 40), "rules": RULES}


def may_not_be_shown(found: Candidates, place: int, rules: Rules) -> bool:
    """The filters once more, said in another way."""
    age = rules.age or 0
    lately = (
        found.cycle[place] >= rules.long_cycle and found.days_since[place] < found.cycle[place] * rules.rest
    )
    return bool(
        not found.in_stock[place]
        or not found.in_store[place]
        or found.minimum_age[place] > age
        or found.barred[place]
        or found.in_basket[place]
        or lately
    )


@given(**CASES)
@settings(max_examples=80, deadline=None)
def test_nothing_filtered_appears_and_everything_has_a_reason(seed, count, rules):
    found = drawn(seed, count)
    ranked = rerank(found, rules, rng=np.random.default_rng(seed))
    barred = {int(found.item[place]) for place in range(count) if may_not_be_shown(found, place, rules)}
    assert set(ranked.dropped) == barred
    assert not barred & set(ranked.items)
    assert len(ranked.items) == len(set(ranked.items)) == min(rules.places, count - len(barred))


@given(**CASES)
@settings(max_examples=40, deadline=None)
def test_the_same_question_has_the_same_answer_whatever_the_order_of_candidates(seed, count, rules):
    found = drawn(seed, count)
    mixed = np.random.default_rng(seed + 1).permutation(count)
    other = Candidates(**{name: getattr(found, name)[mixed] for name in found.__dataclass_fields__})
    first = rerank(found, rules, rng=np.random.default_rng(seed))
    assert first.shown == rerank(found, rules, rng=np.random.default_rng(seed)).shown
    calm = replace(rules, explore=0.0)
    assert (
        rerank(found, calm, rng=np.random.default_rng(1)).items
        == rerank(other, calm, rng=np.random.default_rng(2)).items
    )


@given(**CASES)
@settings(max_examples=40, deadline=None)
def test_margin_is_bounded_and_never_changes_what_may_be_shown(seed, count, rules):
    found = drawn(seed, count)
    free = replace(rules, margin_weight=0.0, boosts=())
    assert filtered(found, rules).keys() == filtered(found, free).keys()
    ranked = rerank(found, replace(rules, boosts=()), rng=np.random.default_rng(seed))
    score = dict(zip(found.item.tolist(), found.score.tolist(), strict=True))
    for place in ranked.shown:
        assert place.score == pytest.approx(score[place.item], rel=MARGIN_BOUND + 1e-9)
        assert (place.score != score[place.item]) <= (Reason.MARGIN in place.moved)


def test_a_cap_holds_while_other_kinds_are_left():
    found = candidates(np.arange(30), np.linspace(1, 0.1, 30), kind=np.arange(30) // 6)
    ranked = rerank(found, Rules(places=10, cap=2, diversity=0.0), rng=np.random.default_rng(0))
    assert ranked.items == [0, 1, 6, 7, 12, 13, 18, 19, 24, 25]
    assert [Reason.CAP in place.moved for place in ranked.shown] == [False, False] + [True] * 8
    everything = rerank(found, Rules(places=30, cap=2, diversity=0.0), rng=np.random.default_rng(0))
    assert sorted(everything.items) == list(range(30))


def test_diversity_takes_what_is_unlike_before_what_is_a_little_better():
    found = candidates(
        np.arange(4),
        np.array([1.0, 0.95, 0.9, 0.2]),
        kind=np.array([1, 1, 2, 3]),
        family=np.array([5, 5, 6, 7]),
    )
    assert rerank(found, Rules(diversity=0.0), rng=np.random.default_rng(0)).items == [0, 1, 2, 3]
    spread = rerank(found, Rules(diversity=0.1), rng=np.random.default_rng(0))
    assert spread.items == [0, 2, 1, 3]
    assert spread.shown[1].moved == (Reason.DIVERSITY,)


def test_new_places_are_kept_and_a_boost_tells_its_cost():
    since = np.where(np.arange(10) < 8, 3.0, np.nan)
    found = candidates(np.arange(10), np.linspace(1, 0.1, 10), days_since=since)
    ranked = rerank(found, Rules(places=5, new_places=2), rng=np.random.default_rng(0))
    assert ranked.items == [0, 1, 2, 8, 9]
    assert [place.moved for place in ranked.shown[3:]] == [(Reason.NOVELTY,)] * 2
    boosts = (Boost("last", 100.0, items=frozenset({9})), Boost("nothing", 2.0, items=frozenset({0})))
    last, nothing = costs_of_boosts(found, Rules(places=5, boosts=boosts))
    gains = 1 / np.log2(np.arange(2, 7))
    plain, boosted = found.score[:5] @ gains, found.score[[9, 0, 1, 2, 3]] @ gains
    assert last.relevance == pytest.approx(1 - boosted / plain)
    assert (last.places, nothing.relevance, nothing.places) == (5, 0.0, 0)


def test_exploration_is_even_and_says_its_chance():
    found = candidates(np.arange(6), np.linspace(1, 0.5, 6))
    rng = np.random.default_rng(0)
    rules = Rules(places=3, explore=0.4)
    last = Counter()
    for _ in range(1500):
        place = rerank(found, rules, rng=rng).shown[-1]
        last[place.item] += 1
        explored = Reason.EXPLORATION in place.moved
        assert place.propensity == pytest.approx(0.4 / 3 if explored else 0.6)
    assert last[2] / 1500 == pytest.approx(0.6, abs=0.04)
    assert [last[i] / 1500 for i in (3, 4, 5)] == pytest.approx([0.4 / 3] * 3, abs=0.03)
