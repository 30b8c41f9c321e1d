"""The stored functions of PostgreSQL write what the long way writes, row by row."""

import random
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test as run

from shuke.apps.loyalty.models import LotMove, PointsEntry, PointsLot, PointsTransaction, PointsType, Wallet
from shuke.apps.loyalty.operations import (
    adjust_points,
    award_points,
    define_points_type,
    give_back_points,
    hold_points,
    lean,
    release_hold,
    spend_points,
)
from shuke.apps.loyalty.operations.once import IdempotencyConflict, PointsShort
from shuke.apps.loyalty.queries.verification import ledger_findings
from shuke.apps.loyalty.rules.chain import canonical
from shuke.apps.loyalty.rules.expiry import Expiry
from shuke.apps.loyalty.schemas import Request
from shuke.platform.errors import Refused
from shuke.platform.outbox.models import OutboxRow
from shuke.platform.permissions import SYSTEM
from shuke.platform.retailer.operations import change_retailer
from tests.apps.loyalty.conftest import START
from tests.apps.loyalty.test_machine import PointsMachine

needs_postgresql = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="SQLite has no stored functions."
)
DAY = timedelta(days=1)
WORDS = ["till 7", "", 'a "quoted" \\ one', "老王的店", "tab\tline\n\x01\x7f", "🎁 gift é", "</script>"]
#: Columns that are the database's own matter or differ between two wallets as they must.
OWN = {
    "id",
    "request_hash",
    "wallet_id",
    "public_id",
    "key",
    "hash",
    "previous_hash",
    "related_id",
    "transaction_id",
    "lot_id",
}


def history(member: str, *, seed: int, name: str) -> list[str]:
    """A random life of a wallet; what was answered."""
    dice, at, answers = random.Random(seed), START, []
    for step in range(40):
        at += timedelta(minutes=dice.choice([1, 60, 60 * 24 * 9]))
        request = Request(
            # Now and then a till sends a request again.
            key=f"{name}:{step - dice.choice([0, 0, 0, 0, 0, 1])}",
            actor=dice.choice(WORDS) or "ann",
            at=at - dice.choice([0, 0, 0, 2]) * timedelta(minutes=1),
            source=dice.choice(WORDS),
            reason=dice.choice(WORDS) or "x",
            note=dice.choice(WORDS),
        )
        points, act = dice.randint(1, 60), dice.choice(["earn", "earn", "burn", "burn", "hold", "adjust"])
        since = at - dice.choice([0, 0, 0, 5, 40]) * DAY
        wallet = {"request": request, "member_id": member, "points_type": dice.choice(["points", "gift"])}
        end = at + dice.randint(1, 20) * DAY
        calls = {
            "earn": lambda w=wallet, p=points, s=since: award_points(**w, points=p, earned_at=s),
            "burn": lambda w=wallet, p=points: spend_points(**w, points=p),
            "hold": lambda w=wallet, p=points, e=end: hold_points(**w, points=p // 4 + 1, expires_at=e),
            "adjust": lambda w=wallet, p=points: adjust_points(**w, points=p if p % 2 else -p),
        }
        try:
            outcome = calls[act]()
            answers.append(f"{outcome.outcome} {outcome.entries} {outcome.balances} {outcome.effective_at}")
        except Refused as refusal:
            answers.append(refusal.code)
    return answers


def rows_of(member: str) -> list[dict[str, object]]:
    """All rows of a member without what is theirs alone."""
    wallets = Wallet.objects.filter(member__public_id=member).order_by("points_type")
    found = [
        *wallets.values("points_type__code", "pending", "available", "held", "debt", "seq", "newest_lot"),
        *wallets.values("points_type__code", "due_at", "recorded_at", "active_at"),
        *PointsTransaction.objects.filter(wallet__in=wallets)
        .order_by("wallet__points_type", "wallet_seq")
        .values(),
        *PointsLot.objects.filter(wallet__in=wallets).order_by("wallet__points_type", "number").values(),
    ]
    mine = {"transaction__wallet__in": wallets}
    place = ("transaction__wallet__points_type", "transaction__wallet_seq")
    found += (
        PointsEntry.objects.filter(**mine).order_by(*place, "account").values(*place, "account", "points")
    )
    found += (
        LotMove.objects.filter(**mine).order_by(*place, "pk").values(*place, "lot__number", "bucket", "delta")
    )
    return [{name: value for name, value in row.items() if name not in OWN} for row in found]


def copies_of(member: str) -> list[dict[str, object]]:
    """What waits for the lake of a member, without what is theirs alone."""
    payloads = (
        OutboxRow.objects.filter(table="points_entries").order_by("pk").values_list("payload", flat=True)
    )
    found = [copy for payload in payloads for copy in payload if copy["member_id"] == member]
    return [{k: v for k, v in copy.items() if k not in ("entry_id", "txn_id", "member_id")} for copy in found]


@needs_postgresql
@pytest.mark.parametrize("seed", range(4))
def test_both_ways_write_the_same_rows(members, monkeypatch, seed):
    ann, bob, _ = members
    quick = history(ann, seed=seed, name="a")
    taken = []
    monkeypatch.setattr(lean, "is_here", lambda: taken.append(1) and False)
    assert history(bob, seed=seed, name="b") == quick
    assert taken
    assert rows_of(ann) == rows_of(bob)
    assert copies_of(ann) == copies_of(bob) != []
    assert ledger_findings() == []


def corners(member: str, *, name: str, hold_ends: int) -> None:
    """What random histories seldom bring together; times are hours, and the last hold ends at ``hold_ends``."""

    def when(hour: int) -> datetime:
        return START + timedelta(hours=hour)

    def asked(hour: int, key: str, actor: str = "till") -> dict[str, Any]:
        request = Request(key=f"{name}:{key}", actor=actor, at=when(hour))
        return {"request": request, "member_id": member, "points_type": "never"}

    def give(hour: int, key: str, points: int, **life: int) -> None:
        award_points(**asked(hour, key), points=points, **{k: when(v) for k, v in life.items()})

    def spend(hour: int, key: str, points: int, actor: str = "till") -> None:
        spend_points(**asked(hour, key, actor), points=points)

    give(0, "a", 28)
    give(1, "ключ", 2)
    give(1, "b", 20, expires_at=960)
    give(2, "begins later and ends first", 5, activates_at=120, expires_at=192)
    give(2, "begins last", 5, activates_at=144)
    spend(3, "ключ 2", 25)
    give(4, "c", 10, expires_at=720)
    hold_points(**asked(5, "d"), points=4, expires_at=when(480))
    spend(6, "all that is not held", 6)
    spend(7, "e", 3, actor="老王")
    held = hold_points(**asked(8, "f"), points=1, expires_at=when(48))
    release_hold(request=asked(9, "g")["request"], hold_id=held.transaction_id)
    give(10, "h", 7, expires_at=96)
    hold_points(**asked(11, "i"), points=7, expires_at=when(hold_ends))
    give(12, "ends next", 10, expires_at=72)
    spend(13, "what ends next", 10)


@needs_postgresql
@pytest.mark.parametrize("hold_ends", [108, 480])
def test_both_ways_agree_in_the_corners(members, monkeypatch, hold_ends):
    define_points_type(actor=SYSTEM, at=START, code="never", name="Never ending")
    ann, bob, _ = members
    corners(ann, name="a", hold_ends=hold_ends)
    due = {"gives": 120, "spends": 144} if hold_ends == 480 else {"gives": 108}

    def go_on(member: str) -> None:
        """By a clock that is behind, and then at the very moments when something is due."""
        for act, hour in (("gives", 12), ("spends", 12), *due.items()):
            request = Request(key=f"{member}:{act}:{hour}", actor="till", at=START + timedelta(hours=hour))
            do = award_points if act == "gives" else spend_points
            do(request=request, member_id=member, points_type="never", points=1)

    def due_at(member: str) -> datetime:
        return Wallet.objects.get(member__public_id=member, points_type__code="never").due_at

    # What time makes next of the lots: after what ended next was spent, the first of a beginning and a hold.
    assert due_at(ann) == START + timedelta(hours=due["gives"])
    go_on(ann)
    monkeypatch.setattr(lean, "is_here", lambda: False)
    corners(bob, name="b", hold_ends=hold_ends)
    go_on(bob)
    assert rows_of(ann) == rows_of(bob)
    assert copies_of(ann) == copies_of(bob)
    assert ledger_findings() == []


@needs_postgresql
@pytest.mark.parametrize("text", [*WORDS, "\U0010ffff\uffff\u0080~\x7f", "a" * 99 + "é"])
def test_texts_are_quoted_as_python_quotes_them(db, text):
    with connection.cursor() as cursor:
        cursor.execute("SELECT loyalty_quoted(%s)", [text])
        assert cursor.fetchone()[0] == canonical(text)


@needs_postgresql
def test_the_short_way_asks_once(members):
    request = Request(key="a", actor="till", at=START)
    award_points(request=request, member_id=members[0], points_type="gift", points=20)
    for key, act in (("warm", award_points), ("b", award_points), ("c", spend_points)):
        with CaptureQueriesContext(connection) as asked:
            act(
                request=Request(key=key, actor="till", at=START + DAY),
                member_id=members[0],
                points_type="gift",
                points=5,
            )
        # What the points type says is read at the first use.
        assert len(asked) == 1 or key == "warm", [query["sql"] for query in asked]


def _gift(**changes: object) -> None:
    PointsType.objects.filter(code="gift").update(**changes)


#: Nothing of a points type changes by any operation today; the ledger does not rely on it.
CHANGES = {
    "when points end": lambda: _gift(expiry=vars(Expiry("end_of_year"))),
    "that they end with inactivity": lambda: _gift(expiry=vars(Expiry("inactivity", months=2))),
    "when they begin": lambda: _gift(activation_days=3),
    "whether they are spent": lambda: _gift(is_spendable=False),
    "where the retailer is": lambda: change_retailer(actor=SYSTEM, at=START, time_zone="Pacific/Kiritimati"),
}


@needs_postgresql
@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("act", [award_points, spend_points])
def test_what_is_remembered_is_compared_with_what_is_so(members, monkeypatch, change, act):
    def do(act, member: str, key: str) -> str:
        request = Request(key=f"{member}:{key}", actor="till", at=START + DAY)
        try:
            act(request=request, member_id=member, points_type="gift", points=5)
        except Refused as refusal:
            return refusal.code
        return ""

    ann, bob, _ = members
    for member in (ann, bob):
        for key, before in (("new", award_points), ("known", award_points), ("spent", spend_points)):
            assert do(before, member, key) == ""
    assert "gift" in lean._TERMS
    CHANGES[change]()
    answered = do(act, ann, "after")
    monkeypatch.setattr(lean, "is_here", lambda: False)
    assert do(act, bob, "after") == answered
    assert rows_of(ann) == rows_of(bob)
    assert copies_of(ann) == copies_of(bob)


def test_points_are_spent_at_once_and_come_back(members):
    ann = members[0]
    for key, points in (("a", 30), ("b", 20)):
        award_points(
            request=Request(key=key, actor="till", at=START), member_id=ann, points_type="gift", points=points
        )
    asked = {"member_id": ann, "points_type": "gift", "points": 40}
    request = Request(key="spend", actor="till", at=START + DAY)
    spent = spend_points(request=request, **asked)
    assert spent.entries == {"available": -40, "redeemed": 40}
    assert spent.balances.available == 10
    assert spend_points(request=request, **asked).outcome == "replayed"
    with pytest.raises(IdempotencyConflict):
        spend_points(request=request, **asked | {"points": 1})
    with pytest.raises(PointsShort):
        spend_points(request=Request(key="more", actor="till", at=START + DAY), **asked)
    back = give_back_points(
        request=Request(key="back", actor="till", at=START + DAY), commit_id=spent.transaction_id, points=15
    )
    assert back.balances.available == 25
    left = PointsLot.objects.order_by("number").values_list("available", "is_open")
    assert list(left) == [(5, True), (20, True)]
    assert ledger_findings() == []


@needs_postgresql
@pytest.mark.slow
def test_any_history_with_stored_functions_is_what_the_model_says(db, lake_home):
    define_points_type(actor=SYSTEM, at=START, code="machine", name="Machine")
    rare = settings(
        max_examples=3, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
    )
    run(PointsMachine, settings=rare)
