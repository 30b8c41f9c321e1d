"""What the checkout takes: purchases a second, the wait for each of its steps, and what each asks of the database.

    python benchmarks/checkout.py [postgresql|sqlite|both] --seconds 3 --clients 1,4,16

Each of 150 members has four lots of points, a discount and free shipping 50 times a month, and rules that earn.  A
basket has five lines, a voucher with limits and a budget, and pays with points.  PostgreSQL is started by the
benchmark with fsync, synchronous_commit and full_page_writes on, and runs ``pgbench``'s TPC-B-like script as it
comes (scale 16) before each number of clients, as benchmarks/ledger.py does; SQLite writes with
``synchronous=FULL``.  Clients are processes that call the operations, each with keys and vouchers of its own.

Prints first how many statements one step sends (BEGIN and savepoints are statements too), then for each number of
clients purchases (evaluate, reserve, commit) a second, their ratio to TPC-B-like, the 50th and 99th percentile of
each step in milliseconds, and the CPU time of the client for a purchase, which tells most on a busy machine.
"""

import argparse
import atexit
import itertools
import multiprocessing
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]
MEMBERS, LOTS, LOT_POINTS = 150, 4, 150_000
CODES = 12_000
START = datetime(2026, 1, 5, tzinfo=UTC)
NOW = datetime(2026, 2, 1, 4, tzinfo=UTC)
PRICES = (4990, 15, 9600, 1250, 3000)
STEPS = ("evaluate", "reserve", "commit")
#: Nothing here takes longer than so many seconds, or the benchmark ends with an error.
LIMIT = 60
RIGHTS = (
    {"code": "off", "kind": "discount", "cells": {"*": {"numerator": 1, "denominator": 20}}},
    {
        "code": "ship",
        "kind": "shipping",
        "period": "month",
        "cells": {"*": {"from_minor": 0, "count": 50_000}},
    },
)


def set_up(engine: str, home: Path) -> Any:
    """A database of its own with members who have points; the server, if there is one."""
    os.environ |= {"SHUKE_HOME": str(home), "SHUKE_LOG_LEVEL": "ERROR"}
    os.environ["DJANGO_SETTINGS_MODULE"] = "shuke.config.settings"
    server = None
    if engine == "postgresql":
        from tests import postgresql

        postgresql.FAST.update(postgresql.SERVICE)
        server = postgresql.start_postgresql()
        atexit.register(server.stop)
        os.environ["SHUKE_DATABASE_URL"] = server.create_database()
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    _fill()
    return server


def _fill() -> None:
    from django.db import transaction

    from shuke.apps.loyalty.operations import award_points, define_points_type
    from shuke.apps.loyalty.operations.checkout import set_points_rate
    from shuke.apps.loyalty.schemas import Request
    from shuke.apps.members.operations import create_members
    from shuke.apps.members.schemas import MemberProfile
    from shuke.platform.permissions import SYSTEM
    from tests.apps.loyalty import benefit_terms, earning_shop

    define_points_type(actor=SYSTEM, at=START, code="points", name="Points")
    set_points_rate(
        actor=SYSTEM, at=START, points_type="points", starts_on=date(2026, 1, 1), points=100, minor=100
    )
    terms = [{"period": "", "names": {"en": right["code"]}, **right} for right in RIGHTS]
    benefit_terms.publish(terms, starts_on=START.date(), at=START)
    earning_shop.publish(earning_shop.GROUND, at=START)
    profiles = [MemberProfile(name=f"M{n}") for n in range(MEMBERS)]
    with transaction.atomic():
        for member in create_members(at=START, source="bench", profiles=profiles):
            for lot in range(LOTS):
                award_points(
                    request=Request(key=f"{member.public_id}:{lot}", actor="bench", at=START),
                    member_id=member.public_id,
                    points_type="points",
                    points=LOT_POINTS,
                )


def codes_to_use(count: int = CODES) -> list[str]:
    """Codes of vouchers that nobody has, 5.00 off each, with a limit on uses and a budget."""
    from shuke.apps.promotions import operations, queries
    from tests.apps.promotions.conftest import defined

    limits = {"uses": 10_000_000, "budget_minor": 10_000_000_000}
    definition = defined(name="Five", amount_minor=500, days_after_claim=None, limits=limits)
    from shuke.platform.permissions import SYSTEM

    ordered = operations.order_codes(
        actor=SYSTEM, at=START, key="bench", definition_id=definition, count=count
    )
    operations.make_codes(batch_id=ordered)
    return [code for code, _state in queries.batch_codes(ordered)]


def request_of(code: str) -> Any:
    """A basket of five lines with a voucher that pays a part with points."""
    from shuke.apps.loyalty.schemas import CheckoutRequest

    lines = [{"line_no": n, "product_id": f"p{n}", "list_minor": m} for n, m in enumerate(PRICES, 1)]
    return CheckoutRequest.model_validate(
        {
            "basket": {"currency": "CNY", "lines": lines, "shipping_minor": 600},
            "points": {"points": 20},
            "codes": [code] if code else [],
        }
    )


def steps_of(member: str, code: str) -> Iterator[tuple[str, Callable[[], Any]]]:
    """The steps of one purchase; each must be carried out before the next is asked for."""
    from shuke.apps.loyalty.operations.checkout import Call, commit_reservation, reserve_basket
    from shuke.apps.loyalty.queries.checkout import evaluate
    from shuke.apps.loyalty.schemas import CommitRequest, ReservationRequest

    said: dict[str, Any] = {}
    key = uuid.uuid4().hex

    def quote() -> None:
        said["quote"] = evaluate(request, member_id=member, at=NOW)

    def reserve() -> None:
        wanted = ReservationRequest(**request.model_dump(), quote_hash=said["quote"].quote_hash)
        said["held"] = reserve_basket(
            call=Call(key + "r", "bench", NOW), request=wanted, member_id=member
        ).answer

    def commit() -> None:
        commit_reservation(
            call=Call(key + "c", "bench", NOW),
            reservation_id=said["held"]["reservation_id"],
            request=CommitRequest(order_id=f"bench:{key}"),
        )

    request = request_of(code)
    yield from zip(STEPS, (quote, reserve, commit), strict=True)


def statements(members: list[str], codes: list[str]) -> str:
    """How many statements each step sends: with points and a discount alone, and with everything."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    told = []
    for label, code in (("points and a discount", ""), ("with a voucher", codes.pop())):
        counts = []
        for name, act in steps_of(members[0], code):
            with CaptureQueriesContext(connection) as found:
                act()
            counts.append(f"{name} {len(found)}")
        told.append(f"{label}: {', '.join(counts)}")
    return "statements " + "; ".join(told)


def client(number: int, seconds: float, members: list[str], codes: list[str], results: Any) -> None:
    """Purchases of random members until the time is over."""
    dice, waits = random.Random(number), []
    taken = iter(codes)
    for _name, act in steps_of(dice.choice(members), next(taken)):
        act()
    first, cpu = time.perf_counter(), time.process_time()
    while (began := time.perf_counter()) < first + seconds:
        times = []
        for _name, act in steps_of(dice.choice(members), next(taken)):
            act()
            times.append(time.perf_counter())
        waits.append([end - start for start, end in itertools.pairwise([began, *times])])
    results.put((waits, time.process_time() - cpu, time.perf_counter() - first))


def percentile(values: list[float], share: float) -> float:
    """In milliseconds."""
    return 1000 * sorted(values)[min(int(len(values) * share), len(values) - 1)]


def measure(clients: int, seconds: float, *, codes: list[str], beside: float | None) -> str:
    """One line: purchases a second and waits."""
    from django.db import connections

    from shuke.apps.members.queries import active_ids

    members: list[str] = active_ids()
    results: Any = multiprocessing.Queue()
    # A child must not end the session of its parent.
    connections.close_all()
    fork = multiprocessing.get_context("fork")
    share = len(codes) // clients
    processes = [
        fork.Process(
            target=client,
            args=(n, seconds, members, codes[n * share : (n + 1) * share], results),
            daemon=True,
        )
        for n in range(clients)
    ]
    for process in processes:
        process.start()
    # A client that fell says why by itself; nobody waits for it for ever.
    found = [results.get(timeout=seconds + LIMIT) for _ in processes]
    waits, cpu = [wait for one, _, _ in found for wait in one], sum(one for _, one, _ in found)
    for process in processes:
        process.join()
    # What was begun in time is counted to its end, and so is the time.
    rate = len(waits) / max(took for _, _, took in found)
    ratio = f" ({rate / beside:.3f}x of TPC-B-like)" if beside else ""
    by_step = [[wait[place] for wait in waits] for place in range(len(STEPS))]
    told = "; ".join(
        f"{name} p50 {percentile(values, 0.5):.1f} ms p99 {percentile(values, 0.99):.1f} ms"
        for name, values in zip(STEPS, by_step, strict=True)
    )
    return (
        f"{clients:>3} clients: {rate:7.1f} purchases/s{ratio}; {told}; "
        f"CPU of a client {1000 * cpu / len(waits):.1f} ms a purchase"
    )


@contextmanager
def tpcb(server: Any) -> Iterator[Callable[[int, int], float]]:
    """TPC-B-like transactions a second, by the frame of benchmarks/ledger.py."""
    import ledger
    from django.db import connection

    database = connection.settings_dict["NAME"]
    pgbench = [server.binaries / "pgbench", "-h", server.folder, "-U", "postgres", "-i", "-q"]
    subprocess.run([*pgbench, "-s", str(ledger.SCALE), database], capture_output=True, check=True)
    yield lambda clients, seconds: ledger.by_pgbench(server, "tpcb", clients=clients, seconds=seconds)[0]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("engine", nargs="?", default="both", choices=("postgresql", "sqlite", "both"))
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--clients", default="1,4,16")
    options = parser.parse_args()
    if options.engine == "both":
        for engine in ("sqlite", "postgresql"):
            command = [sys.executable, __file__, engine, "--seconds", str(options.seconds)]
            subprocess.run([*command, "--clients", options.clients], check=True)
        return
    home = Path(tempfile.mkdtemp(prefix="shuke-checkout-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    run(options.engine, set_up(options.engine, home), options)


def run(engine: str, server: Any, options: Any) -> None:
    """Print every figure of an engine."""
    from django.db import connection

    from shuke.apps.loyalty.queries.verification import ledger_findings
    from shuke.apps.loyalty.queries.verification.reading import count_anew
    from shuke.apps.members.queries import active_ids

    codes = codes_to_use()
    print(f"{engine}, load {os.getloadavg()[0]:.1f}: {statements(active_ids(), codes)}", flush=True)
    with tpcb(server) if server else _nothing() as beside:
        for number, clients in enumerate(counts := [int(n) for n in options.clients.split(",")]):
            other = beside(clients, options.seconds) if beside else None
            if other:
                print(f"{engine} {clients:>3} clients: TPC-B-like {other:.0f}/s", flush=True)
            part = codes[number :: len(counts)]
            print(f"{engine} {measure(clients, options.seconds, codes=part, beside=other)}", flush=True)
    began = time.perf_counter()
    if server:
        with connection.cursor() as cursor:
            cursor.execute(f"SET statement_timeout = '{LIMIT}s'")
    count_anew()
    findings = ledger_findings()
    seconds = time.perf_counter() - began
    print(
        f"{engine}: the ledger's checks in {seconds:.1f} s, {len(findings)} findings",
        *findings[:2],
        flush=True,
    )


@contextmanager
def _nothing() -> Iterator[None]:
    yield None


if __name__ == "__main__":
    main()
