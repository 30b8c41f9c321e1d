from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shuke.apps.compliance.events import ConsentWithdrawn
from shuke.apps.compliance.models import ConsentDecision, SuppressedAddress
from shuke.apps.compliance.operations import (
    correct_decision,
    lift_suppression,
    move_permission,
    record_consents,
    restore_permission,
    suppress,
    suppress_addresses,
    withdraw_all,
)
from shuke.apps.compliance.queries import (
    consents_as_of,
    consents_of,
    decisions_of,
    may_contact,
    suppressed_addresses,
    suppressions_page,
)
from shuke.apps.compliance.rules import Told, held
from shuke.apps.compliance.schemas import Decision
from shuke.apps.members.operations import create_members, mark_merged, mark_unmerged
from shuke.apps.members.schemas import MemberProfile
from shuke.platform.audit.models import AuditEntry
from shuke.platform.errors import NotFound
from shuke.platform.events import subscribe
from shuke.platform.outbox.models import OutboxRow
from shuke.platform.outbox.relay import drain
from shuke.platform.permissions import SYSTEM
from shuke.platform.warehouse import lake
from shuke.science.persons import current_consents

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


def told(day, state, *, recorded=None, revision=0):
    return Told(
        AT + timedelta(days=day), AT + timedelta(days=day if recorded is None else recorded), revision, state
    )


class TestTwoTimes:
    """The worked example of docs/algorithms/consent.md: day 0 is 1 March."""

    ROWS = (
        told(0, "granted"),
        told(9, "withdrawn", recorded=19),
        told(0, "void", recorded=24, revision=1),
    )

    @pytest.mark.parametrize(
        ("at", "known", "state"),
        [
            (11, 14, "granted"),
            (11, 21, "withdrawn"),
            (4, 21, "granted"),
            (4, 25, None),
            (11, 25, "withdrawn"),
        ],
    )
    def test_what_held_as_it_was_known(self, at, known, state):
        found = held(self.ROWS, at=AT + timedelta(days=at), known=AT + timedelta(days=known))
        assert (found.state if found else None) == state

    def test_the_queries_answer_the_same(self, ann):
        decide(ann, "granted")
        late = AT + timedelta(days=19)
        letter = Decision(ann, "email", "marketing", "withdrawn", AT + timedelta(days=9), "letter")
        record_consents(actor=SYSTEM, at=late, decisions=[letter])
        asked = AT + timedelta(days=11)
        assert [v.state for v in consents_as_of(ann, at=asked, known=late - timedelta(days=5))] == ["granted"]
        assert [v.state for v in consents_as_of(ann, at=asked, known=late)] == ["withdrawn"]


@pytest.mark.parametrize(
    ("general", "own", "allowed"),
    [
        (("granted", 1), None, True),
        (("granted", 1), ("withdrawn", 5), False),
        (("granted", 9), ("withdrawn", 5), False),
        (("withdrawn", 1), ("granted", 5), True),
        (("withdrawn", 9), ("granted", 5), False),
        (None, ("granted", 5), True),
        (None, None, False),
    ],
)
def test_the_most_specific_decision_wins_but_leaving_everything_is_leaving(ann, general, own, allowed):
    told = [(brand, *pair) for brand, pair in (("", general), ("fresh", own)) if pair]
    decisions = [
        Decision(ann, "email", "marketing", state, AT + timedelta(days=day), "test", brand=brand)
        for brand, state, day in told
    ]
    record_consents(actor=SYSTEM, at=AT, decisions=decisions)
    verdicts = may_contact([ann], channel="email", purpose="marketing", brand="fresh")
    assert verdicts[ann].allowed is allowed
    assert verdict(ann).allowed is (general is not None and general[0] == "granted")


@pytest.mark.parametrize("order", [("granted", "withdrawn"), ("withdrawn", "granted")])
def test_of_two_words_about_one_instant_the_withdrawal_stands(ann, order):
    for state in order:
        decide(ann, state)
    assert verdict(ann).reason == "withdrawn"


class TestCorrections:
    def test_a_correction_adds_a_row_and_the_wrong_one_stays(self, ann):
        decide(ann, "granted")
        wrong = Decision(ann, "email", "marketing", "void", AT, "console")
        later = AT + timedelta(days=1)
        correct_decision(actor=SYSTEM, at=later, decision=wrong, reason="wrong card")
        assert verdict(ann).reason == "no_consent"
        assert [(d.state, d.revision) for d in decisions_of(ann)] == [("void", 1), ("granted", 0)]
        assert [v.state for v in consents_as_of(ann, known=AT)] == ["granted"]
        assert AuditEntry.objects.get(verb="consent.corrected").changes["state"] == ["granted", "void"]

    def test_the_voided_decision_told_again_stays_void(self, ann):
        decide(ann, "granted")
        void = Decision(ann, "email", "marketing", "void", AT, "console")
        correct_decision(actor=SYSTEM, at=AT, decision=void, reason="")
        assert decide(ann, "granted") == 0
        assert verdict(ann).reason == "no_consent"

    def test_nothing_to_correct_is_refused(self, ann):
        with pytest.raises(NotFound):
            correct_decision(
                actor=SYSTEM, at=AT, decision=Decision(ann, "sms", "marketing", "void", AT, "c"), reason=""
            )


def test_the_very_text_shown_is_kept_with_the_decision(ann):
    decision = Decision(
        ann,
        "email",
        "marketing",
        "granted",
        AT,
        "till",
        place="store 7",
        wording="Yes, write to me.",
        language="en",
    )
    record_consents(actor=SYSTEM, at=AT, decisions=[decision])
    (view,) = decisions_of(ann)
    assert (view.wording, view.language, view.place) == ("Yes, write to me.", "en", "store 7")


def test_everything_withdrawn_ends_every_brand(ann):
    for brand, channel in (("", "email"), ("fresh", "email"), ("fresh", "sms")):
        decision = Decision(ann, channel, "marketing", "granted", AT, "t", brand=brand)
        record_consents(actor=SYSTEM, at=AT, decisions=[decision])
    later = AT + timedelta(hours=1)
    assert withdraw_all(actor=SYSTEM, at=later, member_id=ann, source="t", place="", language="") == 4
    assert {(v.brand, v.channel, v.state) for v in consents_of(ann)} == {
        (brand, channel, "withdrawn") for brand in ("", "fresh") for channel in ("email", "sms")
    }


def lake_states(member_id):
    drain()
    with lake().read() as snapshot:
        rows = current_consents(snapshot.table("consents"))
        rows = rows.filter(rows.member_id == member_id).to_pyarrow().to_pylist()
    return {(row["channel"], row["state"]) for row in rows}


@settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
)
@given(
    told=st.lists(
        st.tuples(st.booleans(), st.integers(0, 6), st.sampled_from(["granted", "withdrawn"])), max_size=6
    )
)
def test_merge_then_unmerge_is_as_before_and_the_survivor_has_the_newest_word_of_both(told):
    one, two = (
        ref.public_id
        for ref in create_members(at=AT, source="t", profiles=[MemberProfile(), MemberProfile()])
    )
    for is_one, hours, state in told:
        decide(one if is_one else two, state, hours=hours)
    before = (consents_of(one), consents_of(two))
    for _repeat in range(2):
        mark_merged(at=AT, member_id=two, into_id=one)
        move_permission(at=AT, survivor=one, absorbed=two)
        # At one instant the withdrawal counts, whoever of the two it is from.
        newest = max(((hours, state) for _, hours, state in told), default=None)
        assert [view.state for view in consents_of(one)] == ([newest[1]] if newest else [])
        mark_unmerged(at=AT, member_id=two, filled=[])
        restore_permission(at=AT, survivor=one, absorbed=two)
        assert (consents_of(one), consents_of(two)) == before


def test_the_lake_follows_a_merge_and_its_end(lake_home):
    one, two = (
        ref.public_id
        for ref in create_members(at=AT, source="t", profiles=[MemberProfile(), MemberProfile()])
    )
    decide(one, "granted")
    decide(two, "withdrawn", hours=1)
    decide(two, "granted", channel="sms")
    suppress(at=AT, member_ids=[two], channel="sms", reason="complained")
    later = AT + timedelta(days=1)
    mark_merged(at=later, member_id=two, into_id=one)
    move_permission(at=later, survivor=one, absorbed=two)
    assert lake_states(one) == {("email", "withdrawn"), ("sms", "granted")}
    assert verdict(one, "sms").reason == "suppressed:complained"
    later += timedelta(days=1)
    mark_unmerged(at=later, member_id=two, filled=[])
    restore_permission(at=later, survivor=one, absorbed=two)
    assert lake_states(one) == {("email", "granted")}
    assert verdict(one, "sms").reason == "no_consent"


class TestAddresses:
    def test_an_address_is_found_by_its_hash_and_stored_nowhere(self):
        listed = {"ann@example.com": "a***@example.com"}
        told = {"actor": SYSTEM, "at": AT, "channel": "email", "reason": "complained", "source": "old"}
        assert suppress_addresses(addresses=listed, **told) == 1
        assert suppress_addresses(addresses=listed, **told) == 0
        assert suppressed_addresses(["bo@example.com", "ann@example.com"], channel="email") == {
            "ann@example.com": "complained"
        }
        assert suppressed_addresses(["ann@example.com"], channel="sms") == {}
        rows, total = suppressions_page(address="ann@example.com")
        assert (rows[0].shown, total) == ("a***@example.com", 1)
        assert "ann@" not in str(SuppressedAddress.objects.values())
