"""Many tills at once: what is there once is given once."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import transaction

from shuke.apps.loyalty.models import PointsTransaction, Wallet
from shuke.apps.loyalty.operations import (
    award_points,
    commit_hold,
    hold_points,
    reverse_transaction,
    spend_points,
    transfer_points,
)
from shuke.apps.loyalty.operations.book import Ledger
from shuke.apps.loyalty.operations.once import wallet_id
from shuke.apps.loyalty.queries.statements import points_wallet
from shuke.apps.loyalty.queries.verification import ledger_findings
from shuke.apps.loyalty.rules.wallet import award
from shuke.apps.loyalty.schemas import Request
from shuke.apps.members.operations import create_members
from shuke.apps.members.schemas import MemberProfile
from tests import threads
from tests.apps.loyalty.conftest import START
from tests.series import series

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
DAY = timedelta(days=1)
TILLS = 8


def asked(key: str) -> Request:
    return Request(key=key, actor="till", at=START + DAY)


def said_of(task: Callable[[int], object]) -> Callable[[int], str]:
    """The task, saying the outcome of its posting."""
    return lambda n: str(getattr(task(n), "outcome", "done"))


def at_once(task: Callable[[int], object], count: int, *, tills: int = TILLS) -> Counter[str]:
    """The shared race, with the outcome of each posting as its word."""
    return threads.at_once(said_of(task), count, tills=tills)


def test_a_balance_is_spent_once_by_many_tills(members):
    ann = members[0]
    award_points(request=asked("a"), member_id=ann, points_type="gift", points=20)
    spent = at_once(
        lambda n: hold_points(
            request=asked(f"hold:{n}"),
            member_id=ann,
            points_type="gift",
            points=3,
            expires_at=START + 5 * DAY,
        ),
        24,
    )
    assert spent == {"created": 6, "points_insufficient": 18}
    assert points_wallet(ann, points_type="gift", at=START + DAY).balances.available == 2
    assert ledger_findings() == []


def test_a_request_that_arrives_many_times_is_done_once(members):
    ann = members[0]
    outcomes = at_once(
        lambda n: award_points(request=asked(f"order:{n % 5}"), member_id=ann, points_type="gift", points=1),
        40,
    )
    assert outcomes == {"created": 5, "replayed": 35}
    assert points_wallet(ann, points_type="gift", at=START + DAY).balances.available == 5


def many_awards(members: list[str], *, count: int, points: int) -> list[str]:
    """Awards of the members in turn, made in one flush; their ids."""
    ids = [wallet_id(member, points_type="gift", at=START) for member in members]
    with transaction.atomic():
        ledger = Ledger()
        books = ledger.open(ids)
        made = []
        for number in range(count):
            book = books[number % len(books)]
            posting = award(book.state, points=points, activates_at=START, expires_at=None, at=START)
            asked_at = Request(key=f"bulk:{number}", actor="till", at=START)
            made.append(book.post("earn", posting, request=asked_at).public_id)
        ledger.flush()
    return made


def test_awards_are_each_reversed_once_by_twice_as_many_calls(members):
    count = series(120, long=500)
    refs = create_members(at=START, source="test", profiles=[MemberProfile() for _ in range(25)])
    members = [ref.public_id for ref in refs]
    made = many_awards(members, count=count, points=2)
    outcomes = at_once(
        lambda n: reverse_transaction(request=asked(f"r:{n}"), transaction_id=made[n // 2]), 2 * count
    )
    assert outcomes == {"created": count, "already_reversed": count}
    assert not Wallet.objects.exclude(available=0).exists()
    assert PointsTransaction.objects.filter(kind="reverse").values("related").distinct().count() == count
    assert ledger_findings() == []


def test_a_hold_is_committed_by_one_of_sixteen_tills(members):
    award_points(request=asked("a"), member_id=members[0], points_type="gift", points=9)
    held = hold_points(
        request=asked("h"), member_id=members[0], points_type="gift", points=9, expires_at=START + 5 * DAY
    )
    outcomes = at_once(
        lambda n: commit_hold(request=asked(f"c:{n}"), hold_id=held.transaction_id), 16, tills=16
    )
    assert outcomes == {"created": 1, "hold_ended": 15}
    assert ledger_findings() == []


def test_points_are_spent_at_once_no_further_than_they_reach(members):
    many_awards(members[:1], count=20, points=3)
    outcomes = at_once(
        lambda n: spend_points(request=asked(f"s:{n}"), member_id=members[0], points_type="gift", points=7),
        16,
        tills=16,
    )
    assert outcomes == {"created": 8, "points_insufficient": 8}
    assert ledger_findings() == []


def test_members_who_give_to_each_other_do_not_wait_for_ever(members):
    ann, bob, _ = members
    for number, member in enumerate((ann, bob)):
        award_points(request=asked(f"a:{number}"), member_id=member, points_type="gift", points=50)
    pairs = ((ann, bob), (bob, ann))
    outcomes = at_once(
        lambda n: transfer_points(
            request=asked(f"t:{n}"),
            giver_id=pairs[n % 2][0],
            taker_id=pairs[n % 2][1],
            points_type="gift",
            points=1,
        ),
        24,
    )
    assert outcomes == {"created": 24}
    total = sum(points_wallet(m, points_type="gift", at=START + DAY).balances.available for m in (ann, bob))
    assert total == 100
    assert PointsTransaction.objects.filter(kind="transfer_in").count() == 24
    assert ledger_findings() == []
