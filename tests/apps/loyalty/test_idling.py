"""How fast points end that end with inactivity, and what that says of open ones."""

import re
from collections import Counter
from datetime import UTC, date, datetime
from fractions import Fraction
from pathlib import Path

import pytest

from shuke.apps.loyalty.models import PointsTransaction
from shuke.apps.loyalty.queries.finance.estimating import estimate
from shuke.apps.loyalty.rules.activity import KINDS, is_activity
from shuke.apps.loyalty.rules.finance import Cohort, Idling, idling, next_month

# Nothing here asks a database.
pytestmark = pytest.mark.once

FIRST, LONG = date(2025, 1, 1), 120


def cohort(place: int, *, gone: dict[int, dict[str, int]], issued: int = 1000) -> Cohort:
    """Points of a month; what did not go is open and has no end of its own."""
    counted = {age: Counter(what) for age, what in gone.items()}
    left = issued - sum(sum(what.values()) for what in counted.values())
    return Cohort(next_month(FIRST, by=place), issued, counted, Counter({None: left}))


def test_the_table_of_the_document():
    idle = Idling(life=6, exposure=10_000, expired=500, months=12)
    assert (idle.rate, idle.wait) == (Fraction(1, 20), 20)
    assert [idle.last_age(age, longest=LONG) for age in (2, 6, 10, 110)] == [26, 26, 30, 120]
    # Prudent where nothing is known: no month yet, too few months, nothing that ever ended.
    for unknown in (Idling(6), Idling(6, 900, 9, months=3), Idling(6, 900, 0, months=12)):
        assert (unknown.rate, unknown.last_age(2, longest=LONG)) == (None, LONG)


def test_only_points_that_could_end_are_counted_over_twelve_complete_months():
    first = cohort(0, gone={0: {"spent": 100}, 3: {"expired": 90}, 4: {"expired": 81, "spent": 9}})
    young = cohort(2, gone={0: {"expired": 500}})  # a gift with a short life of its own
    found = idling([first, young], life=3, through=next_month(FIRST, by=5))
    # January: 900 in April, 810 in May, 720 in June; March: its 500 in June.
    assert (found.exposure, found.expired, found.months) == (900 + 810 + 720 + 500, 90 + 81, 3)
    later = idling([first], life=3, through=next_month(FIRST, by=16))
    assert (later.exposure, later.expired, later.months) == (720 * 12, 0, 12)


def test_open_points_are_carried_on_to_their_expected_end_not_for_ten_years():
    """A programme whose redemption does not slow down: half of what is open ends with inactivity first."""
    cohorts = []
    for place in range(12):
        left, gone = 100_000, {}
        for age in range(12 - place):
            used, ended = left // 25, left // 10 if age >= 3 else 0
            gone[age] = {"spent": used, "expired": ended}
            left -= used + ended
        cohorts.append(cohort(place, gone=gone, issued=100_000))
    at = datetime(2026, 1, 1, 4, tzinfo=UTC)
    long = estimate(cohorts, at=at, time_zone="UTC")
    told = estimate(cohorts, at=at, time_zone="UTC", idle_life=3)
    assert told.idling is not None
    assert told.idling.wait == 11  # a little less than a tenth a month, rounding down
    assert long.redemption is not None
    assert told.redemption is not None
    assert told.redemption.future < long.redemption.future
    assert told.contract_liability([]) <= long.contract_liability([])


def test_every_kind_of_posting_is_or_is_no_activity_and_the_document_says_the_same():
    kinds = {kind for kind, _word in PointsTransaction._meta.get_field("kind").flatchoices}
    assert set(KINDS) == kinds
    text = (Path(__file__).parents[3] / "docs/algorithms/points.md").read_text()
    table = text.partition("**What counts as activity.**")[2].partition("\n\nA visit")[0]
    told = {
        kind: row.rstrip(" |").endswith("yes")
        for row in table.splitlines()
        if row.startswith("| `") and "birthday" not in row
        for kind in re.findall(r"`(\w+)`", row)
    }
    assert told == dict(KINDS)
    assert not is_activity("earn", source="birthday:gift:mem_1:2026")
