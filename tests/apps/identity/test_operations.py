"""Who is who: resolving keys of facts and registering member lists."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection

from shuke.apps.compliance.queries import consents_of, may_contact
from shuke.apps.identity.models import Identifier
from shuke.apps.identity.operations import register_members, resolve_person_keys
from shuke.apps.identity.queries import (
    addresses,
    find_members,
    identifiers_of,
    person_keys_of,
    primary_person_keys,
)
from shuke.apps.identity.schemas import MemberRegistration
from shuke.apps.members.models import Member
from shuke.apps.members.queries import member
from shuke.apps.members.schemas import MemberProfile
from shuke.platform.outbox.models import OutboxRow

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)


def registration(row_no=1, *, name="Ann Lee", attributes=None, consents=None, **identifiers):
    return MemberRegistration(
        row_no, identifiers, MemberProfile(name=name), attributes=attributes or {}, consents=consents or {}
    )


def register(*rows, at=AT):
    return register_members(at=at, account="acc_1", source="list", registrations=rows)


def resolve(*values, scope="acc_1"):
    return resolve_person_keys(at=AT, scope=scope, kind="external", values=values, source="orders")


def facts(table):
    return [fact for row in OutboxRow.objects.filter(table=table).order_by("id") for fact in row.payload]


@pytest.mark.django_db
class TestResolving:
    def test_equal_values_have_one_key_and_spaces_do_not_matter(self):
        keys = resolve("a", " a", "b", "a")
        assert keys["a"] == keys[" a"] != keys["b"]
        assert resolve("a")["a"] == keys["a"]
        assert Member.objects.count() == 2

    def test_the_same_number_in_two_shops_is_two_people(self):
        assert resolve("1")["1"] != resolve("1", scope="acc_2")["1"]

    def test_the_lake_is_told_whose_each_key_is(self):
        keys = resolve("a", "b")
        told = facts("identity_map")
        assert {fact["person_key"] for fact in told} == set(keys.values())
        assert "a" not in {fact.get("value") for fact in told}

    def test_no_values_are_no_work(self):
        assert resolve() == {}


@pytest.mark.django_db
class TestRegistering:
    def test_orders_first_then_the_list_is_one_member(self):
        key = resolve("c1")["c1"]
        outcome = register(registration(external="c1", email="ann@example.com"))
        assert (outcome.created, outcome.changed) == (0, 1)
        (member_id,) = find_members("ann@example.com")
        assert key in person_keys_of(member_id)
        assert primary_person_keys([member_id]) == {member_id: key}
        assert member(member_id, unmask=True).name == "Ann Lee"

    def test_the_same_list_twice_changes_nothing(self):
        rows = [
            registration(
                1, external="c1", attributes={"city": "Leeds"}, consents={("email", "marketing"): "granted"}
            ),
            registration(2, external="c2", name="王小明", phone="13800138000"),
        ]
        register(*rows)
        before = (Member.objects.values_list().count(), OutboxRow.objects.count())
        outcome = register(*rows, at=AT + timedelta(days=1))
        assert (outcome.created, outcome.changed, outcome.unchanged) == (0, 0, 2)
        assert (Member.objects.count(), OutboxRow.objects.count()) == before

    def test_an_email_of_somebody_else_stays_theirs_and_is_reported(self):
        register(registration(1, external="c1", email="a@example.com"))
        outcome = register(registration(7, external="c2", email="a@example.com", name="Bob"))
        assert [(issue.row_no, issue.code) for issue in outcome.issues] == [(7, "identifier_taken")] or (
            outcome.created == 0
        )
        owners = set(
            Identifier.objects.filter(kind="email").values_list("member__identifiers__kind", flat=True)
        )
        assert "external" in owners
        assert Identifier.objects.filter(kind="email").count() == 1

    def test_two_rows_of_one_person_are_one_member(self):
        outcome = register(
            registration(1, external="c1", email="a@example.com"),
            registration(2, card="k9", email="A@example.com"),
        )
        assert Member.objects.count() == outcome.created == 1

    def test_bad_values_are_reported_and_the_rest_of_the_row_is_kept(self):
        outcome = register(
            registration(3, external="c1", email="nonsense", phone="138****8000"), registration(4)
        )
        codes = {(issue.row_no, issue.code) for issue in outcome.issues}
        assert codes == {(3, "invalid_email"), (3, "invalid_phone"), (4, "no_identifier")}
        assert outcome.created == 1

    def test_nothing_personal_is_readable_in_the_database(self):
        register(registration(external="c1", email="ann@example.com", phone="13800138000"))
        stored = str(list(Identifier.objects.values())) + str(list(Member.objects.values()))
        told = str(list(OutboxRow.objects.values_list("payload", flat=True)))
        for value in ("ann@example.com", "13800138000", "Ann Lee"):
            assert value not in stored
            assert value not in told

    def test_people_are_found_by_identifier_and_name_and_shown_masked(self):
        register(registration(external="c1", email="ann@example.com"))
        (member_id,) = find_members("lee")
        assert find_members("c1") == find_members(member_id) == [member_id]
        assert find_members("nobody") == find_members(" ") == []
        shown = {view.kind: view.value for view in identifiers_of(member_id)}
        assert shown["email"] == "a***@example.com"
        assert addresses([member_id], kind="email") == {member_id: "ann@example.com"}

    def test_a_new_name_replaces_the_old_one_in_the_search(self):
        register(registration(external="c1"))
        register(registration(external="c1", name="Ann Smith"), at=AT + timedelta(days=1))
        assert find_members("lee") == []
        assert len(find_members("smith")) == 1

    def test_profiles_keep_what_a_later_list_does_not_know(self):
        row = MemberRegistration(1, {"external": "c1"}, MemberProfile(name="Ann", joined_on=date(2020, 1, 1)))
        register(row)
        register(MemberRegistration(1, {"external": "c1"}, MemberProfile()))
        (member_id,) = find_members("c1")
        assert member(member_id).joined_on == date(2020, 1, 1)

    def test_consents_of_the_list_hold(self):
        register(registration(external="c1", consents={("email", "marketing"): "granted"}))
        (member_id,) = find_members("c1")
        assert may_contact([member_id], channel="email", purpose="marketing")[member_id].allowed
        assert [view.state for view in consents_of(member_id)] == ["granted"]


@pytest.mark.django_db(transaction=True)
def test_threads_that_resolve_the_same_values_agree():
    def race(_):
        try:
            return resolve(*[str(i) for i in range(50)])
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(race, range(8)))
    assert all(answer == answers[0] for answer in answers)
    assert Member.objects.count() == Identifier.objects.count() == 50
