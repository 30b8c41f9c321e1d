"""Each check of the ledger finds what breaks it, and nothing else does: rows are broken by SQL, one kind at a time."""

import json
from datetime import timedelta
from itertools import count

import pytest
from django.db import connection
from django.db.models import F
from typer.testing import CliRunner

from shuke.apps.loyalty.management.cli import cli
from shuke.apps.loyalty.models import (
    BenefitCounter,
    LedgerHead,
    LotMove,
    PaidTerm,
    Plan,
    PointsEntry,
    PointsLot,
    PointsTransaction,
    PointsType,
    Verification,
    Wallet,
)
from shuke.apps.loyalty.operations import (
    adjust_points,
    award_points,
    claw_back_points,
    commit_hold,
    define_points_type,
    give_back_points,
    hold_points,
    release_hold,
    settle_wallets,
    verify_ledger,
)
from shuke.apps.loyalty.queries.postings import postings_of
from shuke.apps.loyalty.queries.states import hashed_body
from shuke.apps.loyalty.queries.verification import CHECKS, heads_at, ledger_findings, look_at_ledger
from shuke.apps.loyalty.rules.chain import GENESIS, chained
from shuke.apps.loyalty.rules.expiry import Expiry
from shuke.apps.loyalty.schemas import Request
from shuke.apps.loyalty.tasks.care import verify_ledger_now
from shuke.apps.promotions.models import VoucherCounter, VoucherDefinition
from shuke.platform.jobs.running import progress_writer
from shuke.platform.permissions import SYSTEM
from tests.apps.loyalty.conftest import START

DAY = timedelta(days=1)
LATER = START + 40 * DAY
_numbers = count()


def asked(at, reason: str = "") -> Request:
    return Request(key=f"verify:{next(_numbers)}", actor="ann", at=at, reason=reason)


@pytest.fixture
def history(members, db) -> tuple[str, str]:
    """Points that were earned, held, spent, given back, taken back, adjusted and expired."""
    define_points_type(actor=SYSTEM, at=START, code="v", name="V", expiry=Expiry("rolling", months=12))
    ann, _bob, cy = members
    award(ann, 10, START, earned_at=START - 90 * DAY)
    second = award(ann, 20, START)
    award(ann, 5, START, activates_at=START + 90 * DAY)
    first_commit = _spend(ann, 4, START + DAY)
    give_back_points(request=asked(START + DAY), commit_id=first_commit, points=2)
    release_hold(request=asked(START + DAY), hold_id=_hold(ann, 3, START + DAY))
    commit = _spend(ann, 10, START + 35 * DAY)
    give_back_points(request=asked(START + 36 * DAY), commit_id=commit, points=3)
    claw_back_points(request=asked(START + 37 * DAY), earn_id=second, points=5)
    for _ in range(2):
        award(ann, 7, START, expires_at=START + 30 * DAY, points_type="gift")
    adjust_points(request=asked(START, "sorry"), member_id=ann, points_type="gift", points=-4)
    award(cy, 4, START + 20 * DAY, points_type="gift")
    award(cy, 6, START + 30 * DAY, points_type="gift")
    settle_wallets(at=LATER)
    assert ledger_findings() == []
    return ann, cy


def award(member: str, points: int, at, points_type: str = "v", **values) -> str:
    return award_points(
        request=asked(at), member_id=member, points_type=points_type, points=points, **values
    ).transaction_id


def _hold(member: str, points: int, at) -> str:
    return hold_points(
        request=asked(at), member_id=member, points_type="v", points=points, expires_at=at + DAY
    ).transaction_id


def _spend(member: str, points: int, at) -> str:
    return commit_hold(request=asked(at), hold_id=_hold(member, points, at)).transaction_id


def _wallet(member: str, points_type: str = "v") -> Wallet:
    return Wallet.objects.get(member__public_id=member, points_type__code=points_type)


def _rows(member: str, kind: str, points_type: str = "v"):
    rows = PointsTransaction.objects.filter(wallet=_wallet(member, points_type), kind=kind)
    return list(rows.order_by("wallet_seq"))


def _cover_up(*, answers: bool = True) -> None:
    """What somebody who edits rows and knows the ledger does next: new answers and new hashes everywhere."""
    for wallet in Wallet.objects.order_by("pk"):
        previous, sums = GENESIS, dict.fromkeys(("pending", "available", "held", "debt"), 0)
        for row in wallet.transactions.select_related("related").order_by("wallet_seq"):
            posting = postings_of([row.pk])[row.pk]
            sums = {name: total + posting.entries.get(name, 0) for name, total in sums.items()}
            row.balances, row.previous_hash = dict(sums) if answers else row.balances, previous
            previous = chained(previous, hashed_body(row, posting))
            PointsTransaction.objects.filter(pk=row.pk).update(
                balances=row.balances, previous_hash=row.previous_hash, hash=previous
            )
        Wallet.objects.filter(pk=wallet.pk).update(head_hash=previous)


def _execute(*statements: str) -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        for statement in statements:
            cursor.execute(statement)


def _one_sided(ann: str, _cy: str) -> None:
    first, second = _rows(ann, "earn")[1:3]
    PointsEntry.objects.filter(transaction=first, account="issued").update(points=F("points") - 1)
    PointsEntry.objects.filter(transaction=second, account="issued").update(points=F("points") + 1)


def _cached_balance(ann: str, _cy: str) -> None:
    Wallet.objects.filter(pk=_wallet(ann).pk).update(available=F("available") + 1)


def _cached_lot(ann: str, _cy: str) -> None:
    PointsLot.objects.filter(wallet=_wallet(ann), number=2).update(available=F("available") + 1)


def _closed_lot(ann: str, _cy: str) -> None:
    PointsLot.objects.filter(wallet=_wallet(ann), number=2).update(is_open=False)


def _wrong_bucket(ann: str, _cy: str) -> None:
    """Points that the account says are available lie as pending in their lot."""
    move = LotMove.objects.get(transaction=_rows(ann, "give_back")[-1], bucket="available", lot__number=2)
    LotMove.objects.filter(pk=move.pk).update(bucket="pending")
    PointsLot.objects.filter(pk=move.lot_id).update(
        available=F("available") - move.delta, pending=F("pending") + move.delta
    )
    # The pen would see the pending points as due at once.
    Wallet.objects.filter(pk=_wallet(ann).pk).update(due_at=move.lot.activates_at)


def _below_zero(ann: str, _cy: str) -> None:
    row = _rows(ann, "earn")[2]
    lot = PointsLot.objects.get(wallet=_wallet(ann), number=2)
    LotMove.objects.create(transaction=row, lot=lot, bucket="spent", delta=-9)
    LotMove.objects.create(transaction=row, lot=lot, bucket="clawed_back", delta=9)


def _debt_beside_points(ann: str, _cy: str) -> None:
    row = _rows(ann, "earn")[1]
    PointsEntry.objects.filter(transaction=row, account="available").update(points=F("points") + 5)
    PointsEntry.objects.create(transaction=row, account="debt", points=-5)
    PointsLot.objects.filter(transaction=row).update(points=F("points") + 5, available=F("available") + 5)
    change = f"UPDATE loyalty_wallet SET available = available + 5, debt = -5 WHERE id = {_wallet(ann).pk}"
    if connection.vendor == "sqlite":
        _execute("PRAGMA ignore_check_constraints = ON", change, "PRAGMA ignore_check_constraints = OFF")
    else:
        _execute("ALTER TABLE loyalty_wallet DROP CONSTRAINT wallet_debt_first", change)


def _stray_entry(_ann: str, _cy: str) -> None:
    PointsEntry.objects.create(transaction_id=STRAY, account="issued", points=4)


def _more_than_there_was(ann: str, _cy: str) -> None:
    row = _rows(ann, "commit")[0]
    LotMove.objects.create(transaction=row, lot=row.moves.first().lot, bucket="spent", delta=1)


def _two_of_one_key(ann: str, _cy: str) -> None:
    first, second = _rows(ann, "earn")[:2]
    if connection.vendor == "sqlite":
        _execute(
            "PRAGMA legacy_alter_table = ON",
            "ALTER TABLE loyalty_pointstransaction RENAME TO kept_transactions",
            "CREATE TABLE loyalty_pointstransaction AS SELECT * FROM kept_transactions",
            "CREATE UNIQUE INDEX copied_ids ON loyalty_pointstransaction (id)",
        )
    else:
        _execute("ALTER TABLE loyalty_pointstransaction DROP CONSTRAINT key_once")
    PointsTransaction.objects.filter(pk=second.pk).update(key=first.key)


def _two_ends_of_a_hold(ann: str, _cy: str) -> None:
    _execute("DROP INDEX hold_ends_once")
    first = _rows(ann, "hold")[0]
    PointsTransaction.objects.filter(pk=_rows(ann, "release")[0].pk).update(related=first)


def _more_back_than_spent(ann: str, _cy: str) -> None:
    small = _rows(ann, "commit")[0]
    PointsTransaction.objects.filter(pk=_rows(ann, "give_back")[1].pk).update(related=small)


def _used_too_early(ann: str, _cy: str) -> None:
    PointsLot.objects.filter(wallet=_wallet(ann, "gift"), number=1).update(activates_at=START + DAY)


def _passed_over(ann: str, _cy: str) -> None:
    PointsLot.objects.filter(wallet=_wallet(ann, "gift"), number=2).update(expires_at=START + 29 * DAY)


def _expired_twice(ann: str, _cy: str) -> None:
    """Three points of one lot expire as one and two."""
    first, second = _rows(ann, "expire", "gift")
    lot = first.moves.first().lot
    for row, difference in ((first, 2), (second, -2)):
        PointsEntry.objects.filter(transaction=row, account="available").update(
            points=F("points") + difference
        )
        PointsEntry.objects.filter(transaction=row, account="breakage").update(
            points=F("points") - difference
        )
    LotMove.objects.filter(transaction=first, bucket="available").update(delta=-1)
    LotMove.objects.filter(transaction=first, bucket="expired").update(delta=1)
    LotMove.objects.create(transaction=second, lot=lot, bucket="available", delta=-2)
    LotMove.objects.create(transaction=second, lot=lot, bucket="expired", delta=2)


def _gap(ann: str, _cy: str) -> None:
    wallet = _wallet(ann)
    newest = wallet.transactions.order_by("-wallet_seq").first()
    PointsTransaction.objects.filter(pk=newest.pk).update(wallet_seq=newest.wallet_seq + 1)
    Wallet.objects.filter(pk=wallet.pk).update(seq=wallet.seq + 1)


def _somebody_else(ann: str, _cy: str) -> None:
    PointsTransaction.objects.filter(pk=_rows(ann, "earn")[0].pk).update(actor="nobody")


def _slipped_in(ann: str, _cy: str) -> None:
    row = _rows(ann, "earn")[0]
    PointsTransaction.objects.filter(pk=row.pk).update(recorded_at=row.recorded_at + timedelta(hours=1))


def _another_answer(ann: str, _cy: str) -> None:
    row = _rows(ann, "earn")[0]
    PointsTransaction.objects.filter(pk=row.pk).update(balances=row.balances | {"available": 99})


def _forgotten(ann: str, _cy: str) -> None:
    """Nobody would come to expire these points."""
    Wallet.objects.filter(pk=_wallet(ann).pk).update(due_at=None)


def _lots_counted_wrong(ann: str, _cy: str) -> None:
    Wallet.objects.filter(pk=_wallet(ann).pk).update(newest_lot=F("newest_lot") + 1)


def _another_month(_ann: str, cy: str) -> None:
    first, second = PointsLot.objects.filter(wallet=_wallet(cy, "gift")).order_by("number")
    PointsLot.objects.filter(pk=first.pk).update(transaction=second.transaction)
    PointsLot.objects.filter(pk=second.pk).update(transaction=first.transaction)


def _a_benefit_nobody_used(ann: str, _cy: str) -> None:
    BenefitCounter.objects.create(
        member=_wallet(ann).member, benefit="trial", period_start=START.date(), used=1
    )


def _two_terms_at_a_time(ann: str, _cy: str) -> None:
    once = {"months": 12, "price_minor": 9900, "currency": "CNY"}
    plan = Plan.objects.create(code="gold", created_at=START, changed_at=START, **once)
    for day in (START.date(), START.date() + 300 * DAY):
        PaidTerm.objects.create(
            member=_wallet(ann).member, plan=plan, first_day=day, last_day=day + 364 * DAY, anchor=day,
            bought_at=START, **once,
        )  # fmt: skip


def _a_voucher_nobody_used(_ann: str, _cy: str) -> None:
    definition = VoucherDefinition.objects.create(name="Twenty", created_at=START, updated_at=START)
    VoucherCounter.objects.create(definition=definition, what="uses", shard=0, share=10, used=1)


STRAY = 999_999_999
#: What was done, the one check that finds it, and how it was covered up.
CASES = {
    "an entry was changed": (1, _one_sided, _cover_up),
    "a cached balance was changed": (2, _cached_balance, None),
    "what a lot says is left was changed": (2, _cached_lot, None),
    "a lot was closed": (2, _closed_lot, None),
    "points lie in the wrong bucket": (3, _wrong_bucket, _cover_up),
    "a lot owes points": (4, _below_zero, _cover_up),
    "a debt stands beside points": (5, _debt_beside_points, _cover_up),
    "an entry belongs to no transaction": (6, _stray_entry, None),
    "a lot has more than it had": (7, _more_than_there_was, _cover_up),
    "two transactions of one key": (8, _two_of_one_key, _cover_up),
    "two ends of a hold": (9, _two_ends_of_a_hold, _cover_up),
    "more came back than was spent": (10, _more_back_than_spent, _cover_up),
    "a lot was used too early": (11, _used_too_early, _cover_up),
    "a lot that ends sooner was passed over": (12, _passed_over, _cover_up),
    "a lot expired twice": (13, _expired_twice, _cover_up),
    "a transaction is missing": (14, _gap, _cover_up),
    "somebody else did it": (15, _somebody_else, None),
    "a transaction was slipped in": (16, _slipped_in, _cover_up),
    "another answer": (16, _another_answer, lambda: _cover_up(answers=False)),
    "a wallet was forgotten": (17, _forgotten, None),
    "lots were counted wrong": (17, _lots_counted_wrong, None),
    "points were made in another month": (18, _another_month, _cover_up),
    "a benefit is counted that nobody used": (19, _a_benefit_nobody_used, None),
    "a membership was sold twice": (20, _two_terms_at_a_time, None),
    "a voucher is counted that nobody used": (21, _a_voucher_nobody_used, None),
}


@pytest.mark.parametrize("case", CASES)
def test_a_check_finds_what_breaks_it_and_no_other_check_does(history, case):
    number, break_it, cover = CASES[case]
    break_it(*history)
    if cover:
        cover()
    found = ledger_findings()
    assert {finding.check for finding in found} == {number}, found
    # So that the test's own database is whole again.
    PointsEntry.objects.filter(transaction_id=STRAY).delete()
    if case == "two transactions of one key" and connection.vendor == "sqlite":
        _execute(
            "DROP TABLE loyalty_pointstransaction",
            "ALTER TABLE kept_transactions RENAME TO loyalty_pointstransaction",
            "PRAGMA legacy_alter_table = OFF",
        )


def test_the_database_itself_refuses_what_may_happen_once(db):
    """A migration that drops a column's index may take these along; then only the locks would stand."""
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, PointsTransaction._meta.db_table)
    unique = {tuple(row["columns"]) for row in found.values() if row["unique"]}
    assert set(found) >= {"hold_ends_once", "reversed_once"}
    assert unique >= {("key",), ("public_id",), ("wallet_id", "wallet_seq")}


def test_every_check_has_its_case():
    assert {number for number, _, _ in CASES.values()} == set(CHECKS)


def test_covering_up_changes_nothing_of_a_sound_ledger(history):
    before = list(PointsTransaction.objects.order_by("pk").values_list("hash", flat=True))
    _cover_up()
    assert list(PointsTransaction.objects.order_by("pk").values_list("hash", flat=True)) == before


def _cut_off(ann: str) -> None:
    """Take the newest expiry away so well that only a head that was kept can tell."""
    wallet = _wallet(ann, "gift")
    newest = wallet.transactions.order_by("-wallet_seq").first()
    lot = newest.moves.first().lot
    newest.moves.all().delete()
    newest.entries.all().delete()
    newest.delete()
    PointsLot.objects.filter(pk=lot.pk).update(available=7, is_open=True)
    Wallet.objects.filter(pk=wallet.pk).update(
        available=7, seq=wallet.seq - 1, head_hash=newest.previous_hash, due_at=lot.expires_at
    )


def test_a_tail_that_was_cut_off_is_seen_by_heads_that_were_kept(history, tmp_path):
    exported = heads_at(LATER)
    _cut_off(history[0])
    assert ledger_findings() == []
    look = look_at_ledger(is_full=True, exported=exported)
    assert [result.check for result in look.results if result.found] == [15]
    assert "is gone or was changed" in look.results[14].examples[0]


def test_heads_are_kept_in_the_database_too_but_never_of_a_broken_ledger(history):
    sound = verify_ledger(actor=SYSTEM, clock=lambda: LATER)
    assert (sound.findings, LedgerHead.objects.count()) == (0, Wallet.objects.filter(seq__gt=0).count())
    _cut_off(history[0])
    for is_full in (False, True):
        broken = verify_ledger(actor=SYSTEM, clock=lambda: LATER, is_full=is_full)
        assert [check.number for check in broken.checks if check.found] == [15]
    assert broken.heads_digest != sound.heads_digest


def test_by_night_only_what_changed_is_rehashed_and_what_was_verified_is_held_by_its_head(history):
    ann, cy = history
    verify_ledger(actor=SYSTEM, clock=lambda: LATER)
    award(ann, 3, LATER)
    night = verify_ledger(actor=SYSTEM, clock=lambda: LATER, is_full=False)
    assert (night.findings, night.wallets_looked_at, night.wallets) == (0, 1, 3)
    # An old row of a wallet that did not change waits for the full look of the week.
    PointsTransaction.objects.filter(pk=_rows(cy, "earn", "gift")[0].pk).update(actor="nobody")
    assert verify_ledger(actor=SYSTEM, clock=lambda: LATER, is_full=False).findings == 0
    assert verify_ledger(actor=SYSTEM, clock=lambda: LATER, is_full=True).findings == 1
    assert Verification.objects.count() == 4


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite plans without counting.")
def test_what_lies_in_the_tables_is_counted_before_they_are_checked(history):
    """Else PostgreSQL plans for empty tables until it has counted by itself: a replayed history took it hours."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM pg_statistic WHERE starelid = 'loyalty_pointsentry'::regclass")
        verify_ledger(actor=SYSTEM, clock=lambda: LATER)
        cursor.execute("SELECT count(*) FROM pg_stats WHERE tablename = 'loyalty_pointsentry'")
        assert cursor.fetchone()[0] > 0


def test_the_command_says_what_it_found_and_ends_with_1(history, tmp_path):
    runner = CliRunner()
    file = tmp_path / "heads.json"
    assert runner.invoke(cli, ["heads", "--export", str(file)]).exit_code == 0
    assert runner.invoke(cli, ["heads", "--export", str(file)]).exit_code == 2
    told = runner.invoke(cli, ["verify", "--heads", str(file)])
    assert told.exit_code == 0, told.output
    assert "sound" in told.output
    assert len(json.loads(file.read_text())) == 4
    _cut_off(history[0])
    LedgerHead.objects.all().delete()
    assert runner.invoke(cli, ["verify"]).exit_code == 0
    told = runner.invoke(cli, ["verify", "--json", "--heads", str(file)])
    assert told.exit_code == 1
    found = json.loads(told.stdout)
    assert [check["number"] for check in found["checks"] if check["found"]] == [15]
    file.write_text("[1]")
    assert runner.invoke(cli, ["verify", "--heads", str(file)]).exit_code == 2


@pytest.mark.django_db(transaction=True)
def test_a_verification_in_the_background_writes_nothing_into_its_one_state(history):
    """What a job says of itself would be refused by PostgreSQL, and on SQLite be lost or keep tills waiting."""
    told = []

    def write(done: int, total: int | None, label: str) -> None:
        told.append(done)
        PointsType.objects.filter(code="v").update(adjustment_limit=len(told))

    before = PointsType.objects.get(code="v").adjustment_limit
    mark = progress_writer.set(write)
    try:
        assert verify_ledger_now.func("Ann") == 0
    finally:
        progress_writer.reset(mark)
    assert Verification.objects.get().started_by == "Ann"
    assert PointsType.objects.get(code="v").adjustment_limit == (len(told) or before)
