"""Many tills at once: nothing is taken twice; and each guard's removal is noticed."""

import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import IntegrityError, connection

from shuke.apps.loyalty.models import CheckoutCall, Receipt, Reservation
from shuke.apps.loyalty.operations.checkout import Call, committing, keys, returning
from shuke.apps.loyalty.queries.checkout import receipt
from shuke.apps.loyalty.queries.statements import points_wallet
from shuke.apps.loyalty.queries.verification import ledger_findings
from tests.apps.loyalty.checkout_desk import AT, asked, bought, bring_back, commit, fund, release, reserve
from tests.apps.loyalty.test_races import at_once
from tests.threads import Meeting

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
EIGHT = ({"line_no": 1, "product_id": "wine", "quantity": 8, "list_minor": 8000},)


@pytest.fixture
def ann(members) -> Iterator[str]:
    fund(members[0], 900)
    yield members[0]
    assert ledger_findings() == []


def call(name: str, *, at: Any = AT) -> Call:
    return Call(key=f"race:{name}", actor="till", at=at)


def points_of(member: str, at: Any = AT) -> tuple[int, int]:
    found = points_wallet(member, points_type="gift", at=at).balances
    return found.available, found.held


def test_tills_spend_no_more_points_than_there_are(ann):
    outcomes = at_once(lambda n: reserve(asked(points=200), ann, call=call(f"r{n}")), 16)
    # A till that quotes after the others is told of fewer points; one that quoted before sees them gone.
    assert set(outcomes) <= {"created", "quote_changed"}
    assert sum(outcomes.values()) == 16
    rows = Reservation.objects.filter(state="open")
    spent = [row.quote["points"]["points"] for row in rows]
    assert outcomes["created"] == len(spent)
    assert points_of(ann) == (900 - sum(spent), sum(spent))


def test_one_reservation_is_committed_once(ann):
    held = reserve(asked(points=500), ann).answer["reservation_id"]
    outcomes = at_once(lambda n: commit(held, call=call(f"c{n}")), 16)
    assert outcomes == COMMITTED_ONCE
    assert Receipt.objects.count() == 1
    assert points_of(ann) == (400, 0)


COMMITTED_ONCE = {"created": 1, "reservation_ended": 15}


def committed_at_once_without_points() -> Counter[str]:
    held = reserve(asked(), None).answer["reservation_id"]
    return at_once(lambda n: told(lambda: commit(held, call=call(f"c{held}{n}"))), 16)


def test_a_reservation_without_points_is_committed_once_too(ann):
    assert committed_at_once_without_points() == COMMITTED_ONCE


def same_key_at_once() -> Counter[str]:
    return at_once(lambda _n: reserve(asked(points=10), None, call=call("same-key")), 16)


def test_a_key_that_arrives_many_times_reserves_once(ann):
    assert same_key_at_once() == {"created": 1, "replayed": 15}
    assert (Reservation.objects.count(), CheckoutCall.objects.count()) == (1, 1)


def test_commit_release_and_time_exclude_each_other(ann):
    held = [reserve(asked(points=100), ann, seconds=60).answer["reservation_id"] for _ in range(9)]
    late = AT + timedelta(seconds=61)
    acts = (
        lambda h, n: commit(h, call=call(f"c{n}")),
        lambda h, n: release(h, call=call(f"l{n}")),
        lambda h, n: commit(h, call=call(f"t{n}", at=late)),
    )
    outcomes = at_once(lambda n: acts[n % 3](held[n // 3], n), 27)
    states = Counter(Reservation.objects.values_list("state", flat=True))
    assert outcomes == {"created": 9, "reservation_ended": 18}
    assert states["committed"] + states["released"] == 9
    assert points_of(ann) == (900 - 100 * states["committed"], 0)
    assert Receipt.objects.count() == states["committed"]


def returned_at_once(number: str) -> Counter[str]:
    return at_once(lambda n: told(lambda: bring_back(number, {1: 1}, call=call(f"b{n}"))), 16)


RETURNED_ONCE = {"created": 8, "more_than_bought": 8}


def test_no_unit_comes_back_twice(ann):
    number = bought(asked(EIGHT, points=500), ann)["receipt_id"]
    assert returned_at_once(number) == RETURNED_ONCE
    found = receipt(number)
    assert sum(one.refund_minor for one in found.returns) == found.quote.goods_minor
    assert sum(one.points_given_back for one in found.returns) == 500
    assert points_of(ann) == (900, 0)


def test_tills_of_one_order_get_one_receipt(ann):
    held = [reserve(asked(), None).answer["reservation_id"] for _ in range(8)]
    outcomes = at_once(lambda n: commit(held[n], call=call(f"o{n}"), order_id="shop:1"), 8)
    assert outcomes == {"created": 1, "order_taken": 7}


# --- sabotage: with a guard taken away, the same races must go wrong ---

ON_POSTGRESQL = pytest.mark.skipif(
    connection.vendor == "sqlite", reason="SQLite has one writer at a time, whatever is locked"
)


def test_without_the_keys_row_a_retry_reserves_again(ann, monkeypatch):
    def forgetful(one: Call, *, name: str, digest: str) -> tuple[CheckoutCall, bool]:
        other = f"{one.key}:{uuid.uuid4().hex}"
        return CheckoutCall.objects.create(key=other, call=name, request_hash=digest, at=one.at), True

    monkeypatch.setattr(keys, "_claimed", forgetful)
    assert same_key_at_once() == {"created": 16}
    assert Reservation.objects.count() == 16


def all_returned_by_two(number: str) -> Counter[str]:
    return at_once(lambda n: told(lambda: bring_back(number, {1: 8}, call=call(f"w{number}{n}"))), 2, tills=2)


@ON_POSTGRESQL
def test_without_the_receipts_lock_units_come_back_twice(ann, monkeypatch):
    one, other = (bought(asked(EIGHT), None)["receipt_id"] for _ in range(2))
    assert all_returned_by_two(one) == {"created": 1, "more_than_bought": 1}
    monkeypatch.setattr(returning, "locked_receipt", lambda wanted: Receipt.objects.get(public_id=wanted))
    monkeypatch.setattr(returning, "returned_of_all", met_after(returning.returned_of_all))
    # Neither is told that the other has brought everything back.
    assert "more_than_bought" not in all_returned_by_two(other)


@ON_POSTGRESQL
def test_without_the_reservations_lock_and_state_it_is_committed_twice(ann, monkeypatch):
    def unlocked(wanted: str) -> Reservation:
        return Reservation.objects.get(public_id=wanted)

    monkeypatch.setattr(committing, "locked_reservation", met_after(unlocked))
    # The state alone would still hold: whoever changes the row has the reservation.
    assert committed_at_once_without_points() == COMMITTED_ONCE
    monkeypatch.setattr(committing, "locked_reservation", met_after(unlocked))
    monkeypatch.setattr(committing, "closed", lambda *_args, **_values: True)
    assert committed_at_once_without_points() != COMMITTED_ONCE


def told(task: Callable[[], Any]) -> Any:
    """What a task came to, also where the database's own constraints stopped it."""
    try:
        return task()
    except IntegrityError:
        return SimpleNamespace(outcome="stopped by the database")


def met_after(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A reading after which nobody goes on before another has read too."""
    meeting = Meeting()

    def reading(wanted: Any) -> Any:
        found = read(wanted)
        meeting.wait()
        return found

    return reading
