"""Histories and splits: nothing later is ever seen, numbers stay, odd tables are read or refused."""

from datetime import UTC, date, datetime

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shuke.science.recommendations.histories import DAY, NotAHistory, history_of, moment
from shuke.science.recommendations.splits import last_basket, last_window, rolling, window

SCHEMA = ["member", "basket", "item", "time"]


def table(rows):
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def rows_of(history):
    """What a history holds, by ids."""
    return {
        (
            history.member_ids[history.row_member[r]],
            history.basket_ids[history.row_basket[r]],
            history.item_ids[history.item[r]],
            int(history.basket_time[history.row_basket[r]] // DAY),
        )
        for r in range(history.lines)
    }


ROWS = st.lists(
    st.tuples(st.integers(1, 5), st.integers(1, 12), st.sampled_from("abcdef"), st.integers(0, 20)),
    max_size=60,
)


@given(ROWS, st.integers(0, 22))
@settings(max_examples=80, deadline=None)
def test_a_cut_shows_whole_baskets_that_were_over_and_nothing_else(rows, cut):
    history = history_of(table(rows)) if rows else history_of(table([]).cast({"time": pl.Int64}))
    ends = {}
    for member, basket, _, day in rows:
        ends[member, basket] = max(day, ends.get((member, basket), day))
    everything = {(m, b, i, ends[m, b]) for m, b, i, _ in rows}
    assert rows_of(history) == everything
    assert history.lines == len(everything)
    before = history.before(cut * DAY)
    assert rows_of(before) == {row for row in everything if row[3] < cut}
    assert list(before.member_ids) == list(history.member_ids)
    assert np.all(np.diff(before.basket_member) >= 0)
    same_member = np.diff(before.basket_member) == 0
    assert np.all(np.diff(before.basket_time)[same_member] >= 0)


@given(ROWS)
@settings(max_examples=80, deadline=None)
def test_the_last_basket_is_asked_for_and_not_known(rows):
    if not rows:
        return
    history = history_of(table(rows))
    split = last_basket(history, minimum_count=1, minimum_baskets=2)
    known = rows_of(split.known)
    for place, member in enumerate(split.members):
        name = history.member_ids[member]
        own = [row for row in rows_of(history) if row[0] == name]
        latest = max(day for _, _, _, day in own)
        assert all(row[3] <= latest for row in known if row[0] == name)
        wanted = split.target_items[split.target_rows[place] : split.target_rows[place + 1]]
        baskets = {}
        for _, basket, item, day in own:
            baskets.setdefault((day, basket), set()).add(item)
        bought = baskets[max(baskets)]
        assert {split.known.item_ids[i] for i in wanted} <= bought
        assert len(known & {row for row in own if (row[3], row[1]) == max(baskets)}) == 0


def test_the_rows_order_and_repeats_mean_nothing():
    rows = [
        ("m", "b1", "x", date(2025, 1, 2)),
        ("m", "b1", "y", date(2025, 1, 2)),
        ("n", "b2", "x", date(2025, 1, 3)),
    ]
    one, two = history_of(table(rows)), history_of(table([*reversed(rows), *rows]))
    assert np.array_equal(one.item, two.item)
    assert np.array_equal(one.basket_rows, two.basket_rows)
    assert two.lines == 3


def test_repeated_lines_are_summed():
    frame = table([("m", "b", "x", 1), ("m", "b", "x", 1), ("m", "b", "y", 1)])
    history = history_of(frame.with_columns(quantity=pl.Series([1, 2, 5]), amount=pl.Series([100, 200, 70])))
    assert history.quantity.tolist() == [3, 5]
    assert history.amount.tolist() == [300, 70]
    assert history.counts().toarray().tolist() == [[1, 1]]


def test_arrow_dates_times_and_day_baskets():
    arrow = pa.table(
        {
            "member": ["会员", "会员", "b"],
            "basket": [1, 2, 3],
            "item": ["é", "茶", "茶"],
            "time": [
                datetime(2025, 3, 1, 9, tzinfo=UTC),
                datetime(2025, 3, 1, 18, tzinfo=UTC),
                datetime(2025, 3, 2, 0, 0, tzinfo=UTC),
            ],
            "store": ["s1", "s2", "s1"],
        }
    )
    by_receipt, by_day = history_of(arrow), history_of(arrow, day_baskets=True)
    assert (by_receipt.baskets, by_day.baskets) == (3, 2)
    assert by_receipt.store_ids[by_receipt.basket_store].tolist() == ["s1", "s1", "s2"]
    assert by_receipt.member_ids.tolist() == ["b", "会员"]
    assert by_receipt.as_of(date(2025, 3, 1)).lines == 2
    assert by_receipt.before(moment(datetime(2025, 3, 1, 18, tzinfo=UTC))).lines == 1
    assert by_receipt.item_numbers(["茶", "nothing"]).tolist() == [1, -1]


@pytest.mark.parametrize(
    ("frame", "says"),
    [
        (pl.DataFrame({"member": [1], "basket": [1], "item": [1]}), "'time' is missing"),
        (
            pl.DataFrame({"member": [1], "basket": [1], "item": [None], "time": [1]}),
            "'item' is empty in 1 of 1",
        ),
        (pl.DataFrame({"member": [1], "basket": [1], "item": [1], "time": ["soon"]}), "not a date"),
    ],
)
def test_a_table_that_is_no_history_is_refused(frame, says):
    with pytest.raises(NotAHistory, match=says):
        history_of(frame)


def test_the_vocabulary_is_what_is_known_and_the_rest_is_counted_as_dropped():
    rows = [(1, b, "milk", b) for b in range(4)] + [(1, 3, "caviar", 3), (2, 9, "milk", 0)]
    split = last_basket(history_of(table(rows)), minimum_count=2, minimum_baskets=2)
    assert split.known.item_ids.tolist() == ["milk"]
    assert split.members.tolist() == [0]
    assert split.dropped_share == 0.5
    assert split.at.tolist() == [3 * DAY]


def test_windows_ask_for_what_comes_after_a_day_nobody_has_seen():
    rows = [(m, 100 * m + d, f"i{d % 3}", d) for m in (1, 2) for d in range(0, 30, 1 + m)]
    history = history_of(table(rows))
    split = window(history, start=20 * DAY, days=5, minimum_count=1)
    assert split.known.basket_time.max() < 20 * DAY
    assert set(split.at.tolist()) == {20 * DAY}
    latest, before = rolling(history, times=2, days=5, minimum_count=1)
    assert latest.known.end >= before.known.end
    assert before.known.basket_time.max() < history.end - 10 * DAY
    assert np.array_equal(latest.target_items, last_window(history, days=5, minimum_count=1).target_items)
