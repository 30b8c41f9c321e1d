from datetime import date, timedelta
from itertools import pairwise
from statistics import median

import ibis
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shuke.science.lifecycle import DEFAULT_RULE, STAGES, LifecycleRule, lifecycle, purchase_cycles, stage
from tests.series import examples

AS_OF = date(2025, 12, 31)

purchases_of_members = st.dictionaries(
    st.sampled_from([f"m{i}" for i in range(8)]),
    st.lists(st.integers(0, 400), min_size=1, max_size=12),
    min_size=1,
)


def bought(days_ago):
    rows = [
        (member, AS_OF - timedelta(days=days)) for member, all_days in days_ago.items() for days in all_days
    ]
    return ibis.memtable(
        {"member_id": [m for m, _ in rows], "local_date": [d for _, d in rows]},
        schema={"member_id": "string", "local_date": "date"},
    )


def stages(days_ago, as_of=AS_OF):
    return {
        row["member_id"]: row for row in lifecycle(bought(days_ago), as_of=as_of).to_pyarrow().to_pylist()
    }


@settings(max_examples=examples(20), deadline=None)
@given(purchases_of_members)
def test_the_cycle_is_the_median_gap_of_shopping_days(days_ago):
    found = {row["member_id"]: row for row in purchase_cycles(bought(days_ago)).to_pyarrow().to_pylist()}
    for member, all_days in days_ago.items():
        days = sorted(set(all_days))
        gaps = [later - earlier for earlier, later in pairwise(days)]
        assert found[member]["purchase_cycle_days"] == (median(gaps) if gaps else None)
        assert (found[member]["shopping_days"], found[member]["gaps"]) == (len(days), len(gaps))


@settings(max_examples=examples(8), deadline=None)
@given(purchases_of_members)
def test_silence_only_ever_moves_a_member_toward_lost(days_ago):
    severity = {"new": 0, "active": 0, "loyal": 0, "at_risk": 1, "lost": 2}
    before = dict.fromkeys(days_ago, 0)
    for later in (0, 10, 30, 90, 400, 4000):
        now = {
            m: severity[r["lifecycle_stage"]]
            for m, r in stages(days_ago, AS_OF + timedelta(days=later)).items()
        }
        assert all(now[member] >= before[member] for member in days_ago)
        before = now


@settings(max_examples=examples(15), deadline=None)
@given(purchases_of_members)
def test_the_expected_cycle_lies_between_own_and_population(days_ago):
    found = stages(days_ago)
    own = [row["purchase_cycle_days"] for row in found.values() if row["purchase_cycle_days"] is not None]
    population = median(own) if own else LifecycleRule().default_cycle_days
    for row in found.values():
        mine = population if row["purchase_cycle_days"] is None else row["purchase_cycle_days"]
        assert min(mine, population) - 1e-9 <= row["expected_cycle_days"] <= max(mine, population) + 1e-9
        assert row["lifecycle_stage"] in STAGES


#: docs/algorithms/lifecycle.md works these members out by hand; the population's cycle is 7 days.
WEEKLY = list(range(3, 300, 7))
WORKED = {
    "weekly": (WEEKLY, "loyal"),
    "weekly_too": ([day + 1 for day in WEEKLY], "loyal"),
    "weekly_silent": ([day + 27 for day in WEEKLY], "at_risk"),
    "weekly_gone": ([day + 58 for day in WEEKLY], "lost"),
    "monthly": (list(range(15, 300, 30)), "active"),
    "monthly_silent": (list(range(80, 350, 30)), "at_risk"),
    "newcomer": ([5, 12], "new"),
    "once_long_ago": ([45], "at_risk"),
    "once_last_year": ([300], "lost"),
}


@pytest.mark.parametrize("member", WORKED)
def test_the_worked_numbers(member):
    found = stages({name: days for name, (days, _) in WORKED.items()})
    assert found[member]["lifecycle_stage"] == WORKED[member][1]


def test_a_newcomers_expected_cycle_is_worked_out_as_the_document_says():
    found = stages({name: days for name, (days, _) in WORKED.items()})
    assert found["newcomer"]["expected_cycle_days"] == pytest.approx((1 * 7 + 3 * 7) / 4)
    assert found["monthly"]["expected_cycle_days"] == pytest.approx((9 * 30 + 3 * 7) / 12)
    assert found["once_long_ago"]["expected_cycle_days"] == pytest.approx(7)


def test_with_nobody_buying_twice_the_default_cycle_stands_in():
    assert stages({"m": [10]})["m"]["expected_cycle_days"] == 30.0


@pytest.mark.parametrize(
    ("silent", "age", "visits", "expected"),
    [
        (60, 200, 5, "at_risk"), (61, 200, 5, "lost"), (30, 200, 5, "active"), (31, 200, 5, "at_risk"),
        (0, 59, 9, "new"), (0, 60, 9, "loyal"), (0, 60, 6, "loyal"), (0, 60, 5, "active"),
    ],
)  # fmt: skip
def test_each_stage_begins_where_the_rule_says(silent, age, visits, expected):
    """Of a cycle of ten days: at risk after thirty, lost after sixty, new for sixty, loyal from six visits on."""
    day = date(2026, 3, 31)
    cycles = ibis.memtable(
        [{"last_day": day - timedelta(days=silent), "first_day": day - timedelta(days=age),
          "shopping_days": visits, "expected_cycle_days": 10.0, "population_cycle_days": 10.0}]
    )  # fmt: skip
    told = cycles.select(stage=stage(cycles, as_of=day, rule=DEFAULT_RULE))
    assert told.to_pyarrow()["stage"].to_pylist() == [expected]
