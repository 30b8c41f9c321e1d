"""Many tills at once: a voucher is used once, a limit is reached exactly; and each guard, taken away, is missed."""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.db.models import F, QuerySet

from shuke.apps.members.operations import create_members
from shuke.apps.members.schemas import MemberProfile
from shuke.apps.promotions import operations, queries
from shuke.apps.promotions.models import Voucher, VoucherCounter, VoucherEvent
from shuke.apps.promotions.operations import counters, holding, making, purchases
from shuke.platform.permissions import SYSTEM
from tests.apps.promotions.conftest import BASKET, START, defined
from tests.threads import Meeting, at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
MINUTES = timedelta(minutes=10)
#: Flash units, and the buyers who rush for them.  Most are told at a glance that nothing is left.
UNITS = 100


def uses_of(code: str, member: str = "") -> Any:
    return queries.voucher_quote(
        codes=[code], member_id=member, tier="", basket=BASKET, left=BASKET.list_amounts(), at=START
    ).uses


def reserve(uses: Any, number: int, member: str = "") -> str:
    held = operations.reserve_vouchers(
        key=f"r{number}", uses=uses, member_id=member, until=START + MINUTES, at=START
    )
    return held.state


def bulk_codes(count: int, **terms: Any) -> list[str]:
    batch = operations.order_codes(
        actor=SYSTEM, at=START, key="bulk", definition_id=defined(**terms), count=count
    )
    operations.make_codes(batch_id=batch)
    return [code for code, _state in queries.batch_codes(batch)]


def take_one_voucher(tills: int = 16) -> Counter[str]:
    uses = uses_of(bulk_codes(1)[0])
    return at_once(lambda n: reserve(uses, n), tills, tills=tills)


def test_one_voucher_with_one_use_goes_to_one_of_sixteen(members):
    assert take_one_voucher() == {"held": 1, "voucher_reserved_elsewhere": 15}
    assert Voucher.objects.get().state == "reserved"
    assert VoucherEvent.objects.filter(event="reserved").count() == 1


def test_sixteen_tills_that_redeem_the_same_hold_use_it_once(members):
    reserve(uses_of(bulk_codes(1)[0]), 0)

    def redeem(number: int) -> str:
        return operations.redeem_vouchers(key="r0", order_id="o", at=START).outcome

    assert at_once(redeem, 16, tills=16) == {"created": 1, "replayed": 15}
    assert VoucherEvent.objects.filter(event="redeemed").count() == 1


def test_without_its_where_clause_the_suite_would_see_a_voucher_used_twice(members, monkeypatch):
    both_looked = Meeting()

    def careless(rows: QuerySet[Any], *, before: Any, **values: Any) -> bool:
        # Looks first, then writes whatever it saw: the state may have changed between.
        is_free = rows.filter(state__in=before).exists()
        both_looked.wait()
        return is_free and bool(rows.update(**values))

    def unlocked(pks: Any, *, at: Any) -> tuple[dict[int, Voucher], list[Any]]:
        return {voucher.pk: voucher for voucher in purchases.loaded(pks)}, []

    if connection.vendor == "sqlite":
        # One writer at a time hides the mistake; a reader that decides before it writes does not.
        monkeypatch.setattr(
            purchases, "take_state", lambda rows, *, before, **values: bool(rows.update(**values))
        )
    else:
        monkeypatch.setattr(purchases, "take_state", careless)
        monkeypatch.setattr(purchases, "_lock", unlocked)
    assert take_one_voucher(8)["held"] > 1


def rush(members: list[str], *, buyers: int, units: int = UNITS, tills: int = 8) -> Counter[str]:
    """Each buyer claims one of the flash units."""
    definition = defined(is_claimable=True, limits={"claims": units})

    def claim(number: int) -> str:
        operations.claim_voucher(
            key=f"c{number}", definition_id=definition, member_id=members[number % len(members)], at=START
        )
        return "claimed"

    return at_once(claim, buyers, tills=tills)


@pytest.fixture
def crowd(members) -> list[str]:
    profiles = [MemberProfile(name=f"M{n}") for n in range(40)]
    return [ref.public_id for ref in create_members(at=START, source="test", profiles=profiles)]


def test_five_hundred_buyers_for_a_hundred_units(crowd):
    """The ten thousand buyers of both databases are in ``benchmarks/vouchers.py``; they take a minute."""
    assert rush(crowd, buyers=500) == {"claimed": UNITS, "voucher_limit_reached": 400}
    assert Voucher.objects.count() == UNITS
    rows = list(VoucherCounter.objects.filter(what="claims").values_list("share", "used"))
    assert len(rows) == 4
    assert all(used == share for share, used in rows)


def test_without_the_limits_where_clause_more_than_there_are_get_one(crowd, monkeypatch):
    def careless(definition_id: int, what: str, shard: int, amount: int) -> bool:
        rows = VoucherCounter.objects.filter(definition=definition_id, what=what, shard=shard)
        return rows.update(used=F("used") + amount) == 1

    def hopeful(definition_id: int, what: str, amount: int, *_more: Any) -> list[Any]:
        careless(definition_id, what, 0, amount)
        return []

    monkeypatch.setattr(counters, "_take_one", careless)
    monkeypatch.setattr(counters, "_take_pieces", hopeful)
    monkeypatch.setattr(holding, "_is_taken", lambda *_a, **_k: False)
    assert rush(crowd, buyers=20, units=10)["claimed"] > 10


def test_a_budget_is_spent_to_the_last_cent_and_no_further(members):
    # 20.00 each: 50.00 pay for two; 15 of 16 shards' rests would not do for a third.
    codes = bulk_codes(12, limits={"budget_minor": 5_000, "uses": 12})
    prepared = [uses_of(code) for code in codes]
    outcomes = at_once(lambda n: reserve(prepared[n], n), 12, tills=8)
    assert outcomes == {"held": 2, "voucher_budget_used_up": 10}
    used = sum(VoucherCounter.objects.filter(what="budget").values_list("used", flat=True))
    assert used == 4_000
    assert sum(VoucherCounter.objects.filter(what="uses").values_list("used", flat=True)) == 2


def test_one_member_with_many_hands_stays_within_the_members_limit(members):
    definition = defined(is_claimable=True, limits={"claims_per_member": 3})

    def claim(number: int) -> str:
        operations.claim_voucher(key=f"c{number}", definition_id=definition, member_id=members[0], at=START)
        return "claimed"

    assert at_once(claim, 24, tills=8) == {"claimed": 3, "voucher_limit_reached": 21}


def test_a_gift_is_taken_by_one_friend(crowd, members):
    voucher = operations.issue_voucher(
        actor=SYSTEM,
        at=START,
        key="g",
        definition_id=defined(gifting={"is_allowed": True}),
        member_id=members[0],
    )
    secret = operations.offer_gift(voucher_id=voucher, member_id=members[0], at=START)

    def take(number: int) -> str:
        operations.take_gift(secret=secret, member_id=crowd[number], at=START)
        return "taken"

    assert at_once(take, 12, tills=12) == {"taken": 1, "gift_taken": 11}
    assert Voucher.objects.filter(state="claimed").count() == 1


def test_holds_that_time_out_while_others_need_them_do_not_lock_each_other(members):
    codes = bulk_codes(10, limits={"uses": 10})
    prepared = [uses_of(code) for code in codes]
    assert at_once(lambda n: reserve(prepared[n], n), 10, tills=4) == {"held": 10}
    later = START + 2 * MINUTES

    def again(number: int) -> str:
        held = operations.reserve_vouchers(
            key=f"again{number}", uses=prepared[number], member_id="", until=later + MINUTES, at=later
        )
        return held.state

    assert at_once(again, 10, tills=8) == {"held": 10}
    assert sum(VoucherCounter.objects.filter(what="uses").values_list("used", flat=True)) == 10


def test_two_workers_at_one_batch_make_each_code_once(members, monkeypatch):
    monkeypatch.setattr(making, "BLOCK", 50)
    batch = operations.order_codes(actor=SYSTEM, at=START, key="b", definition_id=defined(), count=1_000)

    def work(_number: int) -> str:
        operations.make_codes(batch_id=batch)
        return "done"

    assert at_once(work, 3, tills=3) == {"done": 3}
    assert Voucher.objects.count() == 1_000
    assert queries.batch(batch).made == 1_000
    assert VoucherEvent.objects.count() == 1_000


SCRIPT = Path(__file__).with_name("making_process.py")
CODES = 10_000


def test_kill_9_in_the_making_of_codes_loses_and_doubles_none(members, tmp_path, settings):
    batch = operations.order_codes(actor=SYSTEM, at=START, key="b", definition_id=defined(), count=CODES)
    kept = {n: v for n, v in os.environ.items() if n not in {"SHUKE_DATABASE_URL", "SHUKE_LAKE"}}
    given = kept | {"SHUKE_HOME": str(tmp_path), "DJANGO_SETTINGS_MODULE": "shuke.config.settings"}
    shutil.copy(Path(settings.SHUKE_HOME) / "keyring.json", tmp_path)
    if connection.vendor == "postgresql":
        server = os.environ["SHUKE_DATABASE_URL"].rpartition("/")[0]
        given["SHUKE_DATABASE_URL"] = f"{server}/{connection.settings_dict['NAME']}"
    else:
        # The database in memory becomes a file that a process of its own can work on.
        connection.ensure_connection()
        with sqlite3.connect(tmp_path / "db.sqlite3") as file:
            connection.connection.backup(file)
    done = subprocess.run(
        [sys.executable, str(SCRIPT), batch], env=given, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-4000:]
    killed, *counts = done.stdout.split()
    assert int(killed) > 0
    assert counts == [str(CODES)] * 4 + ["True"]
