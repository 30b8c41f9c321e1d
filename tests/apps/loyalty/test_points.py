"""The table of docs/algorithms/points.md, line by line, and what is refused."""

from datetime import UTC, date, datetime, timedelta
from itertools import count

import pytest
from django.db.models import F, Min

from shuke.apps.loyalty.models import LotMove, PointsEntry, PointsLot, PointsTransaction, Wallet
from shuke.apps.loyalty.operations import (
    adjust_points,
    award_points,
    claw_back_points,
    commit_hold,
    define_points_type,
    give_back_points,
    hold_points,
    release_hold,
    reverse_transaction,
    settle_wallets,
    spend_points,
    transfer_points,
)
from shuke.apps.loyalty.operations.once import IdempotencyConflict, PointsShort
from shuke.apps.loyalty.queries.chains import missing_heads
from shuke.apps.loyalty.queries.statements import points_statement, points_wallet
from shuke.apps.loyalty.queries.verification import heads_at, ledger_findings
from shuke.apps.loyalty.rules.expiry import Expiry
from shuke.apps.loyalty.schemas import Request
from shuke.platform.errors import Invalid, NotFound, Refused
from shuke.platform.permissions import SYSTEM
from tests.apps.loyalty.conftest import START

DAY = timedelta(days=1)
_numbers = count()


def asked(at: datetime, key: str = "", **values: str) -> Request:
    return Request(key=key or f"test:{next(_numbers)}", actor="ann", at=at, **values)


@pytest.fixture(autouse=True)
def _sound(db):
    yield
    assert ledger_findings() == []


def lots(member: str, at: datetime, points_type: str = "points") -> dict[int, dict[str, int]]:
    return {lot.number: lot.buckets for lot in points_wallet(member, points_type=points_type, at=at).lots}


def balances(member: str, at: datetime, points_type: str = "points") -> tuple[int, int, int, int]:
    found = points_wallet(member, points_type=points_type, at=at).balances
    return found.pending, found.available, found.held, found.debt


def award(member: str, points: int, at: datetime, points_type: str = "points", key: str = "", **values):
    return award_points(
        request=asked(at, key), member_id=member, points_type=points_type, points=points, **values
    )


@pytest.fixture
def one_type(members, db):
    """Points that can be used at once, from two lots with different ends."""
    define_points_type(actor=SYSTEM, at=START, code="now", name="Now", expiry=Expiry("rolling", months=12))
    return members[0]


def test_the_table_of_the_document(members):
    ann = members[0]
    define_points_type(
        actor=SYSTEM, at=START, code="t", name="T", expiry=Expiry("rolling", months=12), activation_days=7
    )
    earned = award(ann, 120, START, "t")
    assert balances(ann, START, "t") == (120, 0, 0, 0)
    assert balances(ann, START + 7 * DAY, "t") == (0, 120, 0, 0)
    at = START + 8 * DAY
    award(ann, 50, at, "t", activates_at=at, expires_at=at + 30 * DAY)
    assert balances(ann, at, "t") == (0, 170, 0, 0)

    held = hold_points(
        request=asked(at + DAY), member_id=ann, points_type="t", points=80, expires_at=at + 2 * DAY
    )
    assert lots(ann, at + DAY, "t") == {1: {"available": 90, "held": 30}, 2: {"held": 50}}
    spent = commit_hold(request=asked(at + DAY), hold_id=held.transaction_id)
    assert spent.entries == {"held": -80, "redeemed": 80}
    give_back_points(request=asked(at + 3 * DAY), commit_id=spent.transaction_id, points=20)
    assert lots(ann, at + 3 * DAY, "t") == {1: {"available": 110, "spent": 10}}
    claw_back_points(request=asked(at + 4 * DAY), earn_id=earned.transaction_id, points=60)
    assert lots(ann, at + 4 * DAY, "t") == {1: {"available": 50, "spent": 10, "clawed_back": 60}}
    end = points_wallet(ann, points_type="t", at=at + 4 * DAY).lots[0].expires_at
    assert end == datetime(2027, 1, 5, 15, 59, 59, 999_999, tzinfo=UTC)
    assert balances(ann, end, "t") == (0, 50, 0, 0)
    assert balances(ann, end + timedelta(microseconds=1), "t") == (0, 0, 0, 0)
    settle_wallets(at=end + DAY)
    ended = PointsTransaction.objects.get(kind="expire")
    assert ended.effective_at == end
    assert dict(ended.entries.values_list("account", "points")) == {"available": -50, "breakage": 50}


def test_a_return_goes_on_where_the_one_before_emptied_a_lot(one_type):
    """The last lot taken is the first to come back; once it is whole, the next return is the next lot's."""
    for points, days in ((5, 10), (8, 20), (3, 30)):
        award(one_type, points, START, "now", expires_at=START + days * DAY)
    spent = spend_points(request=asked(START + DAY), member_id=one_type, points_type="now", points=16)
    whole = {2: 8, 3: 3}
    for points, back in ((3, {3: 3}), (4, {2: 4, 3: 3}), (4, whole), (5, {1: 5} | whole)):
        give_back_points(request=asked(START + 2 * DAY), commit_id=spent.transaction_id, points=points)
        there = lots(one_type, START + 2 * DAY, "now")
        assert {number: lot["available"] for number, lot in there.items() if "available" in lot} == back
    with pytest.raises(Refused):
        give_back_points(request=asked(START + 2 * DAY), commit_id=spent.transaction_id, points=1)


def test_a_hold_runs_out_for_the_reader_though_points_were_spent_without_one(one_type):
    """Points spent at once name no hold; that must not hide the open ones from who reads as of a moment."""
    award(one_type, 20, START, "now")
    spend_points(request=asked(START + DAY), member_id=one_type, points_type="now", points=3)
    hold_points(
        request=asked(START + DAY),
        member_id=one_type,
        points_type="now",
        points=4,
        expires_at=START + 2 * DAY,
    )
    assert balances(one_type, START + DAY, "now") == (0, 13, 4, 0)
    assert balances(one_type, START + 3 * DAY, "now") == (0, 17, 0, 0)


@pytest.mark.parametrize(
    ("expiry", "last_day"),
    [
        (Expiry("rolling", months=1), date(2026, 2, 28)),
        (Expiry("end_of_month", months=1), date(2026, 2, 28)),
        (Expiry("end_of_quarter", months=1), date(2026, 3, 31)),
        (Expiry("end_of_year", months=12), date(2027, 12, 31)),
        (Expiry("fixed", month=12, day=31), date(2026, 12, 31)),
        (Expiry("fixed", month=1, day=30), date(2027, 1, 30)),
    ],
)
def test_points_end_with_the_last_moment_of_a_local_day(expiry, last_day):
    earned = datetime(2026, 1, 31, 4, tzinfo=UTC)
    end = expiry.end(earned, time_zone="Asia/Shanghai")
    assert end == datetime(last_day.year, last_day.month, last_day.day, 15, 59, 59, 999_999, tzinfo=UTC)
    assert Expiry("rolling", months=1).end(datetime(2028, 1, 31, 4, tzinfo=UTC), time_zone="UTC").day == 29
    assert Expiry().end(earned, time_zone="UTC") is None


def test_a_repeated_request_gets_the_old_answer_and_another_one_a_conflict(one_type):
    first = award(one_type, 10, START, "now", key="order:1")
    again = award(one_type, 10, START, "now", key="order:1")
    assert (first.outcome, again.outcome) == ("created", "replayed")
    assert again.model_dump(exclude={"outcome"}) == first.model_dump(exclude={"outcome"})
    with pytest.raises(IdempotencyConflict):
        award(one_type, 11, START, "now", key="order:1")
    assert balances(one_type, START, "now") == (0, 10, 0, 0)


def test_a_key_belongs_to_one_wallet(members):
    award(members[0], 10, START, key="order:1")
    with pytest.raises(IdempotencyConflict):
        award(members[1], 10, START, key="order:1")


def test_what_ends_first_is_spent_first(one_type):
    award(one_type, 10, START, "now", earned_at=START)
    award(one_type, 10, START + DAY, "now", earned_at=START - 90 * DAY)
    hold_points(
        request=asked(START + DAY),
        member_id=one_type,
        points_type="now",
        points=15,
        expires_at=START + 9 * DAY,
    )
    assert lots(one_type, START + DAY, "now") == {1: {"available": 5, "held": 5}, 2: {"held": 10}}


def test_an_expired_point_is_never_spent_however_late_the_night_is(one_type):
    award(one_type, 10, START, "now")
    with pytest.raises(PointsShort) as told:
        hold_points(
            request=asked(START + 400 * DAY),
            member_id=one_type,
            points_type="now",
            points=10,
            expires_at=START + 401 * DAY,
        )
    assert told.value.details == {"available": 0, "needed": 10}
    assert PointsTransaction.objects.count() == 1


def test_a_hold_ends_once(one_type):
    award(one_type, 10, START, "now")
    at, end = START + DAY, START + 2 * DAY
    held = hold_points(request=asked(at), member_id=one_type, points_type="now", points=4, expires_at=end)
    commit_hold(request=asked(at), hold_id=held.transaction_id)
    for operation in (commit_hold, release_hold):
        with pytest.raises(Refused, match="hold"):
            operation(request=asked(at), hold_id=held.transaction_id)
    late = hold_points(request=asked(at), member_id=one_type, points_type="now", points=4, expires_at=end)
    assert balances(one_type, end, "now") == (0, 6, 0, 0)
    with pytest.raises(Refused, match="hold"):
        commit_hold(request=asked(end), hold_id=late.transaction_id)
    settle_wallets(at=end + DAY)
    assert balances(one_type, end + DAY, "now") == (0, 6, 0, 0)


@pytest.mark.parametrize(("policy", "left", "owed"), [("debt", 0, 60), ("clamp", 0, 0), ("refuse", 40, 0)])
def test_a_return_of_points_that_are_gone(members, policy, left, owed):
    ann = members[0]
    define_points_type(actor=SYSTEM, at=START, code="p", name="P", return_policy=policy)
    earned = award(ann, 100, START, "p")
    held = hold_points(
        request=asked(START), member_id=ann, points_type="p", points=60, expires_at=START + DAY
    )
    commit_hold(request=asked(START), hold_id=held.transaction_id)
    take = {"request": asked(START + DAY), "earn_id": earned.transaction_id, "points": 100}
    if policy == "refuse":
        with pytest.raises(PointsShort):
            claw_back_points(**take)
    else:
        claw_back_points(**take)
    assert balances(ann, START + DAY, "p") == (0, left, 0, owed)
    award(ann, 70, START + 2 * DAY, "p")
    assert balances(ann, START + 2 * DAY, "p") == (0, left + 70 - owed, 0, 0)


def test_no_more_goes_back_than_came(one_type):
    earned = award(one_type, 10, START, "now")
    claw_back_points(request=asked(START), earn_id=earned.transaction_id, points=7)
    with pytest.raises(Refused, match="left") as told:
        claw_back_points(request=asked(START), earn_id=earned.transaction_id, points=4)
    assert told.value.details == {"left": 3, "asked": 4}


def test_points_that_come_back_after_their_end_expire_or_get_grace(members):
    ann = members[0]
    award(ann, 10, START, "gift")
    held = hold_points(
        request=asked(START), member_id=ann, points_type="gift", points=10, expires_at=START + DAY
    )
    spent = commit_hold(request=asked(START), hold_id=held.transaction_id)
    late = START + 60 * DAY
    give_back_points(request=asked(late), commit_id=spent.transaction_id, points=4)
    assert balances(ann, late, "gift") == (0, 0, 0, 0)
    grace = give_back_points(
        request=asked(late), commit_id=spent.transaction_id, points=6, grace_until=late + 14 * DAY
    )
    assert grace.entries == {"redeemed": -6, "breakage": 6, "issued": -6, "available": 6}
    assert balances(ann, late + 15 * DAY, "gift") == (0, 0, 0, 0)


def test_an_adjustment_needs_a_reason(one_type):
    with pytest.raises(Invalid):
        adjust_points(request=asked(START), member_id=one_type, points_type="now", points=5)
    adjust_points(request=asked(START, reason="goodwill"), member_id=one_type, points_type="now", points=5)
    with pytest.raises(PointsShort):
        adjust_points(request=asked(START, reason="error"), member_id=one_type, points_type="now", points=-6)
    assert balances(one_type, START, "now") == (0, 5, 0, 0)


def test_a_reversal_undoes_once_and_only_what_is_still_there(one_type):
    earned = award(one_type, 10, START, "now")
    reverse_transaction(request=asked(START), transaction_id=earned.transaction_id)
    with pytest.raises(Refused, match="before"):
        reverse_transaction(request=asked(START), transaction_id=earned.transaction_id)
    used = award(one_type, 10, START, "now")
    hold_points(request=asked(START), member_id=one_type, points_type="now", points=1, expires_at=START + DAY)
    with pytest.raises(Refused, match="used"):
        reverse_transaction(request=asked(START), transaction_id=used.transaction_id)


def test_a_transfer_keeps_the_ends(members):
    ann, bob, _ = members
    award(ann, 10, START, "gift")
    award(ann, 10, START + 5 * DAY, "gift")
    transfer_points(request=asked(START + 6 * DAY), giver_id=ann, taker_id=bob, points_type="gift", points=15)
    theirs = points_wallet(bob, points_type="gift", at=START + 6 * DAY).lots
    mine = points_wallet(ann, points_type="gift", at=START + 6 * DAY).lots
    assert [lot.points for lot in theirs] == [10, 5]
    assert theirs[1].expires_at == mine[0].expires_at
    assert balances(ann, START + 6 * DAY, "gift") == (0, 5, 0, 0)


def test_growth_value_is_never_spent(members):
    define_points_type(actor=SYSTEM, at=START, code="growth", name="Growth", is_spendable=False)
    award(members[0], 10, START, "growth")
    with pytest.raises(Refused, match="never"):
        hold_points(
            request=asked(START), member_id=members[0], points_type="growth", points=1, expires_at=START + DAY
        )


def test_nobody_and_nothing_is_told(members):
    with pytest.raises(NotFound):
        award("mem_nobody", 1, START)
    with pytest.raises(NotFound):
        award(members[0], 1, START, "gold")
    with pytest.raises(Invalid):
        award(members[0], 0, START)
    with pytest.raises(NotFound):
        commit_hold(request=asked(START), hold_id="ptx_none")


def test_a_purchase_that_is_told_late_has_points_as_old_as_itself(one_type):
    award(one_type, 10, START + 500 * DAY, "now", earned_at=START)
    award(one_type, 20, START + 500 * DAY, "now", earned_at=START + 490 * DAY)
    assert balances(one_type, START + 500 * DAY, "now") == (0, 20, 0, 0)
    kinds = list(PointsTransaction.objects.order_by("wallet_seq").values_list("kind", flat=True))
    assert kinds == ["earn", "expire", "earn"]


def test_the_statement_reads_like_a_bank_statement(one_type):
    award(one_type, 10, START, "now")
    adjust_points(
        request=asked(START + DAY, reason="goodwill", note="sorry"),
        member_id=one_type,
        points_type="now",
        points=5,
    )
    lines, total = points_statement(one_type, points_type="now")
    assert total == 2
    assert [(line.kind, line.balances.available, line.note) for line in lines] == [
        ("adjust", 15, "sorry"),
        ("earn", 10, ""),
    ]


@pytest.mark.parametrize("sabotage", ["entry", "move", "time", "balance", "tail"])
def test_whatever_is_edited_is_found(one_type, sabotage):
    award(one_type, 10, START, "now")
    award(one_type, 5, START + DAY, "now")
    hold_points(
        request=asked(START + DAY),
        member_id=one_type,
        points_type="now",
        points=12,
        expires_at=START + 2 * DAY,
    )
    assert ledger_findings() == []
    exported = heads_at(START + DAY)
    newest = PointsTransaction.objects.order_by("-wallet_seq").first()
    saved = {"balances": newest.balances, "effective_at": newest.effective_at}
    match sabotage:
        case "entry":
            PointsEntry.objects.filter(account="held").update(points=13)
        case "move":
            LotMove.objects.filter(bucket="held").update(bucket="spent")
        case "time":
            PointsTransaction.objects.filter(pk=newest.pk).update(effective_at=START)
        case "balance":
            Wallet.objects.update(available=4)
        case "tail":
            _cut_off(newest)
            assert ledger_findings() == []
            assert missing_heads(exported) != []
    assert sabotage == "tail" or ledger_findings() != []
    _mend(newest, saved, sabotage)


def _cut_off(newest: PointsTransaction) -> None:
    """Remove the newest transaction so well that only an exported head can tell."""
    newest.moves.all().delete()
    newest.entries.all().delete()
    newest.hold.delete()
    wallet = newest.wallet
    PointsLot.objects.update(available=F("available") + F("held"), held=0)
    newest.delete()
    Wallet.objects.filter(pk=wallet.pk).update(
        seq=wallet.seq - 1,
        head_hash=newest.previous_hash,
        available=15,
        held=0,
        due_at=PointsLot.objects.aggregate(due=Min("expires_at"))["due"],
    )


def _mend(newest: PointsTransaction, saved: dict, sabotage: str) -> None:
    """Put things right again for the check after every test."""
    if sabotage == "entry":
        PointsEntry.objects.filter(account="held").update(points=12)
    if sabotage == "move":
        LotMove.objects.filter(bucket="spent").update(bucket="held")
    if sabotage == "time":
        PointsTransaction.objects.filter(pk=newest.pk).update(effective_at=saved["effective_at"])
    if sabotage == "balance":
        Wallet.objects.update(available=3)
