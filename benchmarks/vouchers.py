"""How fast vouchers are made and used: codes in bulk, then holding and redeeming them.

Run ``python benchmarks/vouchers.py [codes] [sqlite|postgresql]``.  SQLite lies in a home of its own with the settings
of production (WAL, synchronous FULL).  PostgreSQL is started here; it does not force writes to disk, so its rates are
those of the program and the server, not of a disk.  CPU time is this process's, which tells more than the clock on a
busy machine.
"""

import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
AT = datetime(2026, 1, 5, 4, tzinfo=UTC)
PURCHASES = 250
UNITS, BUYERS = 100, 10_000


@contextmanager
def timed(label: str, count: int, unit: str):
    clock, cpu = time.perf_counter(), time.process_time()
    yield
    clock, cpu = time.perf_counter() - clock, time.process_time() - cpu
    print(f"{label}: {clock:.1f} s ({cpu:.1f} s CPU), {count / clock:,.0f} {unit}/s", flush=True)


def main(count: int = 1_000_000, database: str = "sqlite") -> None:
    with tempfile.TemporaryDirectory() as home:
        os.environ |= {"SHUKE_HOME": home, "DJANGO_SETTINGS_MODULE": "shuke.config.settings"}
        os.environ["SHUKE_LOG_LEVEL"] = "WARNING"
        if database == "sqlite":
            os.environ.pop("SHUKE_DATABASE_URL", None)
            run(count)
            return
        from tests import postgresql

        postgresql.FAST.update(postgresql.SERVICE)
        server = postgresql.start_postgresql()
        try:
            os.environ["SHUKE_DATABASE_URL"] = server.url("postgres")
            run(count)
        finally:
            server.stop()


def run(count: int) -> None:
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from shuke.apps.promotions import operations, queries
    from shuke.platform.permissions import SYSTEM

    def defined(**terms: Any) -> str:
        given = {"kind": "amount", "amount_minor": 2000, "days_after_claim": 30, **terms}
        found = operations.create_definition(actor=SYSTEM, at=AT, name="Twenty", terms=given)
        operations.publish_definition(actor=SYSTEM, at=AT, definition_id=found)
        return found

    def batch(key: str, definition: str, size: int) -> str:
        ordered = {"actor": SYSTEM, "at": AT, "key": key, "definition_id": definition, "count": size}
        return operations.order_codes(**ordered)

    big = batch("big", defined(), count)
    with timed(f"{count:,} unique codes", count, "codes"):
        operations.make_codes(batch_id=big)
    exported = 0
    with timed("export", count, "codes"):
        exported = sum(1 for _ in queries.batch_codes(big))
    assert exported == count, exported
    for label, terms in (
        ("no limits", {}),
        ("limits and a budget", {"limits": {"uses": 10**6, "budget_minor": 10**9}}),
    ):
        small = batch(label, defined(**terms), 5 * PURCHASES)
        operations.make_codes(batch_id=small)
        codes = [code for code, _state in queries.batch_codes(small)]
        for tills in (1, 4):
            part, codes = codes[:PURCHASES], codes[PURCHASES:]
            with timed(f"quote, reserve, redeem, {label}, {tills} tills", PURCHASES, "purchases"):
                at_once(part, tills, purchase)
    from shuke.apps.promotions.models import Voucher

    assert Voucher.objects.filter(state="redeemed").count() == 4 * PURCHASES
    rush(defined(is_claimable=True, limits={"claims": UNITS}))


def rush(definition: str) -> None:
    """Ten thousand buyers claim a hundred flash units, by eight tills at once."""
    from shuke.apps.members.operations import create_members
    from shuke.apps.members.schemas import MemberProfile
    from shuke.apps.promotions import operations
    from shuke.apps.promotions.models import Voucher
    from shuke.platform.errors import Refused

    refs = create_members(at=AT, source="test", profiles=[MemberProfile(name="Ann")] * 500)

    def claim(number: str) -> None:
        member = refs[int(number) % len(refs)].public_id
        try:
            operations.claim_voucher(key=number, definition_id=definition, member_id=member, at=AT)
        except Refused as refusal:
            if refusal.code != "voucher_limit_reached":
                raise

    with timed(f"{BUYERS:,} buyers for {UNITS} units, 8 tills", BUYERS, "buyers"):
        at_once([str(number) for number in range(BUYERS)], 8, claim)
    found = Voucher.objects.filter(batch__version__definition__public_id=definition).count()
    print(f"units that were given out: {found}")
    assert found == UNITS


def at_once(codes: list[str], tills: int, task: Callable[[str], None]) -> None:
    from django.db import connection

    def till(number: int) -> None:
        for code in codes[number::tills]:
            task(code)
        connection.close()

    threads = [threading.Thread(target=till, args=(number,)) for number in range(tills)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def purchase(code: str) -> None:
    from shuke.apps.promotions import operations, queries
    from shuke.apps.promotions.schemas import Basket, BasketLine

    basket = Basket((BasketLine(1, "bread", 1, 4990), BasketLine(2, "wine", 1, 9600)))
    quote = queries.voucher_quote(
        codes=[code], member_id="", tier="", basket=basket, left=basket.list_amounts(), at=AT
    )
    until = AT + timedelta(minutes=10)
    operations.reserve_vouchers(key=code, uses=quote.uses, member_id="", until=until, at=AT)
    operations.redeem_vouchers(key=code, order_id=f"o:{code}", at=AT)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000, *sys.argv[2:3])
