"""A member merged into another: who speaks, what is found, and that undoing puts everything back."""

from datetime import UTC, date, datetime

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from shuke.apps.members.models import Member, NameToken
from shuke.apps.members.operations import (
    change_profiles,
    create_members,
    erase_profile,
    mark_merged,
    mark_unmerged,
)
from shuke.apps.members.queries import (
    absorbed_members,
    member,
    members_count,
    members_named,
    profile_record,
    survivor_of,
)
from shuke.apps.members.schemas import MemberProfile
from shuke.platform.accounts.models import User
from shuke.platform.accounts.operations import create_user
from shuke.platform.errors import NotFound, Refused
from shuke.platform.permissions import SYSTEM

AT = datetime(2026, 3, 1, tzinfo=UTC)


def make(*profiles):
    return [ref.public_id for ref in create_members(at=AT, source="test", profiles=profiles)]


def state():
    """Everything of members that people could see, and by which words they are found."""
    rows = sorted(Member.objects.values_list("public_id", flat=True))
    tokens = sorted(NameToken.objects.values_list("member__public_id", "token_hash"))
    return [(profile_record(each), member(each, unmask=True).merged_into) for each in rows], tokens


profiles = st.builds(
    MemberProfile,
    name=st.sampled_from(["", "Ann Lee", "王小明"]),
    birthday=st.sampled_from([None, date(1990, 5, 3)]),
    joined_on=st.sampled_from([None, date(2020, 1, 1)]),
    language=st.sampled_from(["", "en", "zh-hans"]),
)


class Undoing(TestCase):
    @settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
    @given(profiles, profiles, profiles)
    def test_merge_then_unmerge_is_identity(self, first, second, third):
        a, b, c = make(first, second, third)
        before = state()
        filled = mark_merged(at=AT, member_id=a, into_id=b)
        middle = state()
        chained = mark_merged(at=AT, member_id=b, into_id=c)
        assert survivor_of(a) == survivor_of(b) == c
        assert set(absorbed_members(c)) == {a, b}
        mark_unmerged(at=AT, member_id=b, filled=chained)
        assert state() == middle
        mark_unmerged(at=AT, member_id=a, filled=filled)
        assert state() == before


def test_the_survivor_takes_over_only_what_it_lacks(db):
    a, b = make(MemberProfile(name="Ann Lee", language="en"), MemberProfile(name="Anne"))
    assert mark_merged(at=AT, member_id=a, into_id=b) == ["language"]
    assert (profile_record(b)["name"], profile_record(b)["language"]) == ("Anne", "en")
    assert members_count() == 1
    assert members_named("ann lee") == [b], "the name of who was merged finds who stands for both"


def test_what_was_said_after_the_merge_stays(db):
    a, b = make(MemberProfile(name="Ann"), MemberProfile())
    filled = mark_merged(at=AT, member_id=a, into_id=b)
    pk = Member.objects.get(public_id=b).pk
    change_profiles(at=AT, profiles={pk: MemberProfile(name="Anna Lee")})
    mark_unmerged(at=AT, member_id=a, filled=filled)
    assert (profile_record(a)["name"], profile_record(b)["name"]) == ("Ann", "Anna Lee")
    assert members_named("anna") == [b]


@pytest.mark.parametrize("case", ["self", "unknown", "again", "into the merged", "erased"])
def test_what_cannot_be_merged_is_refused_and_changes_nothing(db, case):
    a, b, c = make(MemberProfile(name="Ann"), MemberProfile(), MemberProfile())
    mark_merged(at=AT, member_id=c, into_id=b)
    pair = {
        "self": (a, a),
        "unknown": (a, "mem_none"),
        "again": (c, a),
        "into the merged": (a, c),
        "erased": (a, b),
    }[case]
    if case == "erased":
        erase_profile(at=AT, member_id=b)
    before = state()
    with pytest.raises(Refused) as refused:
        mark_merged(at=AT, member_id=pair[0], into_id=pair[1])
    assert refused.value.code == "not_mergeable"
    assert state() == before


def test_unmerging_who_is_not_merged_is_refused(db):
    (a,) = make(MemberProfile())
    for member_id in (a, "mem_none"):
        with pytest.raises(Refused) as refused:
            mark_unmerged(at=AT, member_id=member_id, filled=[])
        assert refused.value.code == "not_merged"


def test_erasing_the_survivor_erases_those_it_stands_for(db):
    a, b, c = make(MemberProfile(name="Ann"), MemberProfile(name="Anne"), MemberProfile(name="Cleo"))
    mark_merged(at=AT, member_id=a, into_id=b)
    assert erase_profile(at=AT, member_id=b)
    assert [(profile_record(each)["status"], profile_record(each)["name"]) for each in (a, b, c)] == [
        ("erased", ""), ("erased", ""), ("active", "Cleo"),
    ]  # fmt: skip
    assert not NameToken.objects.exclude(member__public_id=c).exists()


def test_a_merged_row_must_say_into_whom(db):
    (a,) = make(MemberProfile())
    with pytest.raises(IntegrityError), transaction.atomic():
        Member.objects.filter(public_id=a).update(status="merged")


def test_who_is_unknown_has_no_survivor(db):
    with pytest.raises(NotFound):
        survivor_of("mem_none")


@pytest.fixture
def client(db):
    view = create_user(actor=SYSTEM, at=AT, username="v", password="correct horse 9", role="viewer")
    client = Client()
    client.force_login(User.objects.get(public_id=view.id))
    return client


def test_the_page_of_the_merged_leads_to_the_survivor(client, lake_home):
    a, b = make(MemberProfile(name="Ann"), MemberProfile(name="Anne"))
    mark_merged(at=AT, member_id=a, into_id=b)
    answer = client.get(f"/members/{a}/", follow=True)
    assert answer.redirect_chain == [(f"/members/{b}/", 302)]
    assert "found to be the same person" in answer.text
    assert client.get(f"/api/v1/members/{a}").json()["merged_into"] == b


def test_the_page_of_the_erased_says_so_and_nothing_else(client, lake_home):
    (a,) = make(MemberProfile(name="Ann"))
    erase_profile(at=AT, member_id=a)
    page = client.get(f"/members/{a}/").text
    assert "This person was erased" in page
    assert f"/members/{a}/timeline/" not in page
