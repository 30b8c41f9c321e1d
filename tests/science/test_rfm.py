from datetime import date, timedelta
from itertools import pairwise

import ibis
from hypothesis import given, settings
from hypothesis import strategies as st

from shuke.science.rfm import SEGMENT_GRID, SEGMENTS, rfm_measures, rfm_scores, rfm_thresholds, window_start
from tests.series import examples

AS_OF = date(2025, 12, 31)

orders = st.lists(
    st.tuples(st.integers(0, 20), st.integers(0, 500), st.integers(-50, 10_000)), min_size=1, max_size=80
)


def bought(rows):
    return ibis.memtable(
        {
            "member_id": [f"m{member}" for member, _, _ in rows],
            "local_date": [AS_OF - timedelta(days=days) for _, days, _ in rows],
            "net_minor": [money for _, _, money in rows],
        },
        schema={"member_id": "string", "local_date": "date", "net_minor": "int64"},
    )


def scored(rows):
    measures = rfm_measures(bought(rows), as_of=AS_OF, window_days=365)
    joined = measures.join(rfm_scores(measures), "member_id")
    return joined.to_pyarrow().to_pylist()


@settings(max_examples=examples(20), deadline=None)
@given(orders)
def test_scores_are_monotone_and_equal_for_equal_values(rows):
    members = [row for row in scored(rows) if row["recency_score"] is not None]
    for value, score, sign in (
        ("recency_days", "recency_score", -1),
        ("frequency", "frequency_score", 1),
        ("monetary_minor", "monetary_score", 1),
    ):
        by_value = sorted((sign * row[value], row[score]) for row in members)
        assert all(1 <= s <= 5 for _, s in by_value)
        assert all(left[1] <= right[1] for left, right in pairwise(by_value))
        assert len({v for v, _ in by_value}) == len(set(by_value))


@settings(max_examples=examples(12), deadline=None)
@given(orders, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(rows, random):
    shuffled = random.sample(rows, len(rows))
    key = lambda row: row["member_id"]  # noqa: E731
    assert sorted(scored(rows), key=key) == sorted(scored(shuffled), key=key)


def test_the_stated_tie_rule_with_worked_numbers():
    """Ten members: six bought once, one each two to five times; places 0, 6, 7, 8, 9 of 10."""
    counts = [1] * 6 + [2, 3, 4, 5]
    rows = [(member, 10, 100) for member, count in enumerate(counts) for _ in range(count)]
    found = {row["member_id"]: row for row in scored(rows)}
    assert [found[f"m{i}"]["frequency_score"] for i in range(10)] == [1] * 6 + [4, 4, 5, 5]
    assert {row["recency_score"] for row in found.values()} == {5}


def test_who_bought_only_before_the_window_is_lost_without_scores():
    rows = [(1, 364, 100), (2, 365, 100)]
    found = {row["member_id"]: row for row in scored(rows)}
    assert (found["m1"]["frequency"], found["m1"]["recency_score"]) == (1, 5)
    assert (found["m2"]["frequency"], found["m2"]["monetary_minor"], found["m2"]["spend_total_minor"]) == (
        0,
        0,
        100,
    )
    assert (found["m2"]["recency_score"], found["m2"]["rfm_segment"]) == (None, "lost")
    assert window_start(AS_OF, window_days=1) == AS_OF


def test_every_cell_of_the_grid_names_a_segment_and_every_segment_has_a_cell():
    assert {name for row in SEGMENT_GRID.values() for name in row} == set(SEGMENTS)
    assert all(len(row) == 5 for row in SEGMENT_GRID.values())


def test_thresholds_cover_everybody_without_overlap():
    rows = [(member, member * 3, member * 50 + 1) for member in range(60)]
    found = rfm_thresholds(ibis.memtable(pa_table(scored(rows)))).to_pyarrow().to_pylist()
    for measure in ("recency", "frequency", "monetary"):
        borders = sorted((row for row in found if row["measure"] == measure), key=lambda row: row["lowest"])
        assert sum(row["members"] for row in borders) == 60
        assert all(a["highest"] < b["lowest"] for a, b in pairwise(borders))


def pa_table(rows):
    import pyarrow as pa

    return pa.Table.from_pylist(rows)
