"""kill -9 in mid-posting: nothing is half written, nothing that was acknowledged is lost, the key replays."""

import itertools
import os
import random
import signal
import time
from datetime import timedelta

import pytest
from django.db import connection

from shuke.apps.loyalty.models import LotMove, PointsEntry, PointsLot, PointsTransaction
from shuke.apps.loyalty.operations import award_points, commit_hold, hold_points, lean, transfer_points
from shuke.apps.loyalty.queries.statements import points_wallet
from shuke.apps.loyalty.queries.verification import ledger_findings
from shuke.apps.loyalty.schemas import Request
from shuke.platform.outbox.models import OutboxRow
from tests.apps.loyalty.conftest import START
from tests.apps.loyalty.dying import Place, death_after

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
DAY = timedelta(days=1)
ROWS = (PointsTransaction, PointsEntry, PointsLot, LotMove, OutboxRow)


def asked(key: str) -> Request:
    return Request(key=key, actor="till", at=START + DAY)


@pytest.fixture
def place(members, tmp_path) -> Place:
    """Two members have 50 points each; a hold of the first one is open."""
    for member in members[:2]:
        award_points(request=asked(f"first:{member}"), member_id=member, points_type="gift", points=50)
    hold_points(
        request=asked("hold"), member_id=members[0], points_type="gift", points=9, expires_at=START + 5 * DAY
    )
    return Place.of_test(tmp_path)


def acts(members: list[str], hold_id: str) -> dict[str, object]:
    ann, bob, _ = members
    return {
        "award": lambda key: award_points(request=asked(key), member_id=ann, points_type="gift", points=7),
        "commit": lambda key: commit_hold(request=asked(key), hold_id=hold_id),
        "transfer": lambda key: transfer_points(
            request=asked(key), giver_id=ann, taker_id=bob, points_type="gift", points=3
        ),
    }


@pytest.mark.parametrize("name", ["award", "commit", "transfer"])
def test_a_process_that_dies_after_any_statement_leaves_all_or_nothing(members, place, name, monkeypatch):
    if name == "award":
        # The long way has more statements to die between than the stored function.
        monkeypatch.setattr(lean, "is_here", lambda: False)
    act = acts(members, PointsTransaction.objects.get(key="hold").public_id)[name]

    def dying(tell, step):
        with death_after(step):
            act("the key")
        tell("alive")

    def look():
        return [model.objects.count() for model in ROWS]

    before = place.ask(look)
    for step in itertools.count(1):
        child = place.start(lambda tell, step=step: dying(tell, step))
        said = list(child.said())
        if said:
            assert child.end() == 0
            break
        assert child.end() == -signal.SIGKILL
        # The transaction was not committed, whatever was written of it.
        assert place.ask(look) == before
    assert step > 8
    assert place.ask(
        lambda: (PointsTransaction.objects.filter(key="the key").count(), ledger_findings())
    ) == (
        1,
        [],
    )
    assert place.ask(lambda: act("the key").outcome) == "replayed"


def test_a_process_that_dies_before_it_can_answer_has_posted_and_replays(members, place):
    def posting():
        return award_points(request=asked("k"), member_id=members[0], points_type="gift", points=7)

    def dying(tell):
        with death_after(0):
            posting()
        tell("alive")

    # The stored function runs without a transaction of Django: its statement is the commit.
    child = (
        place.start(dying) if connection.vendor == "sqlite" else place.start(lambda _: _dies_after(posting))
    )
    assert list(child.said()) == []
    assert child.end() == -signal.SIGKILL
    assert place.ask(lambda: (posting().outcome, ledger_findings())) == ("replayed", [])
    assert place.ask(lambda: _available(members[0])) == 50 - 9 + 7


def _dies_after(posting) -> None:
    posting()
    os.kill(os.getpid(), signal.SIGKILL)


def _available(member: str) -> int:
    return points_wallet(member, points_type="gift", at=START + DAY).balances.available


def test_whatever_was_acknowledged_is_there_after_kills_at_random_moments(members, place):
    dice, acknowledged = random.Random(7), []
    for life in range(6):

        def working(tell, life=life):
            for number in itertools.count():
                outcome = award_points(
                    request=asked(f"{life}:{number}"), member_id=members[0], points_type="gift", points=1
                )
                tell((outcome.outcome, f"{life}:{number}"))

        child = place.start(working)
        if life == 0:
            # On a busy machine the others may die before they have done anything.
            child.wait_until_heard()
        time.sleep(dice.uniform(0.05, 0.3))
        child.kill()
        acknowledged += list(child.said())
        assert child.end() == -signal.SIGKILL
    assert {outcome for outcome, _ in acknowledged} == {"created"}
    keys = {key for _, key in acknowledged}

    def look():
        made = PointsTransaction.objects.filter(kind="earn").exclude(key__startswith="first")
        return set(made.values_list("key", flat=True)), _available(members[0]), ledger_findings()

    made, available, findings = place.ask(look)
    assert findings == []
    assert keys <= made
    # At most the one that a process was at when it died was made without an answer.
    assert len(made - keys) <= 6
    assert available == 50 - 9 + len(made)
    key = max(keys)
    again = place.ask(
        lambda: award_points(request=asked(key), member_id=members[0], points_type="gift", points=1).outcome
    )
    assert again == "replayed"
