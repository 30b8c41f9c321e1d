"""The proof that the proofs can fail: with a lock, a key or a WHERE taken away, races and checks find damage.

A second till is let in between the reading and the writing of the first.  With the ledger whole it has to
wait outside, so the first one waits for it in vain, goes on, and the second comes after it.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from types import SimpleNamespace

import pytest
from django.db import DatabaseError, connection
from django.db.models import QuerySet

from shuke.apps.loyalty.migrations import _first_lot_functions
from shuke.apps.loyalty.models import LotMove, PointsEntry, PointsHold, PointsLot, PointsTransaction
from shuke.apps.loyalty.operations import (
    award_points,
    book,
    commit_hold,
    hold_points,
    lean,
    once,
    spend_points,
    writing,
)
from shuke.apps.loyalty.operations.book import Ledger
from shuke.apps.loyalty.queries.verification import ledger_findings
from tests.apps.loyalty.conftest import START
from tests.apps.loyalty.test_races import DAY, asked, said_of
from tests.threads import outcome_of

pytestmark = pytest.mark.django_db(transaction=True)
#: Seconds to wait for a till that has to stand outside, and for one that is let in.
IN_VAIN, LET_IN = 0.3, 120
IS_SQLITE = connection.vendor == "sqlite"


def outcome(task: Callable[[int], object]) -> str:
    """What came of a posting: the outcome, the code of the refusal, or the name of the database's error."""
    try:
        return outcome_of(said_of(task), 0)
    except (DatabaseError, RuntimeError) as error:
        return type(error).__name__


@pytest.fixture
def meddle(monkeypatch) -> Callable[..., set[str]]:
    """Post the first; let the second in after the first has read; what came of the two."""
    monkeypatch.setattr(lean, "is_here", lambda: False)
    read = Ledger.read_lots

    def meddled(
        first: Callable[[int], object], second: Callable[[int], object], *, patience: float = LET_IN
    ) -> list[str]:
        said: list[str] = []
        reads: list[int] = []

        def other() -> None:
            said.append(outcome(second))
            connection.close()

        thread = threading.Thread(target=other)

        def reading(ledger: Ledger, books: object, **options: object) -> None:
            read(ledger, books, **options)
            if threading.current_thread() is thread:
                return
            reads.append(1)
            # The first time the wallet is locked, the second time all is read, the key looked up too.
            if len(reads) == 2:
                thread.start()
                thread.join(patience)

        monkeypatch.setattr(Ledger, "read_lots", reading)
        said.append(outcome(first))
        thread.join(LET_IN)
        return sorted(said)

    return meddled


def unlock(monkeypatch) -> None:
    """No lock: on SQLite that is the transaction itself, which lets one writer in at a time."""
    monkeypatch.setattr(QuerySet, "select_for_update", lambda rows, **_: rows)
    if IS_SQLITE:
        monkeypatch.setattr(once, "transaction", SimpleNamespace(atomic=nullcontext))
        # The copies for the lake insist on a transaction.
        monkeypatch.setattr(book, "record_copies", lambda _: None)


def forget_where(monkeypatch) -> None:
    """Conditional updates that no longer look at what they change."""
    update = writing.update

    def blind(model, columns, *, rows, where):
        if where == ("id", "seq"):
            return update(model, columns, rows=[row[:-1] for row in rows], where=("id",))
        return update(model, columns, rows=rows, where=where)

    monkeypatch.setattr(writing, "update", blind)
    closing = PointsHold.objects.filter
    monkeypatch.setattr(
        book, "close_holds", lambda numbers: closing(transaction_id__in=numbers).update(is_open=False)
    )


@contextmanager
def without(*names: str) -> Iterator[None]:
    """Unique keys of the transactions taken away, and put back over an empty ledger."""
    meta = PointsTransaction._meta
    whole, gone = meta.constraints, [c for c in meta.constraints if c.name in names]
    assert len(gone) == len(names)

    def rebuild(editor, change) -> None:
        for constraint in gone:
            if not IS_SQLITE or constraint.condition is not None:
                change(editor)(PointsTransaction, constraint)
        if IS_SQLITE:
            editor._remake_table(PointsTransaction)

    meta.constraints = [c for c in whole if c not in gone]
    try:
        with connection.schema_editor() as editor:
            rebuild(editor, lambda e: e.remove_constraint)
        yield
    finally:
        for model in (LotMove, PointsEntry, PointsHold, PointsLot):
            model.objects.all()._raw_delete("default")
        PointsTransaction.objects.update(related=None)
        PointsTransaction.objects.all()._raw_delete("default")
        meta.constraints = whole
        with connection.schema_editor() as editor:
            rebuild(editor, lambda e: e.add_constraint)


def spend(member: str, key: str, points: int = 30) -> Callable[[int], object]:
    return lambda _: spend_points(request=asked(key), member_id=member, points_type="gift", points=points)


@pytest.fixture
def fifty(members) -> str:
    """A member with 50 points."""
    award_points(request=asked("fifty"), member_id=members[0], points_type="gift", points=50)
    return members[0]


def damaged() -> set[int]:
    return {finding.check for finding in ledger_findings()}


def test_whole_one_till_waits_for_the_other(fifty, meddle):
    both = meddle(spend(fifty, "a"), spend(fifty, "b"), patience=IN_VAIN)
    assert both == ["created", "points_insufficient"]
    assert damaged() == set()


def test_without_the_lock_the_key_of_the_sequence_refuses(fifty, meddle, monkeypatch):
    unlock(monkeypatch)
    # The member could have been told of too few points; the database had to refuse instead.
    assert meddle(spend(fifty, "a"), spend(fifty, "b")) == ["IntegrityError", "created"]
    assert damaged() == set()


def test_without_lock_and_key_the_conditional_update_refuses(fifty, meddle, monkeypatch):
    unlock(monkeypatch)
    with without("wallet_seq_once"):
        assert meddle(spend(fifty, "a"), spend(fifty, "b")) == ["RuntimeError", "created"]
        # SQLite's lock was the transaction: without it the half that was written stays, and is found.
        assert bool(damaged()) is IS_SQLITE


def test_without_lock_key_and_where_points_are_spent_twice_and_the_checks_find_it(fifty, meddle, monkeypatch):
    unlock(monkeypatch)
    forget_where(monkeypatch)
    with without("wallet_seq_once"):
        assert meddle(spend(fifty, "a"), spend(fifty, "b")) == ["created", "created"]
        # Cached balances, lots below zero, a sequence with a double, a chain with two ends.
        assert {2, 4, 14, 15} <= damaged()


def test_without_lock_keys_and_where_a_hold_is_spent_twice_and_the_checks_find_it(fifty, meddle, monkeypatch):
    held = hold_points(
        request=asked("h"), member_id=fifty, points_type="gift", points=30, expires_at=START + 5 * DAY
    )

    def commit(key: str) -> Callable[[int], object]:
        return lambda _: commit_hold(request=asked(key), hold_id=held.transaction_id)

    unlock(monkeypatch)
    with without("wallet_seq_once", "hold_ends_once"):
        forget_where(monkeypatch)
        assert meddle(commit("a"), commit("b")) == ["created", "created"]
        assert {2, 4, 9} <= damaged()


def test_without_the_key_a_request_is_done_twice_and_the_checks_find_it(members, meddle, monkeypatch):
    def award(member: str, key: str) -> Callable[[int], object]:
        return lambda _: award_points(request=asked(key), member_id=member, points_type="gift", points=1)

    # Two wallets have two locks: only the key stands between them.
    ann, bob, _ = members
    both = meddle(award(ann, "a"), award(bob, "a"), patience=IN_VAIN)
    assert both == ["created", "idempotency_conflict"]
    if IS_SQLITE:
        unlock(monkeypatch)
    with without("key_once"):
        assert meddle(award(ann, "b"), award(bob, "b")) == ["created", "created"]
        assert damaged() == {8}


#: Until a second session stands here too; one that finds the lock held cannot.
MEETING = """
    PERFORM pg_advisory_lock_shared(77);
    WHILE (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 77) < 2
        AND clock_timestamp() < statement_timestamp() + interval '{seconds} seconds'
    LOOP
        PERFORM pg_sleep(0.02);
    END LOOP;
"""


@pytest.mark.skipif(IS_SQLITE, reason="SQLite has no stored functions.")
@pytest.mark.parametrize(
    ("taken", "points", "expected", "found"),
    [
        ("", 30, ["created", "points_insufficient"], set()),
        ("lock", 30, ["IntegrityError", "created"], set()),
        # What a lot has left is counted down by the database itself, and never below zero.
        ("lock and key", 30, ["IntegrityError", "created"], set()),
        ("lock and key", 20, ["created", "created"], {2, 14, 15}),
    ],
)
def test_the_stored_function_without_its_lock(fifty, taken, points, expected, found):
    """Two tills spend by the stored function, which waits between reading and writing until both have read."""
    whole = _first_lot_functions.CREATE[1]
    # Here the wallet and its lots have been read, and nothing is written yet.
    read = "    debt := w.debt;\n"
    assert whole.count(read) == whole.count("FOR UPDATE OF wallet;") == 1
    slow = whole.replace(read, read + MEETING.format(seconds=LET_IN if "lock" in taken else IN_VAIN))
    if "lock" in taken:
        slow = slow.replace("FOR UPDATE OF wallet;", ";")
    said: list[str] = []
    ready = threading.Barrier(2)

    def till(key: str) -> None:
        connection.ensure_connection()
        ready.wait()
        said.append(outcome(spend(fifty, key, points)))
        # Who leaves is no longer counted: nobody goes before both have met.
        ready.wait()
        connection.close()

    with without("wallet_seq_once") if "key" in taken else nullcontext():
        try:
            _run(slow)
            tills = [threading.Thread(target=till, args=(key,)) for key in ("a", "b")]
            for thread in tills:
                thread.start()
            for thread in tills:
                thread.join(LET_IN)
        finally:
            _run(whole)
        assert sorted(said) == expected
        assert found <= damaged()
        assert found or damaged() == set()


def _run(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, None)
