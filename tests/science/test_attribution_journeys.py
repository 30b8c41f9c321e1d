"""Journeys against assigning touches by hand, and all methods beside one another."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import ibis
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shuke.science.attribution.comparison import METHODS, compared
from shuke.science.attribution.journeys import journeys
from shuke.science.attribution.touches import paths_table

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
UNTIL = MONDAY + timedelta(days=60)
PATHS = Path(__file__).parents[1] / "data" / "paths.parquet"

worlds = st.dictionaries(
    st.sampled_from(["m1", "m2"]),
    st.tuples(
        st.lists(st.tuples(st.integers(0, 59), st.sampled_from("ab")), min_size=1, max_size=6),
        st.lists(st.integers(0, 59), max_size=4, unique=True),
    ),
    min_size=1,
)


def tables(world):
    touches = [(m, MONDAY + timedelta(days=d), c) for m, (told, _) in world.items() for d, c in told]
    ends = [(m, MONDAY + timedelta(days=d), 100 + d) for m, (_, bought) in world.items() for d in bought]
    at = pl.Datetime("us", "UTC")
    return (
        ibis.memtable(
            pl.DataFrame(touches, {"member_id": pl.Utf8, "at": at, "channel": pl.Utf8}, orient="row")
        ),
        ibis.memtable(
            pl.DataFrame(ends, {"member_id": pl.Utf8, "at": at, "value_minor": pl.Int64}, orient="row")
        ),
    )


def found(world, *, window=7):
    rows = journeys(*tables(world), window_days=window, until=UNTIL).to_pyarrow().to_pylist()
    paths = {}
    for row in sorted(rows, key=lambda r: (r["path_id"], r["position"])):
        path = paths.setdefault(row["path_id"], [[], row["conversions"], row["value_minor"]])
        path[0].append((row["channel"], row["hours_before_end"]))
        assert row["conversions"] + row["nulls"] == 1
    return sorted((tuple(path), won, value) for path, won, value in paths.values())


def by_hand(world, *, window=7):
    paths = {}
    for member, (told, bought) in world.items():
        for day, channel in sorted(told):
            later = [end for end in sorted(bought) if end >= day]
            before = len(bought) - len(later)
            if later and later[0] - day <= window:
                key, end, value = (member, before, True), later[0], 100 + later[0]
            elif 60 - day > window:
                key, end, value = (member, before, False), None, 0
            else:
                continue
            paths.setdefault(key, []).append((day, channel, end, value))
    answer = []
    for (_, _, won), steps in paths.items():
        end = steps[0][2] if won else max(day for day, *_ in steps)
        answer.append((tuple((c, (end - d) * 24.0) for d, c, *_ in steps), int(won), steps[0][3]))
    return sorted(answer)


@given(world=worlds)
@settings(max_examples=12, deadline=None)
def test_each_touch_belongs_to_the_next_conversion_within_the_window(world):
    assert found(world) == by_hand(world)


def test_the_worked_example_of_the_module():
    world = {"m": ([(0, "email"), (2, "web"), (5, "email")], [3, 26])}
    assert found(world) == [
        ((("email", 0.0),), 0, 0),
        ((("email", 72.0), ("web", 24.0)), 1, 103),
    ]


def test_all_methods_give_out_what_there_is_and_agree_where_there_is_one_channel():
    rows = pl.read_parquet(PATHS).select("path", "conversions", "nulls", "value_minor").rows()
    result = compared(paths_table(rows))
    assert set(result.conversions) == set(METHODS)
    for method in METHODS:
        assert sum(result.conversions[method].values()) == pytest.approx(result.total)
        assert sum(result.values[method].values()) == pytest.approx(result.total_minor)
    # The published effects of the same data, as everywhere.
    assert result.probability == pytest.approx(0.22384514, abs=5e-9)
    assert result.effects["alpha"] == pytest.approx(0.558399, abs=5e-7)
    one = compared(paths_table([("mail > mail", 2, 1, 50), ("mail", 1, 0, 20)]))
    assert {method: one.conversions[method]["mail"] for method in METHODS} == pytest.approx(
        dict.fromkeys(METHODS, 3.0)
    )
    assert (one.paths, one.total, one.total_minor) == (4, 3.0, 70.0)
    with pytest.raises(ValueError, match="no path"):
        compared(journeys(*tables({"m": ([(59, "a")], [])}), window_days=7, until=UNTIL))
