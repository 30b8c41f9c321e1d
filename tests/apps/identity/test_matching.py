"""Rules with limits, searches that only propose, and what a person decides."""

from datetime import UTC, datetime, timedelta

import pytest

from shuke.apps.identity.models import ErasedIdentifier, Identifier, Link, Merge, Suggestion
from shuke.apps.identity.operations import (
    accept_suggestion,
    apply_search,
    change_policy,
    readmit,
    register_members,
    reject_suggestion,
    reopen_suggestion,
    resolve_person_keys,
    search_members,
    start_applying,
    start_search,
)
from shuke.apps.identity.operations.alike import records_of_members
from shuke.apps.identity.queries import (
    find_members,
    identifiers_of,
    match_policy,
    match_run,
    merges_page,
    suggestions_page,
)
from shuke.apps.identity.schemas import KindPolicy, MemberRegistration, PolicyChange
from shuke.apps.members.models import Member
from shuke.apps.members.schemas import MemberProfile
from shuke.platform.errors import Invalid, NotPermitted, Refused
from shuke.platform.outbox.models import OutboxRow
from shuke.platform.permissions import SYSTEM, Actor
from shuke.platform.privacy import erase_all
from shuke.sources.files.fields import ANONYMOUS

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
PHONE = "13800138000"


def register(*rows, account="acc_1", at=AT):
    return register_members(
        at=at,
        account=account,
        source="list",
        registrations=[
            MemberRegistration(number, identifiers, MemberProfile(name=name))
            for number, (name, identifiers) in enumerate(rows)
        ],
    )


def search(method="rules", at=AT):
    run_id = start_search(actor=SYSTEM, at=at, method=method, in_background=False)
    search_members(at=at, run_id=run_id)
    return run_id


def applied(run_id, at=AT):
    start_applying(actor=SYSTEM, at=at, run_id=run_id, in_background=False)
    return apply_search(actor=SYSTEM, at=at, run_id=run_id)


def claimants(count, *, name="Ann Lee", kind="phone", value=PHONE):
    """So many customers of one shop who gave one value."""
    register(*((name, {"external": f"c{number}", kind: value}) for number in range(count)))


def people():
    return Member.objects.filter(status="active").count()


@pytest.mark.django_db
class TestPlacing:
    def test_a_new_number_of_a_shop_that_knows_another_is_a_new_member(self):
        claimants(2)
        assert people() == 2
        assert Link.objects.count() == 2

    def test_a_number_of_another_shop_joins_by_phone_if_the_names_agree(self):
        claimants(1)
        register(("Ann Lee", {"external": "w1", "phone": PHONE}), account="acc_2")
        register(("Bob Ray", {"external": "w2", "phone": PHONE}), account="acc_3")
        assert people() == 2
        assert len(identifiers_of(find_members("w1")[0])) == 3

    def test_a_device_makes_no_member_until_it_is_named(self):
        keys = resolve_person_keys(at=AT, scope="acc_1", kind="anonymous", values=["d1", "d2"], source="web")
        register(("", {"anonymous": "d3"}))
        assert (people(), Identifier.objects.filter(member=None).count()) == (0, 3)
        assert not OutboxRow.objects.filter(table="identity_map").exists()
        register(("Ann Lee", {"external": "c1", "anonymous": "d1"}))
        told = [fact for row in OutboxRow.objects.filter(table="identity_map") for fact in row.payload]
        assert keys["d1"] in {fact["person_key"] for fact in told}
        assert (
            resolve_person_keys(at=AT, scope="acc_1", kind="anonymous", values=["d1"], source="x")["d1"]
            == keys["d1"]
        )

    def test_a_device_that_two_people_use_stays_with_the_first(self):
        register(("Ann Lee", {"external": "c1", "anonymous": "d1"}))
        outcome = register(("Bob Ray", {"external": "c2", "anonymous": "d1"}))
        assert people() == 2
        assert outcome.issues == ()
        assert find_members("d1") == find_members("c1")

    def test_a_masked_value_is_no_identifier_and_a_cipher_makes_nobody(self):
        cipher = "##AbCdEfGh0123456789AbCdEfGh=="
        outcome = register(("Ann", {"external": "c1", "phone": "138****8000"}), ("", {"external": cipher}))
        assert [issue.code for issue in outcome.issues] == ["invalid_phone"]
        assert people() == 1
        assert Identifier.objects.get(form="cipher").member is None


@pytest.mark.django_db
class TestRules:
    @pytest.mark.parametrize(("count", "left"), [(2, 1), (3, 1), (4, 4), (9, 9)])
    def test_a_phone_links_up_to_three_and_nobody_beyond(self, count, left):
        claimants(count)
        run_id = search()
        assert people() == count
        assert match_run(run_id).counts["over_limit"] == (1 if count > 3 else 0)
        applied(run_id)
        assert people() == left

    def test_a_fourth_claim_takes_the_merges_back(self):
        claimants(3)
        applied(search())
        later = AT + timedelta(days=1)
        register(("Ann Lee", {"external": "c9", "phone": PHONE}), at=later)
        run_id = search(at=later)
        assert match_run(run_id).counts["undone"] == 2
        applied(run_id, at=later)
        assert people() == 4
        assert Merge.objects.filter(undone_at=None).count() == 0

    def test_another_name_is_for_a_person_to_decide(self):
        register(
            ("Ann Lee", {"external": "c1", "phone": PHONE}), ("Bob Lee", {"external": "c2", "phone": PHONE})
        )
        applied(search())
        assert people() == 2
        assert [row.confidence for row in suggestions_page()[0]] == [500]

    def test_receivers_and_ciphers_never_link(self):
        for kind in ("receiver_phone", "order_contact", "anonymous"):
            claimants(2, kind=kind, value=PHONE)
        assert match_run(search()).counts["sure"] == 0
        with pytest.raises(Invalid):
            change_policy(
                actor=SYSTEM,
                at=AT,
                change=PolicyChange(
                    kinds=[KindPolicy(kind="receiver_phone", links=True, limit=3)],
                    review_from=800,
                    link_from=990,
                ),
            )

    def test_the_retailer_sets_limits_and_what_links(self):
        claimants(3)
        phone = KindPolicy(kind="phone", links=True, limit=2)
        change_policy(actor=SYSTEM, at=AT, change=PolicyChange(kinds=[phone], review_from=700, link_from=980))
        assert match_run(search()).counts["sure"] == 0
        assert {kind.kind: kind.limit for kind in match_policy().kinds}["phone"] == 2
        with pytest.raises(Invalid):
            change_policy(actor=SYSTEM, at=AT, change=PolicyChange(review_from=990, link_from=800))
        viewer = Actor(kind="user", id="1", name="V", role="viewer")
        with pytest.raises(NotPermitted):
            change_policy(actor=viewer, at=AT, change=PolicyChange(review_from=900, link_from=990))

    def test_a_search_changes_nothing_and_only_the_newest_can_be_applied_once(self):
        claimants(2)
        first, second = search(), search()
        assert Merge.objects.count() == 0
        with pytest.raises(Refused):
            applied(first)
        assert applied(second) == 1
        with pytest.raises(Refused):
            applied(second)

    def test_applying_goes_on_where_it_was_killed(self, monkeypatch):
        for number in range(3):
            pair = [
                ("Ann Lee", {"external": f"{number}{side}", "email": f"e{number}@example.com"})
                for side in "ab"
            ]
            register(*pair)
        monkeypatch.setattr("shuke.apps.identity.operations.applying.MERGES_PER_TRANSACTION", 1)
        run_id = search()
        start_applying(actor=SYSTEM, at=AT, run_id=run_id, in_background=False)

        def killed(done, _total, _label):
            if done == 2:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            apply_search(actor=SYSTEM, at=AT, run_id=run_id, tell=killed)
        assert Merge.objects.count() == 2
        assert apply_search(actor=SYSTEM, at=AT, run_id=run_id) == 1
        assert (people(), match_run(run_id).state) == (3, "applied")


@pytest.mark.django_db
class TestDeciding:
    def pair(self):
        register(
            ("Ann Lee", {"external": "c1", "phone": PHONE}), ("Bob Lee", {"external": "c2", "phone": PHONE})
        )
        applied(search())
        return suggestions_page()[0][0]

    def test_merging_keeps_whom_one_chooses(self):
        pair = self.pair()
        accept_suggestion(actor=SYSTEM, at=AT, suggestion_id=pair.id, survivor_id=pair.right_id)
        assert merges_page()[0][0].survivor_id == pair.right_id
        with pytest.raises(Refused):
            reject_suggestion(actor=SYSTEM, at=AT, suggestion_id=pair.id)

    def test_a_pair_kept_apart_is_never_proposed_again_until_it_is_reopened(self):
        pair = self.pair()
        reject_suggestion(actor=SYSTEM, at=AT, suggestion_id=pair.id)
        run_id = search()
        assert match_run(run_id).counts["kept_apart"] == 1
        assert suggestions_page()[1] == 0
        reopen_suggestion(actor=SYSTEM, at=AT, suggestion_id=pair.id)
        assert suggestions_page()[1] == 1


@pytest.mark.django_db
class TestLikeness:
    def test_members_that_are_nearly_the_same_are_found_without_a_shared_value(self):
        rows = []
        for number in range(60):
            digits = f"{number:02d}"
            rows.append(
                (
                    f"Person{digits} Family{digits}",
                    {"external": f"c{digits}", "email": f"p{digits}@example.com"},
                )
            )
        register(*rows)
        Member.objects.update(updated_at=AT)
        first = find_members("c07")[0]
        register_members(
            at=AT,
            account="acc_2",
            source="web",
            registrations=[
                MemberRegistration(
                    1,
                    {"external": "w07", "email": "p07@example.con"},
                    MemberProfile(name="Person07 Family07"),
                ),
                MemberRegistration(
                    2,
                    {"external": "w08", "email": "p08@example.con"},
                    MemberProfile(name="Person08 Family08"),
                ),
            ],
        )
        assert records_of_members().height == 62
        run_id = search("model")
        pairs, _ = suggestions_page(state="proposed", run_id=run_id)
        assert {first, find_members("w07")[0]} in [{row.left_id, row.right_id} for row in pairs]
        assert set(pairs[0].evidence["fields"]) == {"name", "birthday", "phone", "email", "address"}


@pytest.mark.django_db
class TestForgotten:
    def forget(self):
        register(("Ann Lee", {"external": "c1", "email": "a@example.com", "phone": PHONE}))
        (member_id,) = find_members("c1")
        keys = erase_all(member_id, AT)
        return member_id, keys

    def test_a_forgotten_person_does_not_come_back_with_the_next_list_or_order(self):
        member_id, keys = self.forget()
        assert member_id in keys
        assert ErasedIdentifier.objects.count() == 3
        outcome = register(
            ("Ann Lee", {"external": "c1", "email": "a@example.com"}), ("Bob Ray", {"external": "c2"})
        )
        assert [(issue.row_no, issue.code) for issue in outcome.issues] == [(0, "person_erased")]
        assert outcome.created == 1
        resolved = resolve_person_keys(at=AT, scope="acc_1", kind="external", values=["c1"], source="orders")
        assert resolved == {"c1": ANONYMOUS}
        assert find_members("a@example.com") == []

    def test_somebody_else_who_shares_a_forgotten_phone_is_taken_without_it(self):
        register(("Bob Ray", {"external": "c2"}))
        self.forget()
        register(("Bob Ray", {"external": "c2", "phone": PHONE}))
        (bob,) = find_members("c2")
        assert [view.kind for view in identifiers_of(bob)] == ["external"]

    def test_a_new_consent_lets_one_value_in_again(self):
        self.forget()
        assert readmit(actor=SYSTEM, at=AT, account="acc_1", kind="email", value="A@example.com")
        assert not readmit(actor=SYSTEM, at=AT, account="acc_1", kind="email", value="a@example.com")
        outcome = register(("Ann Lee", {"email": "a@example.com"}))
        assert outcome.created == 1

    def test_nothing_of_a_forgotten_person_is_left_in_pairs_merges_and_links(self):
        register(
            ("Ann Lee", {"external": "c1", "phone": PHONE}), ("Ann Lee", {"external": "c2", "phone": PHONE})
        )
        applied(search())
        (ann,) = find_members("c1")
        erase_all(ann, AT)
        left = [model.objects.count() for model in (Identifier, Link, Suggestion, Merge)]
        assert left == [0, 0, 0, 0]
        assert {row.status for row in Member.objects.all()} == {"erased"}
