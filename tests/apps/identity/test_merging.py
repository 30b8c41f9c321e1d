"""Two members become one, and exactly two of them again."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from shuke.apps.audiences.queries import bench
from shuke.apps.audiences.schemas import parsed
from shuke.apps.compliance.models import Consent, ConsentDecision, Suppression
from shuke.apps.compliance.operations import suppress
from shuke.apps.compliance.queries import may_contact
from shuke.apps.identity.events import MembersMerged, MembersUnmerged
from shuke.apps.identity.models import Identifier, Merge, Suggestion
from shuke.apps.identity.operations import (
    following,
    merge_members,
    register_follower,
    register_members,
    resolve_person_keys,
    unmerge_members,
)
from shuke.apps.identity.queries import find_members, link_graph, merges_of, person_keys_of
from shuke.apps.identity.schemas import MemberRegistration
from shuke.apps.members.models import Member, NameToken
from shuke.apps.members.queries import member, survivor_of
from shuke.apps.members.schemas import MemberProfile
from shuke.platform.audit.models import AuditEntry
from shuke.platform.crypto import decrypt
from shuke.platform.errors import NotFound, NotPermitted, Refused
from shuke.platform.events import subscribe
from shuke.platform.outbox.models import OutboxRow
from shuke.platform.outbox.relay import drain
from shuke.platform.permissions import SYSTEM, Actor
from shuke.platform.warehouse import lake
from shuke.science.persons import current_identity

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
VIEWER = Actor(kind="user", id="1", name="V", role="viewer")


def person(number, *, name="Ann Lee", at=AT, consents=None, attributes=None, **identifiers):
    row = MemberRegistration(
        1,
        {"external": f"c{number}", **identifiers},
        MemberProfile(name=name),
        consents=consents or {},
        attributes=attributes or {},
    )
    register_members(at=at, account="acc_1", source="list", registrations=[row])
    return find_members(f"c{number}")[0]


def merged(survivor, absorbed, at=AT):
    return merge_members(actor=SYSTEM, at=at, survivor_id=survivor, absorbed_id=absorbed)


def unmerged(merge_id, at=AT):
    unmerge_members(actor=SYSTEM, at=at, merge_id=merge_id)


def state():
    """Everything that says who somebody is, in the clear, without notes of when a row was last touched."""
    members = {
        row.public_id: (
            row.status,
            row.merged_into_id,
            row.joined_on,
            decrypt(row.name_encrypted),
            decrypt(row.birthday_encrypted),
            row.language,
        )
        for row in Member.objects.all()
    }
    return {
        "members": members,
        "names": sorted(NameToken.objects.values_list("member__public_id", "token_hash")),
        "identifiers": sorted(
            Identifier.objects.values_list("pk", "member_id", "origin_id", "description_hash")
        ),
        "decisions": sorted(map(str, ConsentDecision.objects.values_list())),
        "consents": sorted(
            Consent.objects.values_list("member_id", "channel", "purpose", "state", "decided_at")
        ),
        "suppressions": sorted(Suppression.objects.values_list("member_id", "channel", "reason")),
        "points": {key: points for key, points in POINTS.items() if points},
    }


def members_of(tree):
    """Who a condition fits, as audiences count it, once the lake has heard everything."""
    drain()
    with bench(as_of=AT.date() + timedelta(days=1)) as evaluation:
        rows, _total = evaluation.first_members(tree, limit=10)
    return [row.member_id for row in rows]


def owner_of(person_key):
    """Whose a key is by the lake, once it has heard everything."""
    drain()
    with lake().read() as snapshot:
        rows = current_identity(snapshot.table("identity_map")).to_pyarrow().to_pylist()
    return {row["person_key"]: row["member_id"] for row in rows}[person_key]


#: Stands for an app with a ledger: balances by member, moved by transfers.
POINTS: dict[str, int] = {}


def transfer(*, at, survivor, absorbed):
    moved = POINTS.get(absorbed.public_id, 0)
    POINTS[absorbed.public_id] = 0
    POINTS[survivor.public_id] = POINTS.get(survivor.public_id, 0) + moved
    return {"moved": moved}


def give_back(*, at, survivor, absorbed, state):
    POINTS[survivor.public_id] -= state["moved"]
    POINTS[absorbed.public_id] = POINTS.get(absorbed.public_id, 0) + state["moved"]


@pytest.fixture(autouse=True)
def ledger():
    register_follower("points", merge=transfer, unmerge=give_back)
    yield
    following._followers.pop("points")
    POINTS.clear()


@pytest.mark.django_db
class TestMerging:
    def test_the_survivor_has_everything_and_facts_follow_without_being_rewritten(self, lake_home):
        ann, bob = person(1, phone="13800138000"), person(2, name="", email="a@example.com")
        key = resolve_person_keys(at=AT, scope="acc_1", kind="external", values=["c2"], source="x")["c2"]
        merged(ann, bob)
        assert set(person_keys_of(ann)) > {key}
        assert person_keys_of(bob) == []
        assert (member(bob).status, find_members("a@example.com")) == ("merged", [ann])
        drain()
        with lake().read() as snapshot:
            rows = current_identity(snapshot.table("identity_map")).to_pyarrow().to_pylist()
        owners = {row["person_key"]: row["member_id"] for row in rows}
        assert owners[key] == owners[bob] == ann

    def test_membership_of_an_audience_follows_and_comes_back(self, lake_home):
        ann, bob, eve = person(1), person(2), person(3, consents={("email", "marketing"): "granted"})
        listed = parsed({"type": "members", "member_ids": [bob]})
        willing = parsed({"type": "consent", "channel": "email", "purpose": "marketing", "state": "granted"})
        before = members_of(listed), members_of(willing)
        assert before == ([bob], [eve])
        merges = [merged(ann, bob), merged(ann, eve)]
        assert (members_of(listed), members_of(willing)) == ([ann], [ann])
        for merge_id in merges:
            unmerged(merge_id)
        assert (members_of(listed), members_of(willing)) == before

    def test_the_map_knows_the_newest_owner_even_when_the_clock_stands_still(self, lake_home):
        ann, bob = person(1), person(2)
        keys = person_keys_of(bob)
        unmerged(merged(ann, bob))
        assert owner_of(keys[0]) == bob
        merged(ann, bob)
        assert owner_of(keys[0]) == ann, (
            "of equal moments the larger id would win, right for one of the two only"
        )

    def test_a_withdrawal_of_either_holds_for_both_and_ends_with_the_merge(self):
        yes, no = {("email", "marketing"): "granted"}, {("email", "marketing"): "withdrawn"}
        ann = person(1, consents=yes)
        bob = person(2, consents=no, at=AT + timedelta(hours=1))
        merge_id = merged(ann, bob, at=AT + timedelta(hours=2))
        verdict = may_contact([ann], channel="email", purpose="marketing")[ann]
        assert (verdict.allowed, verdict.reason) == (False, "withdrawn")
        unmerged(merge_id, at=AT + timedelta(hours=3))
        assert may_contact([ann], channel="email", purpose="marketing")[ann].allowed
        assert not may_contact([bob], channel="email", purpose="marketing")[bob].allowed

    def test_what_came_later_goes_where_its_links_lead(self):
        ann, bob = person(1), person(2)
        merge_id = merged(ann, bob)
        later = AT + timedelta(days=1)
        person(2, at=later, email="late@example.com")
        person(1, at=later, card="k1")
        unmerged(merge_id, at=later)
        assert find_members("late@example.com") == [bob]
        assert find_members("k1") == [ann]

    def test_merges_in_a_chain_are_undone_from_the_end(self):
        ann, bob, eve = person(1), person(2), person(3)
        before = state()
        first = merged(bob, eve)
        second = merged(ann, bob)
        with pytest.raises(Refused) as refusal:
            unmerged(first)
        assert refusal.value.code == "merged_further"
        assert refusal.value.details == {"merge_id": second}
        unmerged(second)
        unmerged(first)
        assert state() == before

    def test_an_earlier_merge_can_be_undone_around_a_later_one(self):
        ann, bob, eve = person(1, name=""), person(2, name="Bob Ray"), person(3, name="Eve Fox")
        POINTS.update({ann: 5, bob: 7, eve: 11})
        first = merged(ann, bob)
        second = merged(ann, eve)
        unmerged(first)
        assert member(ann, unmask=True).name == "Eve Fox"
        assert {ann: 16, bob: 7, eve: 0} == POINTS
        unmerged(second)
        assert member(ann).name == ""
        assert {ann: 5, bob: 7, eve: 11} == POINTS

    def test_a_pair_that_was_parted_is_remembered(self):
        ann, bob = person(1), person(2)
        unmerged(merged(ann, bob))
        assert list(Suggestion.objects.values_list("state", flat=True)) == ["rejected"]
        assert [found.undone_by for found in merges_of(ann)] == ["Shuke"]

    def test_refusals_change_nothing(self):
        ann, bob = person(1), person(2)
        merge_id = merged(ann, bob)
        before = state()
        for attempt in (
            lambda: merged(ann, ann),
            lambda: merged(ann, bob),
            lambda: merged(bob, ann),
            lambda: merged(ann, "mem_nobody"),
            lambda: merge_members(actor=VIEWER, at=AT, survivor_id=ann, absorbed_id=bob),
            lambda: unmerge_members(actor=VIEWER, at=AT, merge_id=merge_id),
            lambda: unmerged("mrg_none"),
        ):
            with pytest.raises((Refused, NotFound, NotPermitted)):
                attempt()
        assert state() == before
        unmerged(merge_id)
        with pytest.raises(Refused) as refusal:
            unmerged(merge_id)
        assert refusal.value.code == "already_unmerged"

    def test_it_is_told_audited_and_drawn_without_personal_values(self):
        heard = []
        subscribe(MembersMerged)(heard.append)
        subscribe(MembersUnmerged)(heard.append)
        ann, bob = person(1, phone="13800138000"), person(2, email="ann@example.com")
        merge_id = merged(ann, bob)
        graph = link_graph(ann)
        assert {node.kind for node in graph.nodes} == {"external", "phone", "email"}
        assert {(node.kind, node.origin) for node in graph.nodes if node.kind == "email"} == {("email", bob)}
        assert len(graph.edges) == 2
        assert [found.id for found in graph.merges] == [merge_id]
        unmerged(merge_id)
        assert [type(event) for event in heard] == [MembersMerged, MembersUnmerged]
        verbs = AuditEntry.objects.filter(verb__startswith="member.").values_list("verb", flat=True)
        assert list(verbs.order_by("pk")) == ["member.merged", "member.unmerged"]
        written = json.dumps(list(Merge.objects.values_list("evidence", "moved", "filled", "kept")))
        written += graph.model_dump_json() + str(list(OutboxRow.objects.values_list("payload", flat=True)))
        for value in ("13800138000", "ann@example.com", "Ann Lee"):
            assert value not in written


PEOPLE = st.lists(
    st.fixed_dictionaries(
        {
            "name": st.sampled_from(["", "Ann Lee", "王小明"]),
            "consents": st.dictionaries(
                st.sampled_from([("email", "marketing"), ("sms", "service")]),
                st.sampled_from(["granted", "withdrawn"]),
            ),
            "points": st.integers(0, 50),
            "stopped": st.booleans(),
        }
    ),
    min_size=2,
    max_size=4,
)


@pytest.mark.django_db
@settings(
    max_examples=25,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(people=PEOPLE, data=st.data())
def test_merging_and_unmerging_in_any_order_restores_exactly_what_was(people, data):
    POINTS.clear()
    with transaction.atomic():
        ids = []
        for number, each in enumerate(people):
            at = AT + timedelta(minutes=data.draw(st.integers(0, 2)))
            ids.append(person(number, name=each["name"], consents=each["consents"], at=at))
            POINTS[ids[-1]] = each["points"]
            if each["stopped"]:
                suppress(at=at, member_ids=[ids[-1]], channel="email", reason="bounced")
        before = state()
        total = sum(POINTS.values())
        survivor, *others = [ids[place] for place in data.draw(st.permutations(range(len(ids))))]
        merges = [merged(survivor, other, at=AT + timedelta(hours=1)) for other in others]
        assert sum(POINTS.values()) == total == POINTS[survivor]
        for place in data.draw(st.permutations(range(len(merges)))):
            unmerged(merges[place], at=AT + timedelta(hours=2))
        assert state() == before
        transaction.set_rollback(True)


@pytest.mark.django_db(transaction=True)
def test_merges_that_race_never_make_a_ring():
    """Everybody merges the next one into himself at once: whoever is second to touch a member is refused."""
    ids = [person(number, name="") for number in range(4)]

    def race(place):
        try:
            return merged(ids[place], ids[(place + 1) % 4])
        except Refused:
            return None
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        done = [merge_id for merge_id in pool.map(race, range(4)) if merge_id]
    assert Merge.objects.count() == len(done) < 4
    speakers = {survivor_of(each) for each in ids}
    assert speakers == set(Member.objects.filter(status="active").values_list("public_id", flat=True))
    assert len(speakers) == 4 - len(done)
