"""Lists are exact, follow the tie rule, and do not depend on threads or chunks."""

from dataclasses import dataclass

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shuke.science.recommendations.histories import history_of
from shuke.science.recommendations.strategies import best, tie_order, top, top_and_new


@dataclass
class Fixed:
    """Scores that are given."""

    table: np.ndarray

    def scores(self, members, at):
        return self.table[members].copy()


FEW = st.lists(st.sampled_from([-1.5, -0.0, 0.0, 0.25, 1.0, 1e-30, float("-inf")]), min_size=6, max_size=6)


@given(st.lists(FEW, min_size=1, max_size=6), st.integers(1, 8), st.permutations(range(6)))
@settings(max_examples=150, deadline=None)
def test_the_best_are_those_of_a_full_sort_by_the_tie_rule(rows, n, ties):
    scores, places = np.array(rows, dtype=np.float32), np.array(ties, dtype=np.uint32)
    lists = best(scores, places, n=n)
    for row, items in zip(scores, lists.items, strict=True):
        wanted = sorted((i for i in range(6) if row[i] > -np.inf), key=lambda i: (-row[i], places[i]))[:n]
        assert items.tolist() == wanted + [-1] * (n - len(wanted))


@pytest.mark.parametrize("levels", [1, 2, 40])
@pytest.mark.parametrize("edge", [0.0, float("-inf")])
def test_a_crowd_at_the_last_place_is_put_in_the_order_of_ties(levels, edge):
    rng = np.random.default_rng(levels)
    scores = rng.integers(1, levels + 1, (5, 400)).astype(np.float32)
    scores[:, rng.permutation(400)[7:]] = edge
    scores[4] = edge
    places = rng.permutation(400).astype(np.uint32)
    lists = best(scores, places, n=10)
    for row, items in zip(scores, lists.items, strict=True):
        order = sorted(range(400), key=lambda i: (-row[i], places[i]))[:10]
        assert items.tolist() == [i if row[i] > -np.inf else -1 for i in order]


def test_recent_popularity_then_the_id_breaks_ties():
    rows = [("m", 1, "a", 0), ("m", 2, "a", 1), ("m", 3, "c", 100), ("n", 4, "c", 100), ("n", 4, "b", 100)]
    rows += [("n", 5, "d", 100)]
    history = history_of(pl.DataFrame(rows, schema=["member", "basket", "item", "time"], orient="row"))
    names = history.item_ids[np.argsort(tie_order(history))]
    assert names.tolist() == ["c", "b", "d", "a"]


def test_threads_chunks_and_what_was_bought():
    rng = np.random.default_rng(3)
    rows = [
        (int(m), int(b), int(i), int(b)) for b in range(60) for m in [b % 9] for i in rng.integers(0, 30, 5)
    ]
    history = history_of(pl.DataFrame(rows, schema=["member", "basket", "item", "time"], orient="row"))
    model = Fixed(rng.integers(0, 4, (history.members, history.items)).astype(np.float32))
    members = np.arange(history.members)
    at = np.full(len(members), history.end)
    one = top(model, history, members, at=at, n=7)
    two = top(model, history, members, at=at, n=7, threads=3, chunk=2)
    assert np.array_equal(one.items, two.items)
    new = top(model, history, members, at=at, n=30, leave_out=history)
    own = history.counts().toarray() > 0
    for member in members:
        listed = set(new.items[member][new.items[member] >= 0].tolist())
        assert listed == set(np.flatnonzero(~own[member]).tolist())
    for threads, chunk in ((1, 128), (2, 4)):
        both = top_and_new(model, history, members, at=at, n=7, threads=threads, chunk=chunk)
        assert np.array_equal(both[0].items, one.items)
        assert np.array_equal(both[1].items, new.items[:, :7])
        assert np.array_equal(both[1].scores, new.scores[:, :7])
