"""A voucher's life: issued, claimed, passed on, held, used, let go, over, cancelled, back."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from shuke.apps.promotions import operations, queries
from shuke.apps.promotions.models import Voucher, VoucherCounter, VoucherEvent, VoucherReservation
from shuke.apps.promotions.operations import counters
from shuke.apps.promotions.rules.terms import Limits
from shuke.platform.crypto import keyring
from shuke.platform.errors import Invalid, NotFound, Refused
from shuke.platform.outbox.models import OutboxRow
from shuke.platform.permissions import SYSTEM
from tests.apps.promotions.conftest import BASKET, START, TWENTY, defined

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _limits_vouchers_and_purchases_agree(members):
    yield
    assert list(queries.voucher_findings()) == []


def issued(member: str, definition: str, *, key: str = "k", at=START) -> tuple[str, str]:
    """A voucher in the member's hands: its id and code."""
    voucher_id = operations.issue_voucher(
        actor=SYSTEM, at=at, key=key, definition_id=definition, member_id=member
    )
    own = {v.voucher_id: v.code for v in queries.member_vouchers(member, at=at)}
    return voucher_id, own[voucher_id]


def quote(*codes: str, member: str = "", at=START, basket=BASKET, **more: Any):
    return queries.voucher_quote(
        codes=codes,
        member_id=member,
        tier=more.pop("tier", ""),
        basket=basket,
        left=basket.list_amounts(),
        at=at,
        **more,
    )


def why(*codes: str, **more: Any) -> list[str]:
    return [refusal.code for refusal in quote(*codes, **more).refusals]


def held(member: str, *codes: str, key: str = "r1", at=START, minutes: int = 10):
    uses = quote(*codes, member=member, at=at).uses
    return operations.reserve_vouchers(
        key=key, uses=uses, member_id=member, until=at + minutes * MINUTE, at=at
    )


def state(voucher_id: str) -> str:
    return Voucher.objects.get(public_id=voucher_id).state


def refusal_of(call: Any, **given: Any) -> str:
    with pytest.raises(Refused) as found:
        call(**given)
    return found.value.code


def used(definition: str, what: str = "uses") -> int:
    rows = VoucherCounter.objects.filter(definition__public_id=definition, what=what)
    return sum(rows.values_list("used", flat=True))


def test_a_voucher_is_held_used_and_told_to_the_lake(members):
    ann = members[0]
    voucher, code = issued(ann, defined(limits={"uses": 5, "budget_minor": 10_000, "uses_per_member": 1}))
    assert [use.off_minor for use in quote(code.lower(), member=ann).uses] == [2000]
    first = held(ann, code)
    assert (first.outcome, first.state, first.uses[0].off_minor) == ("created", "held", 2000)
    assert state(voucher) == "reserved"
    assert why(code, member=ann) == ["reserved_elsewhere"]
    assert operations.redeem_vouchers(key="r1", order_id="o:1", at=START + MINUTE).state == "redeemed"
    assert why(code, member=ann) == ["already_used"]
    assert [event.event for event in VoucherEvent.objects.order_by("pk")] == [
        "issued",
        "reserved",
        "redeemed",
    ]
    told = OutboxRow.objects.filter(table="voucher_events").order_by("pk")
    rows = [row for out in told for row in out.payload]
    assert [(row["event"], row["order_id"], row["amount_minor"]) for row in rows] == [
        ("issued", None, None),
        ("reserved", None, 2000),
        ("redeemed", "o:1", 2000),
    ]


def test_what_is_asked_again_is_done_once(members):
    ann = members[0]
    definition = defined(limits={"uses": 5})
    _voucher, code = issued(ann, definition)
    assert issued(ann, definition)[0] == _voucher
    uses = quote(code, member=ann).uses
    asked = {"key": "r", "uses": uses, "member_id": ann, "until": START + 9 * MINUTE, "at": START}
    assert operations.reserve_vouchers(**asked).outcome == "created"
    assert operations.reserve_vouchers(**asked).outcome == "replayed"
    assert used(definition) == 1
    other = {**asked, "until": START + 8 * MINUTE}
    assert refusal_of(operations.reserve_vouchers, **other) == "idempotency_conflict"
    assert operations.redeem_vouchers(key="r", order_id="o", at=START).outcome == "created"
    assert operations.redeem_vouchers(key="r", order_id="o", at=START).outcome == "replayed"
    assert refusal_of(operations.redeem_vouchers, key="r", order_id="x", at=START) == "idempotency_conflict"
    assert refusal_of(operations.release_vouchers, key="r", at=START) == "reservation_ended"
    assert VoucherEvent.objects.filter(event="redeemed").count() == 1


def test_a_release_gives_everything_back(members):
    ann = members[0]
    definition = defined(limits={"uses": 1, "uses_per_member": 1, "budget_minor": 2000})
    voucher, code = issued(ann, definition)
    held(ann, code)
    assert (used(definition), used(definition, "budget")) == (1, 2000)
    assert operations.release_vouchers(key="r1", at=START + MINUTE).state == "released"
    assert operations.release_vouchers(key="r1", at=START + MINUTE).outcome == "replayed"
    assert (state(voucher), used(definition), used(definition, "budget")) == ("claimed", 0, 0)
    assert refusal_of(operations.redeem_vouchers, key="r1", order_id="o", at=START) == "reservation_ended"
    assert held(ann, code, key="r2").state == "held"


def test_a_hold_that_ran_out_stands_in_nobodys_way(members):
    ann = members[0]
    definition = defined(limits={"uses": 1})
    voucher, code = issued(ann, definition)
    held(ann, code, minutes=5)
    later = START + 6 * MINUTE
    assert why(code, member=ann, at=later) == []
    assert held(ann, code, key="r2", at=later).state == "held"
    assert VoucherReservation.objects.get(key="r1").state == "released"
    assert refusal_of(operations.redeem_vouchers, key="r1", order_id="o", at=later) == "reservation_ended"
    released = VoucherEvent.objects.get(event="released")
    assert released.at == START + 5 * MINUTE
    operations.redeem_vouchers(key="r2", order_id="o", at=later)
    assert (state(voucher), used(definition)) == ("redeemed", 1)


def test_holds_that_ran_out_are_ended_by_the_minute(members):
    ann = members[0]
    voucher, code = issued(ann, defined(limits={"uses": 1}))
    held(ann, code, minutes=5)
    assert operations.end_timed_out_vouchers(at=START + 5 * MINUTE) == 0
    assert (
        refusal_of(operations.redeem_vouchers, key="r1", order_id="o", at=START + DAY) == "reservation_ended"
    )
    assert operations.end_timed_out_vouchers(at=START + 6 * MINUTE) == 1
    assert state(voucher) == "claimed"


def test_somebody_elses_voucher_is_refused_also_when_the_quote_was_older(members):
    ann, bob = members[:2]
    definition = defined(gifting={"is_allowed": True})
    voucher, code = issued(ann, definition)
    assert why(code, member=bob) == ["wrong_member"]
    assert why(code) == ["wrong_member"]
    uses = quote(code, member=ann).uses
    secret = operations.offer_gift(voucher_id=voucher, member_id=ann, at=START)
    operations.take_gift(secret=secret, member_id=bob, at=START)
    given = {"key": "r", "member_id": ann, "until": START + DAY, "at": START}
    assert refusal_of(operations.reserve_vouchers, uses=uses, **given) == "voucher_wrong_member"
    bobs = queries.member_vouchers(bob, at=START)[0]
    stolen = (replace(uses[0], voucher_id=bobs.voucher_id),)
    assert refusal_of(operations.reserve_vouchers, uses=stolen, **given) == "voucher_wrong_member"
    assert VoucherReservation.objects.count() == 0


def test_a_gift_gets_a_new_code_and_the_old_one_is_worth_nothing(members):
    ann, bob, cy, _dee = members
    voucher, code = issued(ann, defined(gifting={"is_allowed": True, "times": 1, "new_within_days": 30}))
    secret = operations.offer_gift(voucher_id=voucher, member_id=ann, at=START)
    assert refusal_of(operations.take_gift, secret=secret, member_id=ann, at=START) == "gift_to_oneself"
    late = START + 40 * DAY
    assert refusal_of(operations.take_gift, secret=secret, member_id=bob, at=late) == "voucher_expired"
    new = operations.take_gift(secret=secret, member_id=bob, at=START + DAY)
    assert operations.take_gift(secret=secret, member_id=bob, at=START + DAY) == new
    assert refusal_of(operations.take_gift, secret=secret, member_id=cy, at=START) == "gift_taken"
    assert why(code, member=ann) == why(code, member=bob) == ["wrong_member"]
    own = queries.member_vouchers(bob, at=START + DAY)[0]
    assert (own.voucher_id, own.may_be_gifted) == (new, False)
    assert why(own.code, member=bob, at=START + DAY) == []
    given = {"voucher_id": new, "member_id": bob, "at": START}
    assert refusal_of(operations.offer_gift, **given) == "voucher_not_giftable"
    assert refusal_of(operations.take_gift, secret="nothing", member_id=bob, at=START) == "gift_not_found"


def test_gifts_for_new_members_only(members):
    ann, bob = members[:2]
    gifting = {"is_allowed": True, "new_within_days": 5}
    voucher, _code = issued(ann, defined(gifting=gifting, days_after_claim=300), at=START + 20 * DAY)
    secret = operations.offer_gift(voucher_id=voucher, member_id=ann, at=START + 20 * DAY)
    given = {"secret": secret, "member_id": bob, "at": START + 20 * DAY}
    assert refusal_of(operations.take_gift, **given) == "gift_for_new_members"


def test_claims_are_limited_in_all_and_by_member(members):
    ann, bob, cy, dee = members
    definition = defined(is_claimable=True, limits={"claims": 3, "claims_per_member": 2})

    def claim(member: str, key: str) -> str:
        return operations.claim_voucher(key=key, definition_id=definition, member_id=member, at=START)

    first = claim(ann, "a")
    assert claim(ann, "a") == first
    assert refusal_of(claim, member=bob, key="a") == "idempotency_conflict"
    claim(ann, "b")
    assert refusal_of(claim, member=ann, key="c") == "voucher_limit_reached"
    claim(bob, "d")
    assert refusal_of(claim, member=cy, key="e") == "voucher_limit_reached"
    assert (used(definition, "claims"), Voucher.objects.count()) == (3, 3)
    assert (
        refusal_of(operations.claim_voucher, key="x", definition_id=defined(), member_id=dee, at=START)
        == "voucher_not_claimable"
    )


def test_unique_codes_belong_to_whom_claims_or_uses_them_first(members):
    ann, bob = members[:2]
    batch = operations.order_codes(actor=SYSTEM, at=START, key="b", definition_id=defined(), count=3)
    operations.make_codes(batch_id=batch)
    codes = [code for code, _state in queries.batch_codes(batch)]
    told = [row for out in OutboxRow.objects.filter(table="voucher_events") for row in out.payload]
    assert {row["voucher_id"] for row in told} == set(Voucher.objects.values_list("public_id", flat=True))
    assert {(row["event"], row["local_date"], row["local_hour"]) for row in told} == {
        ("issued", "2026-01-05", 12)
    }
    assert why(codes[0], member=ann) == []
    operations.claim_code(key="c", code=codes[0], member_id=ann, at=START)
    assert operations.claim_code(key="c", code=codes[0], member_id=ann, at=START)
    given = {"key": "d", "code": codes[0], "member_id": bob, "at": START}
    assert refusal_of(operations.claim_code, **given) == "voucher_wrong_member"
    assert why(codes[0], member=bob) == ["wrong_member"]
    held(bob, codes[1])
    operations.redeem_vouchers(key="r1", order_id="o", at=START)
    assert [v.state for v in queries.member_vouchers(bob, at=START, with_ended=True)] == ["redeemed"]
    # Nobody in particular may use one, too.
    held("", codes[2], key="r2")
    assert operations.redeem_vouchers(key="r2", order_id="o2", at=START).state == "redeemed"


def test_a_shared_code_makes_a_voucher_for_each_use(members):
    ann, bob = members[:2]
    definition = defined(limits={"uses": 2, "uses_per_member": 1}, days_after_claim=None)
    operations.create_shared_code(actor=SYSTEM, at=START, definition_id=definition, word="Welcome 10")
    assert why("WELCOME-10") == ["wrong_member"]
    held(ann, "welcome10")
    operations.redeem_vouchers(key="r1", order_id="o1", at=START)
    assert why("welcome10", member=ann) == ["limit_reached"]
    held(bob, "welcome10", key="r2")
    assert why("welcome10", member=members[2]) == ["limit_reached"]
    operations.release_vouchers(key="r2", at=START)
    assert why("welcome10", member=members[2]) == []
    assert Voucher.objects.filter(state="redeemed", member__public_id=ann).count() == 1
    assert Voucher.objects.filter(state="cancelled").count() == 1
    taken = {"actor": SYSTEM, "at": START, "definition_id": defined(), "word": "welcome10"}
    assert refusal_of(operations.create_shared_code, **taken) == "word_taken"


def test_a_quote_of_a_limit_that_holds_have_timed_out_of(members):
    ann, bob = members[:2]
    definition = defined(limits={"uses": 1}, days_after_claim=None)
    operations.create_shared_code(actor=SYSTEM, at=START, definition_id=definition, word="FLASH")
    held(ann, "FLASH", minutes=5)
    assert why("FLASH", member=bob, at=START + MINUTE) == ["limit_reached"]
    assert why("FLASH", member=bob, at=START + 6 * MINUTE) == []
    assert held(bob, "FLASH", key="r2", at=START + 6 * MINUTE).state == "held"
    assert used(definition) == 1


def test_reasons_that_need_no_basket(members):
    ann = members[0]
    voucher, code = issued(ann, defined())
    wrong = code[:-1] + ("3" if code[-1] != "3" else "4")
    assert why(wrong, "NOTHING", "", "x" * 99, "a\x00b", member=ann) == [
        "check_sign_wrong",
        *["unknown_code"] * 4,
    ]
    assert why(code, code, member=ann) == ["not_combinable"]
    assert why(code, member=ann, at=START - DAY) == ["not_yet_valid"]
    assert why(code, member=ann, at=START + 31 * DAY) == ["expired"]
    operations.cancel_voucher(actor=SYSTEM, at=START, voucher_id=voucher, reason="mistake")
    assert why(code, member=ann) == ["cancelled"]
    with pytest.raises(Refused, match="at most 12"):
        quote(*[code] * 13)


def test_who_guesses_is_slowed_down(members, settings, tmp_path):
    ann = members[0]
    _voucher, code = issued(ann, defined())
    for n in range(10):
        found = quote(f"NOTHING{n}", member=ann, who="till")
        operations.count_wrong_codes(who="till", refusals=found.refusals, at=START)
    assert why(code, member=ann, who="till") == ["too_many_wrong_codes"]
    assert why(code, member=ann, who="another till") == []
    assert why(code, member=ann, who="till", at=START + MINUTE) == []
    given = {"key": "k", "code": code, "member_id": ann, "at": START, "who": "till"}
    assert refusal_of(operations.claim_code, **given) == "voucher_too_many_wrong_codes"


def test_time_ends_vouchers_at_once_and_the_night_writes_it_down(members):
    ann = members[0]
    voucher, code = issued(ann, defined(days_after_claim=1))
    late = START + 2 * DAY
    assert why(code, member=ann, at=late) == ["expired"]
    assert queries.member_vouchers(ann, at=late) == []
    assert queries.member_vouchers(ann, at=late, with_ended=True)[0].state == "expired"
    assert operations.expire_vouchers(at=late) == 1
    assert operations.expire_vouchers(at=late) == 0
    assert state(voucher) == "expired"


def test_a_whole_return_gives_back_renews_or_keeps(members):
    ann = members[0]
    outcomes = {}
    for policy, days in (("no", 1), ("if_valid", 1), ("if_valid", 40), ("renew", 1), ("renew", 40)):
        definition = defined(give_back=policy, limits={"uses": 9}, days_after_claim=30)
        voucher, code = issued(ann, definition, key=definition)
        held(ann, code, key=voucher, at=START + 10 * DAY)
        operations.redeem_vouchers(key=voucher, order_id=voucher, at=START + 10 * DAY)
        back = {"key": voucher, "order_id": voucher, "at": START + days * DAY}
        assert operations.return_vouchers(**back, is_whole=False)[0].outcome == "kept"
        assert used(definition) == 1
        (answer,) = operations.return_vouchers(**back, is_whole=True)
        assert operations.return_vouchers(**back, is_whole=True) == (answer,)
        outcomes[policy, days] = (answer.outcome, state(voucher), used(definition))
        if answer.outcome == "renewed":
            new = Voucher.objects.get(public_id=answer.new_voucher_id)
            # 20 days were left on the day of the purchase.
            assert (new.valid_through - (START + 60 * DAY)).days == 0
            assert new.state == "claimed"
    assert outcomes == {
        ("no", 1): ("kept", "redeemed", 1),
        ("if_valid", 1): ("given_back", "claimed", 0),
        ("if_valid", 40): ("kept", "redeemed", 1),
        ("renew", 1): ("given_back", "claimed", 0),
        ("renew", 40): ("renewed", "redeemed", 0),
    }


def test_what_is_left_after_a_return_is_worked_out_anew(members):
    ann = members[0]
    _voucher, code = issued(ann, defined(conditions={"minimum_minor": 10_000}, on_return="recompute"))
    first = held(ann, code)
    assert first.uses[0].on_return == "recompute"
    operations.redeem_vouchers(key="r1", order_id="o", at=START)
    rest = replace(BASKET, lines=BASKET.lines[:2])
    left = {1: 4990, 2: 15}
    assert queries.vouchers_after_return(key="r1", basket=rest, left=left, at=START) == ()
    whole = queries.vouchers_after_return(key="r1", basket=BASKET, left=BASKET.list_amounts(), at=START)
    assert whole[0].lines == {1: 683, 2: 2, 3: 1315}


def test_money_that_no_shard_has_left_is_put_together(members):
    definition = defined(limits={"budget_minor": 10_000})
    row = VoucherCounter.objects.filter(what="budget").first().definition_id
    assert VoucherCounter.objects.filter(what="budget").count() == counters.MOST_SHARDS
    taken = counters.take(row, what="budget", amount=9_999, seed="a")
    assert len(taken) == counters.MOST_SHARDS
    with pytest.raises(counters.LimitReached):
        counters.take(row, what="budget", amount=2, seed="b")
    counters.set_limits(row, limits=Limits(budget_minor=20_000))
    assert used(definition, "budget") == 9_999
    counters.take(row, what="budget", amount=10_001, seed="c")
    counters.give_back(taken)
    assert used(definition, "budget") == 10_001
    # No purchase took it.
    VoucherCounter.objects.all().delete()


def test_a_new_version_changes_nothing_of_what_is_out(members):
    ann = members[0]
    definition = defined()
    _voucher, code = issued(ann, definition)
    terms = {**TWENTY, "amount_minor": 500}
    operations.change_definition(actor=SYSTEM, at=START, definition_id=definition, name="Five", terms=terms)
    assert quote(code, member=ann).off_minor == 2000
    assert operations.publish_definition(actor=SYSTEM, at=START, definition_id=definition) == 2
    assert quote(code, member=ann).off_minor == 2000
    assert quote(issued(ann, definition, key="k2")[1], member=ann).off_minor == 500
    operations.end_definition(actor=SYSTEM, at=START, definition_id=definition)
    given = {"actor": SYSTEM, "at": START, "key": "k3", "definition_id": definition, "member_id": ann}
    assert refusal_of(operations.issue_voucher, **given) == "voucher_definition_not_open"
    assert quote(code, member=ann).off_minor == 2000
    with pytest.raises(Invalid) as found:
        operations.create_definition(actor=SYSTEM, at=START, name="x", terms={"kind": "amount"})
    assert set(found.value.details) == {"amount_minor", "last_day"}


def test_a_batch_is_cancelled_whole(members):
    definition = defined()
    batch = operations.order_codes(actor=SYSTEM, at=START, key="b", definition_id=definition, count=30)
    operations.make_codes(batch_id=batch)
    code, _state = next(queries.batch_codes(batch))
    held("", code, key="h")
    operations.begin_cancelling(actor=SYSTEM, at=START, batch_id=batch, reason="leaked")
    assert operations.cancel_batch(batch_id=batch, at=START) == 29
    assert operations.redeem_vouchers(key="h", order_id="o", at=START).state == "redeemed"
    assert VoucherEvent.objects.filter(event="cancelled").count() == 29


def test_a_leaked_database_holds_no_codes(members):
    ann = members[0]
    definition = defined()
    _voucher, code = issued(ann, definition)
    operations.create_shared_code(actor=SYSTEM, at=START, definition_id=definition, word="SECRETWORD")
    with connection.cursor() as cursor:
        for model in (Voucher, VoucherEvent, VoucherReservation, Voucher.batch.field.related_model):
            cursor.execute(f"SELECT * FROM {model._meta.db_table}")
            text = " ".join(
                str(bytes(c) if isinstance(c, memoryview) else c) for r in cursor.fetchall() for c in r
            )
            assert code not in text
            assert "SECRETWORD" not in text
            assert keyring().hash_key not in text


def test_nothing_is_found_of_what_is_not_there(members):
    for call, given in (
        (operations.redeem_vouchers, {"key": "x", "order_id": "o", "at": START}),
        (operations.release_vouchers, {"key": "x", "at": START}),
        (operations.return_vouchers, {"key": "x", "order_id": "o", "is_whole": True, "at": START}),
        (operations.publish_definition, {"actor": SYSTEM, "at": START, "definition_id": "x"}),
        (operations.make_codes, {"batch_id": "x"}),
    ):
        with pytest.raises(NotFound):
            call(**given)
    assert operations.reserve_vouchers(key="n", uses=(), member_id="", until=START, at=START).uses == ()
    assert VoucherReservation.objects.count() == 0


def test_a_key_gives_one_voucher_whatever_version_is_published_since(members):
    definition = defined(is_claimable=True, limits={"claims": 9})
    asked = {"definition_id": definition, "member_id": members[0], "at": START}
    claimed = operations.claim_voucher(key="c", **asked)
    given = operations.issue_voucher(actor=SYSTEM, key="i", **asked)
    operations.change_definition(
        actor=SYSTEM,
        at=START,
        definition_id=definition,
        name="Thirty",
        terms={**TWENTY, "amount_minor": 3000, "is_claimable": True, "limits": {"claims": 9}},
    )
    operations.publish_definition(actor=SYSTEM, at=START, definition_id=definition)
    assert operations.claim_voucher(key="c", **asked) == claimed
    assert operations.issue_voucher(actor=SYSTEM, key="i", **asked) == given
    assert Voucher.objects.count() == 2
    with pytest.raises(Refused) as caught:
        operations.claim_voucher(key="c", **{**asked, "member_id": members[1]})
    assert caught.value.code == "idempotency_conflict"


@pytest.mark.parametrize("is_used", [False, True])
def test_what_comes_free_of_a_cancelled_batch_is_free_for_nobody(members, is_used):
    batch = operations.order_codes(
        actor=SYSTEM, at=START, key="b", definition_id=defined(give_back="if_valid"), count=1
    )
    operations.make_codes(batch_id=batch)
    ((code, _state),) = queries.batch_codes(batch)
    held(members[0], code)
    if is_used:
        operations.redeem_vouchers(key="r1", order_id="o", at=START)
    operations.begin_cancelling(actor=SYSTEM, at=START, batch_id=batch, reason="leaked")
    operations.cancel_batch(batch_id=batch, at=START)
    if is_used:
        (back,) = operations.return_vouchers(key="r1", order_id="o", is_whole=True, at=START)
        assert back.outcome == "kept"
    else:
        operations.release_vouchers(key="r1", at=START)
    assert quote(code, member=members[0]).uses == ()


def test_a_claim_makes_the_life_of_a_renewed_voucher_no_longer(members):
    batch = operations.order_codes(
        actor=SYSTEM,
        at=START,
        key="b",
        definition_id=defined(give_back="renew", days_after_claim=30),
        count=1,
    )
    operations.make_codes(batch_id=batch)
    end = START + 3 * DAY
    Voucher.objects.update(valid_through=end)
    ((code, _state),) = queries.batch_codes(batch)
    voucher_id = operations.claim_code(key="c", code=code, member_id=members[0], at=START)
    assert Voucher.objects.get(public_id=voucher_id).valid_through == end
    Voucher.objects.update(member=None, state="issued")
    assert (
        refusal_of(operations.claim_code, key="d", code=code, member_id=members[1], at=end + DAY)
        == "voucher_expired"
    )
