"""Due dates judged on held-out purchases: by hand on one member, and on a town whose cycles are known."""

from datetime import date, timedelta

import ibis
import numpy as np
import polars as pl
import pytest

from shuke.science.replenishment import ReplenishmentRule
from shuke.science.replenishment_judging import due_quality, split_day

START = date(2025, 1, 1)


def table_of(rows):
    return ibis.memtable(pl.DataFrame(rows, schema=["member_id", "good", "local_date"], orient="row"))


def town(*, members=500, days=1400, seed=1):
    """Log-normal gaps; each member has a mean of its own around forty days."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(members):
        own, day = rng.normal(3.7, 0.4), rng.uniform(0, 60)
        while day < days:
            rows.append((f"m{number}", "coffee", START + timedelta(days=int(day))))
            day += max(1.0, rng.lognormal(own, 0.5))
    return table_of(rows)


@pytest.mark.parametrize("coverage", [0.5, 0.8])
def test_intervals_hold_what_they_promise_and_beat_the_mean_gap(coverage):
    found = due_quality(
        town(),
        split=START + timedelta(days=800),
        last_day=START + timedelta(days=1399),
        rule=ReplenishmentRule(coverage=coverage),
    )
    assert found.judged > 480
    # Whole days widen the interval by up to one.
    assert coverage - 0.03 <= found.inside <= coverage + 0.08
    assert found.inside + found.early + found.late == pytest.approx(1)
    assert found.error_days < found.naive_error_days


def test_one_member_by_hand():
    """Ten gaps of ten days, then one of 10 and one of 31: only the first held-out gap is judged."""
    steady = [("m", "milk", START + timedelta(days=10 * n)) for n in range(11)]
    others = [(f"o{k}", "milk", START + timedelta(days=(9 + k) * n)) for k in range(4) for n in range(9)]
    split, last = START + timedelta(days=100), START + timedelta(days=180)
    after = [("m", "milk", START + timedelta(days=day)) for day in (110, 120, 151)]
    found = due_quality(table_of(steady + others + after), split=split, last_day=last)
    assert (found.judged, found.closed, found.inside) == (1, 1, 1.0)
    assert found.naive_error_days == pytest.approx(0)
    # Not come again for 70 days, when two weeks were promised: late.
    late = due_quality(table_of(steady + others + after[:1]), split=split, last_day=last)
    assert late is None  # nothing closed, no error to tell
    both = [
        *steady,
        *others,
        *after[:1],
        ("o0", "milk", split + timedelta(days=3)),
        ("o0", "milk", split + timedelta(days=12)),
    ]
    found = due_quality(table_of(both), split=split, last_day=last)
    assert (found.judged, found.closed, found.inside, found.late) == (2, 1, 0.5, 0.5)
    # Ended the day after, nobody knows yet whether m is late.
    soon = due_quality(table_of(both), split=split, last_day=split + timedelta(days=12))
    assert soon.judged == 1


def test_a_quarter_of_the_time_is_held_out():
    assert split_day(date(2025, 1, 1), date(2025, 12, 31)) == date(2025, 10, 1)


def test_the_ends_of_the_interval_belong_to_it():
    """Who bought every seven days is due within six to eight: a gap of eight is in time, and one of nine is not."""
    split, last_day = date(2026, 3, 1), date(2026, 4, 1)
    begun = {"eight": 2, "nine": 2, "six": 2, "five": 2, "waited eight": 23, "waited nine": 22}
    gap = {"eight": 8, "nine": 9, "six": 6, "five": 5}
    rows = [(name, split - timedelta(days=7 * back)) for name in begun for back in range(10)]
    rows += [(name, split + timedelta(days=days)) for name, days in begun.items()]
    rows += [(name, split + timedelta(days=begun[name] + days)) for name, days in gap.items()]
    purchases = ibis.memtable([{"member_id": m, "good": "milk", "local_date": d} for m, d in rows])
    found = due_quality(purchases, split=split, last_day=last_day)
    assert (found.judged, found.closed) == (5, 4)
    assert (found.inside, found.early, found.late) == (2 / 5, 1 / 5, 2 / 5)
