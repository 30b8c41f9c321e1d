"""Groups of members by their baskets, and how places are spread over a range."""

import numpy as np
import polars as pl
import pytest

from shuke.science.recommendations.by_baskets import by_baskets
from shuke.science.recommendations.coverage import lorenz, shown_counts, sums_of, thirds
from shuke.science.recommendations.histories import history_of
from shuke.science.recommendations.splits import last_basket


def split_of(baskets):
    """Members with so many baskets each; one more is asked for."""
    rows = [
        (f"m{member:02}", f"{member}-{number}", "tea", number)
        for member, count in enumerate(baskets)
        for number in range(count + 1)
    ]
    frame = pl.DataFrame(rows, schema=["member", "basket", "item", "time"], orient="row")
    return last_basket(history_of(frame), minimum_count=1, minimum_baskets=2)


def test_groups_are_thirds_and_never_part_members_with_equally_many():
    groups = by_baskets(split_of([2, 3, 4, 5, 6, 7, 8, 9, 10]))
    assert [(g.name, g.least, g.most, int(g.chosen.sum())) for g in groups] == [
        ("few", 2, 4, 3),
        ("some", 5, 7, 3),
        ("many", 8, 10, 3),
    ]
    groups = by_baskets(split_of([3, 3, 3, 3, 3, 3, 9]))
    assert [(g.name, g.least, g.most, int(g.chosen.sum())) for g in groups] == [
        ("few", 3, 3, 6),
        ("many", 9, 9, 1),
    ]
    assert [g.name for g in by_baskets(split_of([4, 4, 4]))] == ["few"]
    assert by_baskets(split_of([0, 0])) == []


def test_places_are_counted_and_their_curve_is_lorenz():
    items = np.array([[0, 1], [0, 2], [0, -1]], dtype=np.int32)
    shown = shown_counts(items, 4)
    assert shown.tolist() == [3, 1, 1, 0]
    # The least shown quarter has nothing, half has a fifth, three quarters two fifths.
    assert lorenz(shown, points=4).tolist() == pytest.approx([0, 0, 0.2, 0.4, 1])
    assert lorenz(np.ones(10), points=5).tolist() == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1])
    assert np.isnan(lorenz(np.zeros(3))).all()


def test_thirds_of_purchases_and_sums_of_codes_with_a_place_for_none():
    assert thirds(np.array([1, 10, 1, 5, 4, 9])).tolist() == [2, 0, 2, 1, 2, 1]
    assert thirds(np.zeros(3, dtype=np.int64)).tolist() == [0, 0, 0]
    assert sums_of(np.array([1, -1, 1, 0]), np.array([1.0, 2, 3, 4]), count=3).tolist() == [4, 4, 0, 2]
