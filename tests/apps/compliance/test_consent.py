from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shuke.apps.compliance.events import ConsentWithdrawn
from shuke.apps.compliance.models import ConsentDecision
from shuke.apps.compliance.operations import lift_suppression, record_consents, suppress
from shuke.apps.compliance.queries import consents_of, may_contact
from shuke.apps.compliance.schemas import Decision
from shuke.apps.members.operations import create_members
from shuke.apps.members.schemas import MemberProfile
from shuke.platform.events import subscribe
from shuke.platform.outbox.models import OutboxRow
from shuke.platform.permissions import SYSTEM

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture
def ann():
    (ref,) = create_members(at=AT, source="test", profiles=[MemberProfile(name="Ann")])
    return ref.public_id


def decide(member_id, state, *, hours=0, channel="email"):
    decision = Decision(member_id, channel, "marketing", state, AT + timedelta(hours=hours), "test")
    return record_consents(actor=SYSTEM, at=AT, decisions=[decision])


def verdict(member_id, channel="email"):
    return may_contact([member_id], channel=channel, purpose="marketing")[member_id]


def test_silence_is_no_consent(ann):
    assert (verdict(ann).allowed, verdict(ann).reason) == (False, "no_consent")
    assert verdict("mem_nobody").reason == "unknown_member"


def test_the_newest_decision_holds_whatever_the_order_of_arrival(ann):
    decide(ann, "withdrawn", hours=2)
    decide(ann, "granted", hours=1)
    assert verdict(ann).reason == "withdrawn"
    decide(ann, "granted", hours=3)
    assert verdict(ann).allowed


def test_a_repeated_decision_changes_nothing(ann):
    assert decide(ann, "granted") == 1
    assert decide(ann, "granted") == 0
    assert OutboxRow.objects.filter(table="consents").count() == 1


def test_channels_are_apart(ann):
    decide(ann, "granted", channel="sms")
    assert not verdict(ann).allowed
    assert verdict(ann, "sms").allowed


def test_suppression_is_stronger_than_consent(ann):
    decide(ann, "granted")
    assert suppress(at=AT, member_ids=[ann], channel="email", reason="bounced") == 1
    assert suppress(at=AT, member_ids=[ann], channel="email", reason="complained") == 0
    assert verdict(ann).reason == "suppressed:bounced"
    assert lift_suppression(actor=SYSTEM, at=AT, member_id=ann, channel="email")
    assert verdict(ann).allowed


def test_withdrawal_is_told_upwards(ann):
    heard = []

    @subscribe(ConsentWithdrawn)
    def hear(event):
        heard.append(event.member_id)

    decide(ann, "granted")
    decide(ann, "withdrawn", hours=1)
    assert heard == [ann]


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    decisions=st.lists(
        st.tuples(st.integers(0, 20), st.sampled_from(["granted", "withdrawn"])), unique_by=lambda d: d[0]
    )
)
def test_the_state_is_the_decision_with_the_latest_time(ann, decisions):
    ConsentDecision.objects.all().delete()
    from shuke.apps.compliance.models import Consent

    Consent.objects.all().delete()
    for hours, state in decisions:
        decide(ann, state, hours=hours)
    expected = [max(decisions)[1]] if decisions else []
    assert [view.state for view in consents_of(ann)] == expected
