"""What a bundle counts: against loops that anybody can read."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy import sparse

from shuke.science.recommendations.bundle_parts import (
    offered,
    popular_of,
    purchases_of,
    rows_of,
    similar_items,
    usual_stores,
)
from shuke.science.recommendations.histories import History, history_of
from shuke.science.recommendations.strategies import Lists, tie_order


@pytest.fixture
def history() -> History:
    rng = np.random.default_rng(5)
    rows = [
        (
            f"m{member}",
            f"{member}-{basket}",
            f"i{int(item):02}",
            20_000 + 3 * basket + member,
            f"s{basket % 2}",
        )
        for member in range(12)
        for basket in range(int(rng.integers(1, 9)))
        for item in rng.choice(25, 4, replace=False)
    ]
    return history_of(pl.DataFrame(rows, schema=["member", "basket", "item", "time", "store"], orient="row"))


def test_purchases_say_how_often_when_last_and_in_which_rhythm(history: History) -> None:
    found = purchases_of(history)
    assert found.rows[-1] == len(found.item) == len(found.count)
    for member in range(history.members):
        rows = slice(found.rows[member], found.rows[member + 1])
        days: dict[int, list[int]] = {}
        for basket in range(history.member_baskets[member], history.member_baskets[member + 1]):
            for item in history.item[history.basket_rows[basket] : history.basket_rows[basket + 1]]:
                days.setdefault(int(item), []).append(int(history.basket_day[basket]))
        assert list(found.item[rows]) == sorted(days)
        for place, item in enumerate(sorted(days), start=rows.start):
            gaps = np.diff(days[item])
            assert found.count[place] == len(days[item])
            assert found.last_day[place] == max(days[item])
            assert np.isnan(found.gap[place]) == (len(gaps) < 1)
            if len(gaps):
                assert found.gap[place] == pytest.approx(gaps.mean())
            if len(gaps) > 1 and gaps.mean() > 0:
                assert found.spread[place] == pytest.approx(gaps.std() / gaps.mean(), abs=1e-5)


def test_nothing_bought_is_no_purchases() -> None:
    empty = history_of(
        pl.DataFrame(schema={"member": pl.String, "basket": pl.String, "item": pl.String, "time": pl.Int64})
    )
    assert list(purchases_of(empty).rows) == [0]
    assert len(similar_items(empty, sparse.csr_matrix((0, 1)), depth=3).items) == 0


def test_popularity_is_the_share_of_baskets_there(history: History) -> None:
    segment = np.array([0] * 6 + [1] * 5 + [-1], dtype=np.int32)
    found = popular_of(history, segment=segment, segment_names=np.array(["often", "seldom"]), depth=5)
    assert set(found) >= {"all"}
    recent = history.keeping(history.basket_time >= history.end - 28 * 86_400_000_000)
    first = int(found["all"].items[0, 0])
    assert found["all"].scores[0, 0] == pytest.approx((recent.item == first).sum() / recent.baskets)
    assert (np.diff(found["all"].scores[0]) <= 0).all()


def test_groups_of_few_baskets_say_nothing_of_their_own(history: History) -> None:
    found = popular_of(
        history,
        segment=np.zeros(history.members, dtype=np.int32),
        segment_names=np.array(["all of them"]),
        depth=5,
    )
    baskets = np.bincount(history.basket_store, minlength=2)
    assert {key for key in found if key.startswith("store:")} == {
        f"store:s{store}" for store in range(2) if baskets[store] >= 20
    }
    assert list(found["segment:all of them"].items[0]) == list(found["all"].items[0])


def test_the_usual_store_is_the_one_visited_most(history: History) -> None:
    usual = usual_stores(history)
    for member in range(history.members):
        own = history.basket_store[history.basket_member == member]
        counts = np.bincount(own, minlength=2)
        assert usual[member] == counts.argmax()


def test_similar_items_are_alike_by_content_and_by_buyers(history: History) -> None:
    kinds = sparse.csr_matrix(np.eye(5)[np.arange(history.items) % 5])
    by_content = similar_items(history, kinds, depth=4, content=1.0)
    for item in range(history.items):
        listed = by_content.items[item][by_content.items[item] >= 0]
        assert item not in listed
        assert (listed % 5 == item % 5).all()
    by_buyers = similar_items(history, kinds, depth=4, content=0.0)
    assert not np.array_equal(by_buyers.items, by_content.items)


def test_rows_are_ordered_by_value_then_by_the_tie_rule(history: History) -> None:
    matrix = sparse.csr_matrix(np.array([[0.5, 0.5, 0.9, -1.0], [0.0, 0.0, 0.0, 0.0]]))
    ties = np.array([3, 1, 0, 2], dtype=np.uint32)
    found = rows_of(matrix, ties, depth=3)
    assert found.items.tolist() == [[2, 1, 0], [-1, -1, -1]]
    assert np.isneginf(found.scores[1]).all()
    assert len(tie_order(history)) == history.items


def test_a_place_that_says_nothing_is_empty() -> None:
    lists = Lists(np.array([[4, 5, 6]], dtype=np.int32), np.array([[0.2, 1e-9, -np.inf]], dtype=np.float32))
    assert offered(lists, above=1e-9).items.tolist() == [[4, -1, -1]]
