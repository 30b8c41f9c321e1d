"""Points by hand: a reason, somebody who answers for it, and above the limit a second person."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from shuke.apps.loyalty.models import Adjustment, PointsTransaction
from shuke.apps.loyalty.operations import (
    approve_adjustment,
    define_points_type,
    reject_adjustment,
    request_adjustment,
    set_adjustment_limit,
)
from shuke.apps.loyalty.operations.once import IdempotencyConflict, PointsShort
from shuke.apps.loyalty.queries.adjustments import adjustment, adjustments, adjustments_waiting
from shuke.apps.loyalty.queries.statements import points_wallet
from shuke.apps.loyalty.queries.verification import ledger_findings
from shuke.platform.accounts.operations import create_user, issue_token
from shuke.platform.accounts.queries import token_actor
from shuke.platform.audit.models import AuditEntry
from shuke.platform.errors import Invalid, NotPermitted, Refused
from shuke.platform.permissions import SYSTEM, Actor
from tests.apps.loyalty.conftest import START

DAY = timedelta(days=1)
MARKETER = Actor(kind="user", id="usr_marketer", name="Mia", role="marketer")
APPROVER = Actor(kind="user", id="usr_approver", name="Ada", role="approver")
BOTH = Actor(kind="user", id="usr_both", name="Bo", role="administrator")


@pytest.fixture
def ann(members, db):
    define_points_type(actor=SYSTEM, at=START, code="now", name="Now")
    set_adjustment_limit(actor=SYSTEM, at=START, points_type="now", limit=100)
    yield members[0]
    assert ledger_findings() == []


def ask(member: str, points: int, *, actor: Actor = MARKETER, key: str = "", at=START, reason="goodwill"):
    key = key or f"test:{Adjustment.objects.count()}"
    return request_adjustment(
        actor=actor, at=at, key=key, member_id=member, points_type="now", points=points, reason=reason
    )


def available(member: str, at=START + DAY) -> int:
    return points_wallet(member, points_type="now", at=at).balances.available


def test_up_to_the_limit_one_person_is_enough(ann):
    done = ask(ann, 100)
    assert (done.state, done.requester_name, available(ann)) == ("posted", "Mia", 100)
    row = PointsTransaction.objects.get(public_id=done.transaction_id)
    assert (row.kind, row.actor, row.reason, row.source) == ("adjust", "Mia", "goodwill", done.id)
    assert AuditEntry.objects.filter(verb="points.adjusted", subject_id=ann).count() == 1


def test_above_the_limit_it_waits_and_somebody_else_approves(ann):
    waiting = ask(ann, 101)
    assert (waiting.state, available(ann), adjustments_waiting()) == ("waiting", 0, 1)
    done = approve_adjustment(actor=APPROVER, at=START + DAY, adjustment_id=waiting.id)
    assert (done.state, done.decider_name, available(ann)) == ("posted", "Ada", 101)
    again = approve_adjustment(actor=APPROVER, at=START + DAY, adjustment_id=waiting.id)
    assert again == done
    assert PointsTransaction.objects.count() == 1
    with pytest.raises(Refused, match="decided"):
        reject_adjustment(actor=BOTH, at=START + DAY, adjustment_id=waiting.id)


def test_halves_count_as_a_whole(ann):
    assert ask(ann, 60).state == "posted"
    assert ask(ann, -41).state == "waiting"
    assert ask(ann, 40, at=START + timedelta(hours=1)).state == "posted"
    assert ask(ann, 1, at=START + timedelta(hours=2)).state == "waiting"
    assert ask(ann, 1, at=START + timedelta(hours=2), actor=BOTH).state == "posted"
    assert ask(ann, 60, at=START + 2 * DAY).state == "posted"


def test_nobody_approves_what_they_asked_for(ann):
    waiting = ask(ann, 500, actor=BOTH)
    for decide in (approve_adjustment, reject_adjustment):
        with pytest.raises(Refused, match="Somebody other"):
            decide(actor=BOTH, at=START, adjustment_id=waiting.id)
    with pytest.raises(NotPermitted):
        approve_adjustment(actor=MARKETER, at=START, adjustment_id=waiting.id)
    with pytest.raises(NotPermitted):
        ask(ann, 5, actor=APPROVER)
    with pytest.raises(IntegrityError), transaction.atomic():
        Adjustment.objects.filter(public_id=waiting.id).update(decider_id=BOTH.id)


def test_a_program_asks_for_its_owner_and_never_approves(ann, db):
    owner = create_user(
        actor=SYSTEM, at=START, username="bo", password="a long password 1", role="administrator"
    )
    scopes = ["points.adjust", "points.approve"]
    issued = issue_token(actor=SYSTEM, at=START, owner_id=owner.id, name="till", scopes=scopes)
    found = token_actor(issued.secret, at=START)
    assert found
    waiting = ask(ann, 500, actor=found[0])
    assert waiting.requester_id == owner.id
    with pytest.raises(Refused, match="person"):
        approve_adjustment(actor=found[0], at=START, adjustment_id=waiting.id)
    person = Actor(kind="user", id=owner.id, name="Bo", role="administrator")
    with pytest.raises(Refused, match="Somebody other"):
        approve_adjustment(actor=person, at=START, adjustment_id=waiting.id)


def test_a_rejected_one_posts_nothing_and_says_why(ann):
    waiting = ask(ann, 500)
    told = reject_adjustment(actor=APPROVER, at=START, adjustment_id=waiting.id, answer="too much")
    assert (told.state, told.answer, available(ann)) == ("rejected", "too much", 0)
    assert ask(ann, 100).state == "posted"
    assert [row.state for row in adjustments(member_id=ann)[0]] == ["posted", "rejected"]


def test_the_same_key_asks_once(ann):
    first = ask(ann, 500, key="call:1")
    assert ask(ann, 500, key="call:1") == first
    with pytest.raises(IdempotencyConflict):
        ask(ann, 501, key="call:1")
    approve_adjustment(actor=APPROVER, at=START, adjustment_id=first.id)
    assert ask(ann, 500, key="call:1").state == "posted"
    assert available(ann) == 500


def test_what_is_gone_meanwhile_cannot_be_taken_and_goes_on_waiting(ann):
    ask(ann, 90)
    waiting = ask(ann, -200)
    with pytest.raises(PointsShort):
        approve_adjustment(actor=APPROVER, at=START, adjustment_id=waiting.id)
    assert (adjustment(waiting.id).state, adjustment(waiting.id).decider_name) == ("waiting", "")
    with pytest.raises(PointsShort):
        ask(ann, -91, actor=BOTH)
    assert Adjustment.objects.count() == 2


def test_reason_and_points_are_needed(ann):
    with pytest.raises(Invalid):
        ask(ann, 5, reason="  ")
    with pytest.raises(Invalid):
        ask(ann, 0)
    set_adjustment_limit(actor=SYSTEM, at=START, points_type="now", limit=None)
    assert ask(ann, 10_000_000).state == "posted"
    with pytest.raises(Invalid):
        set_adjustment_limit(actor=SYSTEM, at=START, points_type="now", limit=-1)
