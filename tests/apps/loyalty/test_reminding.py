"""Points that end soon are told of, once per wallet, day and stage; the lake gets what postings gave and took."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from shuke.apps.identity.operations import register_members
from shuke.apps.identity.schemas import MemberRegistration
from shuke.apps.loyalty.events import PointsExpiring
from shuke.apps.loyalty.models import ExpiryReminder
from shuke.apps.loyalty.operations import (
    award_points,
    commit_hold,
    define_points_type,
    hold_points,
    remind_expiring,
    settle_wallets,
)
from shuke.apps.loyalty.rules.expiry import Expiry
from shuke.apps.loyalty.schemas import Request
from shuke.apps.members.queries import active_ids
from shuke.platform.events import _subscribers, subscribe
from shuke.platform.outbox.relay import drain
from shuke.platform.permissions import SYSTEM
from shuke.platform.warehouse import lake
from tests.apps.loyalty.conftest import START

DAY = timedelta(days=1)


@pytest.fixture
def told():
    found: list[PointsExpiring] = []

    @subscribe(PointsExpiring)
    def note(event: PointsExpiring) -> None:
        found.append(event)

    yield found
    _subscribers[PointsExpiring].remove(note)


def asked(key: str, at: datetime = START) -> Request:
    return Request(key=key, actor="test", at=at)


def night(at: datetime) -> int:
    return remind_expiring(at=at, today=at.date())


def test_each_ending_is_told_thirty_seven_and_one_day_before(members, told):
    ann = members[0]
    award_points(request=asked("a"), member_id=ann, points_type="gift", points=10)
    ends = datetime(2026, 2, 5, 15, 59, 59, 999_999, tzinfo=UTC)
    days = {}
    for number in range(40):
        at = START + number * DAY
        days[number] = night(at)
        assert night(at) == 0
        settle_wallets(at=at)
    assert {number: n for number, n in days.items() if n} == {1: 1, 24: 1, 30: 1}
    assert [(e.member_id, e.points, e.ends_on, e.stage) for e in told] == [
        (ann, 10, ends.date(), stage) for stage in (30, 7, 1)
    ]


def test_a_missed_night_is_made_up_for_once_by_the_tightest_stage(members, told):
    award_points(request=asked("a"), member_id=members[0], points_type="gift", points=10)
    assert night(START + 27 * DAY) == 1
    assert night(START + 28 * DAY) == 0
    assert [e.stage for e in told] == [7]


def test_lots_of_one_day_are_told_as_one_and_what_is_held_or_spent_is_left_out(members, told):
    ann = members[0]
    for number in range(3):
        request = asked(f"a{number}", START + timedelta(hours=number))
        award_points(request=request, member_id=ann, points_type="gift", points=10)
    at = START + DAY
    for number, points in enumerate((4, 5)):
        held = hold_points(
            request=asked(f"h{number}", at),
            member_id=ann,
            points_type="gift",
            points=points,
            expires_at=at + 5 * DAY,
        )
        if number:
            commit_hold(request=asked(f"c{number}", at), hold_id=held.transaction_id)
    assert night(START + 2 * DAY) == 1
    assert [e.points for e in told] == [21]
    assert ExpiryReminder.objects.get().points == 21


def test_what_is_never_spent_and_what_never_ends_is_not_told(members, told):
    growth = Expiry("rolling", months=1)
    define_points_type(actor=SYSTEM, at=START, code="growth", name="G", is_spendable=False, expiry=growth)
    define_points_type(actor=SYSTEM, at=START, code="ever", name="E")
    for code in ("growth", "ever"):
        award_points(request=asked(code), member_id=members[0], points_type=code, points=10)
    assert night(START + 20 * DAY) == 0


def test_audiences_can_ask_for_it_in_the_lake(db, lake_home):
    define_points_type(actor=SYSTEM, at=START, code="gift", name="G", expiry=Expiry("rolling", months=1))
    register_members(
        at=START, account="", source="test", registrations=[MemberRegistration(1, {"phone": "13800138000"})]
    )
    (member,) = active_ids()
    award_points(request=asked("a"), member_id=member, points_type="gift", points=10)
    night(START + 25 * DAY)
    drain()
    with lake().read() as snapshot:
        events = snapshot.table("events").to_pyarrow().to_pylist()
        entries = snapshot.table("points_entries").to_pyarrow().to_pylist()
        identity = snapshot.table("identity_map").to_pyarrow().to_pylist()
    (event,) = events
    assert (event["name"], event["type"]) == ("Points Expiring", "track")
    assert {row["member_id"] for row in identity if row["person_key"] == event["person_key"]} == {member}
    said = json.loads(event["properties"])
    assert said == {"points_type": "gift", "points": 10, "ends_on": "2026-02-05", "stage": 7}
    assert [(row["member_id"], row["account"], row["points"]) for row in entries] == [(member, "issued", 10)]


def test_the_lake_has_what_every_posting_gave_and_took(members):
    ann = members[0]
    earned = award_points(request=asked("a"), member_id=ann, points_type="gift", points=10)
    held = hold_points(
        request=asked("h", START + DAY),
        member_id=ann,
        points_type="gift",
        points=4,
        expires_at=START + 2 * DAY,
    )
    commit_hold(request=asked("c", START + DAY), hold_id=held.transaction_id)
    settle_wallets(at=START + 60 * DAY)
    drain()
    drain()
    with lake().read() as snapshot:
        rows = snapshot.table("points_entries").order_by("effective_at").to_pyarrow().to_pylist()
    assert [(row["kind"], row["account"], row["points"]) for row in rows] == [
        ("earn", "issued", 10),
        ("commit", "redeemed", -4),
        ("expire", "breakage", -6),
    ]
    assert (rows[0]["txn_id"], rows[0]["points_type"]) == (earned.transaction_id, "gift")
    assert rows[0]["expires_at"] == rows[2]["effective_at"]
