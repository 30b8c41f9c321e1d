"""Points that end together, so many months after their member was last active (docs/algorithms/points.md, "Expiry")."""

from datetime import UTC, date, datetime, timedelta
from itertools import count

import pytest

from shuke.apps.loyalty.models import PointsTransaction, Wallet
from shuke.apps.loyalty.operations import (
    adjust_points,
    award_points,
    define_points_type,
    give_back_points,
    hold_points,
    release_hold,
    settle_wallets,
    spend_points,
    transfer_points,
)
from shuke.apps.loyalty.operations.once import PointsShort
from shuke.apps.loyalty.queries.reminders import endings
from shuke.apps.loyalty.queries.statements import points_wallet
from shuke.apps.loyalty.queries.verification import ledger_findings
from shuke.apps.loyalty.rules.expiry import Expiry
from shuke.apps.loyalty.schemas import Request
from shuke.platform.errors import Refused
from shuke.platform.permissions import SYSTEM
from tests.apps.loyalty.conftest import START

DAY = timedelta(days=1)
ZONE = "Asia/Shanghai"
#: Twelve months after START, 5 January 2026 at noon in Shanghai: through 5 January 2027.
END = datetime(2027, 1, 5, 15, 59, 59, 999_999, tzinfo=UTC)
_numbers = count()


def asked(at: datetime, **values: str) -> Request:
    return Request(key=f"idle:{next(_numbers)}", actor="ann", at=at, **values)


@pytest.fixture(autouse=True)
def _sound(db):
    yield
    assert ledger_findings() == []


@pytest.fixture
def people(members):
    define_points_type(
        actor=SYSTEM, at=START, code="idle", name="Idle", expiry=Expiry("inactivity", months=12)
    )
    return members


def award(member: str, points: int, at: datetime, **values):
    source = values.pop("source", "")
    return award_points(
        request=asked(at, source=source), member_id=member, points_type="idle", points=points, **values
    )


def available(member: str, at: datetime, known_at: datetime | None = None) -> int:
    return points_wallet(member, points_type="idle", at=at, known_at=known_at).balances.available


def test_all_points_end_together_and_a_purchase_keeps_them(people):
    ann = people[0]
    award(ann, 100, START)
    assert points_wallet(ann, points_type="idle", at=START).lots[0].expires_at == END
    assert available(ann, END) == 100
    assert available(ann, END + timedelta(microseconds=1)) == 0
    award(ann, 50, START + 200 * DAY)
    later = datetime(2027, 7, 24, 15, 59, 59, 999_999, tzinfo=UTC)
    assert {lot.expires_at for lot in points_wallet(ann, points_type="idle", at=END + DAY).lots} == {later}
    assert available(ann, END + DAY) == 150
    # What was known before the second purchase does not change by it.
    assert available(ann, END + DAY, known_at=START + 100 * DAY) == 0
    settle_wallets(at=END + DAY)
    assert available(ann, later) == 150
    settle_wallets(at=later + DAY)
    assert Wallet.objects.get(points_type__code="idle").available == 0
    ended = PointsTransaction.objects.filter(kind="expire")
    assert [row.effective_at for row in ended] == [later, later]


def test_spending_keeps_the_rest_and_no_ended_point_is_spent_however_late_the_night_is(people):
    ann = people[0]
    award(ann, 100, START)
    spend_points(request=asked(END - DAY), member_id=ann, points_type="idle", points=30)
    assert available(ann, END + 300 * DAY) == 70
    silent = END + 400 * DAY
    with pytest.raises(PointsShort):
        spend_points(request=asked(silent), member_id=ann, points_type="idle", points=1)
    assert available(ann, silent) == 0
    award(ann, 5, silent + DAY)
    assert available(ann, silent + DAY) == 5


def test_a_hold_that_runs_out_and_points_that_come_back_after_the_end_are_gone(people):
    ann = people[0]
    award(ann, 100, START)
    spent = spend_points(request=asked(START + DAY), member_id=ann, points_type="idle", points=40)
    end = END + DAY
    held = hold_points(
        request=asked(end - DAY), member_id=ann, points_type="idle", points=60, expires_at=end + 2 * DAY
    )
    assert available(ann, end + DAY) == 0
    release_hold(request=asked(end + DAY), hold_id=held.transaction_id)
    assert available(ann, end + DAY) == 0
    back = give_back_points(request=asked(end + DAY), commit_id=spent.transaction_id, points=40)
    assert back.entries == {"redeemed": -40, "breakage": 40}


def test_what_comes_by_itself_keeps_nothing_but_begins_the_time_of_an_empty_wallet(people):
    ann, bob, _ = people
    adjust = asked(START, reason="welcome")
    adjust_points(request=adjust, member_id=ann, points_type="idle", points=10)
    award(ann, 20, START + 100 * DAY, source="birthday:idle:1:2026")
    assert available(ann, END) == 30
    assert available(ann, END + DAY) == 0
    award(bob, 40, START + 50 * DAY)
    transfer_points(
        request=asked(START + 60 * DAY), giver_id=bob, taker_id=ann, points_type="idle", points=40
    )
    assert available(ann, END) == 70
    assert available(ann, END + DAY) == 0


def test_a_purchase_that_is_told_late_keeps_what_had_not_ended_when_it_was_told(people):
    ann, bob, _ = people
    award(ann, 100, START)
    award(ann, 10, END - DAY, earned_at=START + 30 * DAY)
    assert available(ann, END + 29 * DAY) == 110
    # Bob's points had ended before anybody told of the purchase that would have kept them.
    award(bob, 100, START)
    award(bob, 10, END + DAY, earned_at=START + 30 * DAY)
    assert available(bob, END + DAY) == 10


def test_members_are_reminded_of_the_end_that_counts(people):
    ann, bob, _ = people
    award(ann, 100, START)
    award(ann, 7, START, expires_at=END - 10 * DAY)
    award(bob, 100, START)
    award(bob, 1, START + 100 * DAY)
    at = END - 20 * DAY
    found = endings(at=at, today=at.date(), time_zone=ZONE)
    told = [(e.member_id, e.ends_on, e.points, e.stage) for e in found if e.points_type == "idle"]
    assert told == [(ann, date(2026, 12, 26), 7, 30), (ann, date(2027, 1, 5), 100, 30)]


def test_an_edited_last_activity_is_found(people):
    ann = people[0]
    award(ann, 100, START)
    wallet = Wallet.objects.get(points_type__code="idle")
    Wallet.objects.filter(pk=wallet.pk).update(active_at=START + 300 * DAY)
    assert any("last active" in finding.text for finding in ledger_findings())
    Wallet.objects.filter(pk=wallet.pk).update(active_at=wallet.active_at)


def test_it_needs_a_number_of_months(people):
    with pytest.raises(Refused, match="how many months"):
        define_points_type(actor=SYSTEM, at=START, code="bad", name="Bad", expiry=Expiry("inactivity"))
