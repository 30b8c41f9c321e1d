"""Many lists at once are the same lists as one by one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shuke.science.recommendations.reranking import Boost, Rules, candidates, rerank
from shuke.science.recommendations.reranking_rows import BITS, Rows, rerank_rows

pytestmark = pytest.mark.once


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    count=st.integers(1, 40),
    places=st.integers(1, 12),
    cap=st.integers(1, 3),
    diversity=st.sampled_from([0.0, 0.05, 0.4]),
    margin=st.sampled_from([0.0, 0.1]),
    new_places=st.integers(0, 5),
)
def test_rows_are_what_rerank_says_of_each(seed, count, places, cap, diversity, margin, new_places):
    rng = np.random.default_rng(seed)
    shape = (4, count)
    item = np.stack([rng.permutation(120)[:count] for _ in range(4)])
    score = np.round(rng.random(shape), 1) + 0.1  # With ties.
    kind, family = rng.integers(-1, 6, shape), rng.integers(-1, 3, shape)
    share = np.where(rng.random(shape) < 0.2, np.nan, rng.random(shape))
    is_new, may = rng.random(shape) < 0.5, rng.random(shape) < 0.8
    boost = Boost("b", 1.5, frozenset({1, 2, 3, 50}), frozenset({2}))
    rules = Rules(
        places=places,
        cap=cap,
        diversity=diversity,
        margin_weight=margin,
        new_places=new_places,
        boosts=(boost,),
    )
    placed = rerank_rows(Rows(item, score, kind, family, share, is_new, may), rules)
    for row in range(4):
        days = np.where(is_new[row], np.nan, 5.0)
        found = candidates(
            item[row], score[row], kind=kind[row], family=family[row], margin=share[row], barred=~may[row],
            days_since=days,
        )  # fmt: skip
        wanted = [
            (place.item, pytest.approx(place.score), {str(reason) for reason in place.moved})
            for place in rerank(found, rules, rng=rng).shown
        ]
        got = [
            (int(item[row, p]), float(placed.score[row, p]),
             {str(r) for r, bit in BITS.items() if placed.moved[row, p] & bit})
            for p in placed.place[row] if p >= 0
        ]  # fmt: skip
        assert got == wanted
