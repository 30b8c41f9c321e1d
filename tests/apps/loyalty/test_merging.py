"""Points of members that become one, and of one that becomes two again."""

from datetime import datetime, timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shuke.apps.identity.operations import merge_members, unmerge_members
from shuke.apps.loyalty.models import Wallet
from shuke.apps.loyalty.operations import (
    award_points,
    claw_back_points,
    commit_hold,
    define_points_type,
    gather_stranded,
    give_back_points,
    hold_points,
    release_hold,
    settle_wallets,
    transfer_points,
)
from shuke.apps.loyalty.operations.once import PointsShort
from shuke.apps.loyalty.queries.statements import points_wallet
from shuke.apps.loyalty.queries.verification import ledger_findings
from shuke.apps.loyalty.rules.expiry import Expiry
from shuke.apps.loyalty.schemas import Request
from shuke.apps.members.operations import create_members
from shuke.apps.members.schemas import MemberProfile
from shuke.platform.errors import Invalid, Refused
from shuke.platform.permissions import SYSTEM
from tests.apps.loyalty.conftest import START

DAY = timedelta(days=1)
_numbers = count()


def asked(at: datetime, key: str = "") -> Request:
    return Request(key=key or f"merging:{next(_numbers)}", actor="ann", at=at)


@pytest.fixture
def pair(members, db):
    """Two members of a programme whose points can be used at once and end after a year."""
    define_points_type(actor=SYSTEM, at=START, code="now", name="Now", expiry=Expiry("rolling", months=12))
    yield members[0], members[1]
    assert ledger_findings() == []


def counted(member: str, at: datetime, points_type: str = "now") -> tuple[int, int, int, int]:
    found = points_wallet(member, points_type=points_type, at=at).balances
    return found.pending, found.available, found.held, found.debt


def shape(member: str, at: datetime, points_type: str = "now") -> list[tuple[object, ...]]:
    """What a member has: lots with their ends and buckets."""
    lots = points_wallet(member, points_type=points_type, at=at).lots
    return [
        (lot.number, lot.expires_at, {b: n for b, n in lot.buckets.items() if b in {"pending", "available"}})
        for lot in lots
    ]


def award(member: str, points: int, at: datetime, points_type: str = "now", **values):
    return award_points(
        request=asked(at), member_id=member, points_type=points_type, points=points, **values
    ).transaction_id


def hold(member: str, points: int, at: datetime, *, days: int = 1):
    return hold_points(
        request=asked(at), member_id=member, points_type="now", points=points, expires_at=at + days * DAY
    ).transaction_id


def spend(member: str, points: int, at: datetime) -> str:
    return commit_hold(request=asked(at), hold_id=hold(member, points, at)).transaction_id


def merged(survivor: str, absorbed: str, at: datetime) -> str:
    return merge_members(actor=SYSTEM, at=at, survivor_id=survivor, absorbed_id=absorbed)


def test_merging_and_unmerging_leaves_everything_as_it_was(pair):
    ann, bob = pair
    award(ann, 10, START)
    award(bob, 20, START, earned_at=START - 90 * DAY)
    award(bob, 30, START, activates_at=START + 20 * DAY)
    before = shape(ann, START), shape(bob, START)
    merge = merged(ann, bob, START + DAY)
    assert counted(ann, START + DAY) == (30, 30, 0, 0)
    # What ends first is used first, whoever earned it.
    assert [lot[1] for lot in shape(ann, START + DAY)][1] == before[1][0][1]
    unmerge_members(actor=SYSTEM, at=START + 2 * DAY, merge_id=merge)
    assert (shape(ann, START + 2 * DAY), shape(bob, START + 2 * DAY)) == before
    assert Wallet.objects.filter(moved_to__isnull=False).count() == 0


def test_what_was_spent_between_stays_spent_and_the_rest_goes_home(pair):
    ann, bob = pair
    award(ann, 10, START)
    award(bob, 20, START, earned_at=START - 90 * DAY)
    merge = merged(ann, bob, START + DAY)
    commit = spend(ann, 25, START + 2 * DAY)
    unmerge_members(actor=SYSTEM, at=START + 3 * DAY, merge_id=merge)
    assert counted(ann, START + 3 * DAY) == (0, 5, 0, 0)
    assert counted(bob, START + 3 * DAY) == (0, 0, 0, 0)
    # A later return of that purchase goes to who bought.
    give_back_points(request=asked(START + 4 * DAY), commit_id=commit, points=25)
    assert counted(ann, START + 4 * DAY) == (0, 30, 0, 0)


def test_what_the_merged_member_is_given_comes_to_the_survivor(pair):
    ann, bob = pair
    award(bob, 20, START)
    merged(ann, bob, START + DAY)
    award(bob, 5, START + 2 * DAY)
    assert counted(ann, START + 2 * DAY) == (0, 25, 0, 0)
    assert counted(bob, START + 2 * DAY) == counted(ann, START + 2 * DAY)
    spend(bob, 25, START + 2 * DAY)
    with pytest.raises(PointsShort):
        hold(ann, 1, START + 2 * DAY)
    with pytest.raises(Invalid, match="there"):
        transfer_points(request=asked(START + 3 * DAY), giver_id=bob, taker_id=ann, points_type="now")


def test_a_request_of_before_the_merge_is_still_answered_the_same(pair):
    ann, bob = pair
    arguments = {"member_id": bob, "points_type": "now", "points": 20}
    first = award_points(request=asked(START, "order:7"), **arguments)
    merged(ann, bob, START + DAY)
    again = award_points(request=asked(START, "order:7"), **arguments)
    assert (again.outcome, again.transaction_id) == ("replayed", first.transaction_id)
    assert counted(ann, START + DAY) == (0, 20, 0, 0)


def test_points_on_hold_follow_when_the_hold_ends(pair):
    ann, bob = pair
    award(bob, 20, START)
    first, second, third = (hold(bob, n, START, days=9) for n in (8, 5, 3))
    merge = merged(ann, bob, START + DAY)
    assert counted(ann, START + DAY) == (0, 4, 0, 0)
    commit = commit_hold(request=asked(START + 2 * DAY), hold_id=first).transaction_id
    release_hold(request=asked(START + 2 * DAY), hold_id=second)
    assert counted(ann, START + 2 * DAY) == (0, 9, 0, 0)
    give_back_points(request=asked(START + 3 * DAY), commit_id=commit, points=8)
    assert counted(ann, START + 3 * DAY) == (0, 17, 0, 0)
    # The third one runs out by itself; the sweep takes it along.
    settle_wallets(at=START + 10 * DAY)
    assert gather_stranded(at=START + 10 * DAY) == 1
    assert counted(ann, START + 10 * DAY) == (0, 20, 0, 0)
    unmerge_members(actor=SYSTEM, at=START + 11 * DAY, merge_id=merge)
    assert counted(ann, START + 11 * DAY) == (0, 0, 0, 0)
    assert counted(bob, START + 11 * DAY) == (0, 20, 0, 0)
    assert third


def test_a_return_of_what_the_merged_member_bought_takes_those_points_first(pair):
    ann, bob = pair
    award(ann, 10, START, earned_at=START - 90 * DAY)
    earned = award(bob, 20, START)
    merged(ann, bob, START + DAY)
    claw_back_points(request=asked(START + 2 * DAY), earn_id=earned, points=15)
    assert [lot[2]["available"] for lot in shape(ann, START + 2 * DAY)] == [10, 5]
    spend(ann, 15, START + 3 * DAY)
    claw_back_points(request=asked(START + 4 * DAY), earn_id=earned, points=5)
    assert counted(ann, START + 4 * DAY) == (0, 0, 0, 5)


@pytest.mark.parametrize("who_owes", ["survivor", "absorbed"])
def test_a_debt_is_paid_by_the_other_one_and_comes_back(pair, who_owes):
    ann, bob = pair
    owing, rich = (ann, bob) if who_owes == "survivor" else (bob, ann)
    earned = award(owing, 10, START)
    spend(owing, 10, START)
    claw_back_points(request=asked(START), earn_id=earned, points=10)
    award(rich, 6, START)
    merge = merged(ann, bob, START + DAY)
    assert counted(ann, START + DAY) == (0, 0, 0, 4)
    unmerge_members(actor=SYSTEM, at=START + 2 * DAY, merge_id=merge)
    assert counted(owing, START + 2 * DAY) == (0, 0, 0, 10)
    assert counted(rich, START + 2 * DAY) == (0, 6, 0, 0)


def test_what_was_paid_of_a_debt_since_the_merge_stays_paid(pair):
    ann, bob = pair
    earned = award(bob, 10, START)
    spend(bob, 10, START)
    claw_back_points(request=asked(START), earn_id=earned, points=10)
    merge = merged(ann, bob, START + DAY)
    award(ann, 7, START + 2 * DAY)
    assert counted(ann, START + 2 * DAY) == (0, 0, 0, 3)
    unmerge_members(actor=SYSTEM, at=START + 3 * DAY, merge_id=merge)
    assert (counted(ann, START + 3 * DAY), counted(bob, START + 3 * DAY)) == ((0, 0, 0, 0), (0, 0, 0, 3))


def test_chains_of_merges_end_where_the_points_are(members, pair):
    ann, bob, cy = members
    award(cy, 5, START)
    held = hold(cy, 2, START, days=9)
    inner = merged(bob, cy, START + DAY)
    outer = merged(ann, bob, START + 2 * DAY)
    release_hold(request=asked(START + 3 * DAY), hold_id=held)
    assert counted(ann, START + 3 * DAY) == (0, 5, 0, 0)
    with pytest.raises(Refused):
        unmerge_members(actor=SYSTEM, at=START + 4 * DAY, merge_id=inner)
    unmerge_members(actor=SYSTEM, at=START + 4 * DAY, merge_id=outer)
    unmerge_members(actor=SYSTEM, at=START + 5 * DAY, merge_id=inner)
    assert [counted(m, START + 5 * DAY) for m in (ann, bob, cy)] == [(0, 0, 0, 0), (0, 0, 0, 0), (0, 5, 0, 0)]


STEP = st.tuples(st.sampled_from(["award", "spend", "claw", "hold"]), st.integers(0, 1), st.integers(1, 20))


@pytest.mark.once
@pytest.mark.slow
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(before=st.lists(STEP, max_size=6), between=st.lists(STEP, max_size=5))
def test_no_history_around_a_merge_makes_or_loses_a_point(pair, before, between):
    """Merge, do things, unmerge: what both have and owe together is what the programme gave and took."""
    profiles = [MemberProfile(), MemberProfile()]
    ann, bob = (ref.public_id for ref in create_members(at=START, source="test", profiles=profiles))
    earns: list[list[str]] = [[], []]
    at = START
    for step in before:
        at += timedelta(hours=1)
        _take(step, ann, bob, at, earns)
    apart = [counted(m, at) for m in (ann, bob)]
    merge = merged(ann, bob, at + timedelta(minutes=1))
    together = counted(ann, at + timedelta(minutes=1))
    assert _worth(together) + counted_held(bob) == sum(map(_worth, apart))
    if not between:
        unmerge_members(actor=SYSTEM, at=at + timedelta(minutes=2), merge_id=merge)
        assert [counted(m, at + timedelta(minutes=2)) for m in (ann, bob)] == apart
        assert ledger_findings() == []
        return
    for step in between:
        at += timedelta(hours=1)
        _take(step, ann, bob, at, earns)
    total = _worth(counted(ann, at)) + counted_held(bob)
    at += timedelta(minutes=1)
    unmerge_members(actor=SYSTEM, at=at, merge_id=merge)
    assert sum(_worth(counted(m, at)) for m in (ann, bob)) == total
    assert ledger_findings() == []


def counted_held(member: str) -> int:
    """What still lies on hold in the merged member's own wallet."""
    return sum(Wallet.objects.filter(member__public_id=member).values_list("held", flat=True))


def _worth(found: tuple[int, int, int, int]) -> int:
    pending, available, held, debt = found
    return pending + available + held - debt


def _take(step: tuple[str, int, int], ann: str, bob: str, at: datetime, earns: list[list[str]]) -> None:
    what, who, points = step
    member = (ann, bob)[who]
    try:
        if what == "award":
            earns[who].append(award(member, points, at, activates_at=at + timedelta(hours=points % 3)))
        elif what == "spend":
            spend(member, points, at)
        elif what == "hold":
            hold(member, points, at, days=30)
        elif earns[who]:
            claw_back_points(request=asked(at), earn_id=earns[who][0], points=points)
    except Refused:
        pass
