"""Own borders beside fifths, rules in their order, and scores that explain themselves later."""

import json
from itertools import product

import ibis
import pytest
from hypothesis import given, settings

from shuke.science.rfm import SEGMENT_GRID, rfm_measures, rfm_scores, rfm_thresholds
from shuke.science.rfm_scheme import DEFAULT_RULES, RfmScheme, SegmentName, SegmentRule, scheme_of
from tests.science.test_rfm import AS_OF, bought, orders

OWN = RfmScheme("thresholds", (7, 30, 90, 180), (2, 4, 8, 12), (100, 300, 600, 1000))


def scored(rows, scheme):
    measures = rfm_measures(bought(rows), as_of=AS_OF, window_days=365)
    return measures.join(rfm_scores(measures, scheme=scheme), "member_id").to_pyarrow()


def scores(row):
    return (row["recency_score"], row["frequency_score"], row["monetary_score"], row["rfm_segment"])


@settings(max_examples=30, deadline=None)
@given(orders)
def test_the_borders_of_a_build_explain_every_score_of_it(rows):
    """Also where fifths are torn by ties, and where a score was given to nobody."""
    built = scored(rows, RfmScheme())
    borders = rfm_thresholds(ibis.memtable(built)).to_pyarrow().to_pylist()
    kept = scheme_of(json.loads(json.dumps(RfmScheme().with_found(borders).as_data())))
    again = {row["member_id"]: row for row in scored(rows, kept.fixed()).to_pylist()}
    for row in built.to_pylist():
        assert scores(again[row["member_id"]]) == scores(row)
        why = kept.explain(
            recency_days=row["recency_days"], frequency=row["frequency"], monetary_minor=row["monetary_minor"]
        )
        assert (why.recency_score, why.frequency_score, why.monetary_score, why.segment) == scores(row)


@settings(max_examples=30, deadline=None)
@given(orders)
def test_own_borders_judge_a_member_whoever_else_there_is(rows):
    together = {row["member_id"]: scores(row) for row in scored(rows, OWN).to_pylist()}
    member = rows[0][0]
    alone = scored([row for row in rows if row[0] == member], OWN).to_pylist()
    assert [scores(row) for row in alone] == [together[f"m{member}"]]


@pytest.mark.parametrize(
    ("days", "count", "money", "expected"),
    [
        (7, 12, 100_000, (5, 5, 5, "champions", 1)),
        (8, 11, 99_900, (4, 4, 4, "loyal", 3)),
        (8, 11, 100_000, (4, 4, 5, "champions", 2)),  # The mean of 4 and 5 is rounded up.
        (30, 1, 0, (4, 1, 1, "promising", 7)),
        (31, 2, 10_000, (3, 2, 2, "about_to_sleep", 9)),
        (181, 12, 100_000, (1, 5, 5, "cannot_lose", 10)),
        (181, 1, 0, (1, 1, 1, "lost", 15)),
        (400, 0, 0, (None, None, None, "lost", None)),
    ],
)
def test_the_worked_numbers(days, count, money, expected):
    scheme = RfmScheme("thresholds", (7, 30, 90, 180), (2, 4, 8, 12), (100_00, 300_00, 600_00, 1_000_00))
    why = scheme.explain(recency_days=days, frequency=count, monetary_minor=money)
    assert (why.recency_score, why.frequency_score, why.monetary_score, why.segment, why.rule) == expected


def test_the_rules_are_the_table_of_the_documentation():
    assert SEGMENT_GRID == {
        5: ("new", "potential_loyalists", "potential_loyalists", "champions", "champions"),
        4: ("promising", "potential_loyalists", "loyal", "loyal", "champions"),
        3: ("about_to_sleep", "about_to_sleep", "need_attention", "loyal", "loyal"),
        2: ("hibernating", "hibernating", "at_risk", "at_risk", "cannot_lose"),
        1: ("lost", "hibernating", "at_risk", "cannot_lose", "cannot_lose"),
    }


def test_the_first_rule_that_holds_decides_in_the_engine_as_in_python():
    rules = (
        SegmentRule("big", monetary=(4, 5), frequency=(1, 2)),
        SegmentRule("fresh", recency=(4, 5)),
        SegmentRule("big", monetary=(5, 5)),
        SegmentRule("rest"),
    )
    scheme = RfmScheme(
        "thresholds", (1, 2, 3, 4), (2, 3, 4, 5), (20, 30, 40, 50), rules=rules, outside="gone"
    )
    every = [
        {"member_id": str(number), "recency_days": days, "frequency": count, "monetary_minor": money * 10}
        for number, (days, count, money) in enumerate(product(range(1, 6), repeat=3))
    ]
    found = rfm_scores(ibis.memtable(every), scheme=scheme).to_pyarrow().to_pylist()
    segments = {row["member_id"]: row["rfm_segment"] for row in found}
    for row in every:
        measures = {name: value for name, value in row.items() if name != "member_id"}
        assert segments[row["member_id"]] == scheme.explain(**measures).segment
    assert set(segments.values()) == {"big", "fresh", "rest"}
    assert scheme.segments == ("big", "fresh", "rest", "gone")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"method": "thresholds"}, "4 borders"),
        ({"frequency": (1, 2, 3)}, "4 borders"),
        ({"recency_days": (7, 6, 90, 180)}, "at least the one before"),
        ({"rules": DEFAULT_RULES[:-1]}, "No rule names the scores \\(1, 1, 1\\)"),
    ],
)
def test_a_scheme_that_makes_no_sense_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        RfmScheme(**changes)


def test_a_scheme_without_borders_explains_nothing():
    with pytest.raises(ValueError, match="never found"):
        RfmScheme().explain(recency_days=1, frequency=1, monetary_minor=1)
    with pytest.raises(ValueError, match="between 1 and 5"):
        SegmentRule("x", recency=(3, 2))


def test_what_a_rule_decides_counts_every_score_once_and_contradictions_are_told():
    assert [one.scores > 0 for one in RfmScheme().decided()] == [True] * len(DEFAULT_RULES)
    never = SegmentRule("never", combined=(5, 5), frequency=(1, 2))
    scheme = RfmScheme(
        rules=(
            never,
            SegmentRule("best", recency=(5, 5)),
            SegmentRule("best", recency=(4, 5)),
            SegmentRule("rest"),
        )
    )
    told = scheme.decided()
    assert [(one.scores, one.taken_by) for one in told] == [(0, ()), (25, ()), (25, (2,)), (75, (2, 3))]
    assert sum(one.scores for one in told) == 125
    assert (scheme.rest, len(scheme.told_rules)) == ("rest", 3)


def test_a_scheme_with_names_is_kept_whole_and_one_from_before_names_is_still_read():
    scheme = RfmScheme(names=(SegmentName("lost", "Gone", "已流失"),))
    data = json.loads(json.dumps(scheme.as_data()))
    assert scheme_of(data) == scheme
    del data["names"]
    assert scheme_of(data) == RfmScheme()
