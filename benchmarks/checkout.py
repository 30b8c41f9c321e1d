"""What the checkout takes: the wait for a quote, and whole purchases (reserve and commit) a second.

    python benchmarks/checkout.py [postgresql|sqlite|both] --seconds 6 --clients 1,4

Each of 150 members has four lots of points, a discount, and rules that earn; a basket has five lines and pays with
points.  PostgreSQL is started by the benchmark with fsync and synchronous_commit on; SQLite writes with
``synchronous=FULL``.  Clients are processes that call the operations, each with keys of its own.  ``evaluate`` is
measured alone, by one client, in milliseconds (50th and 99th percentile).  The CPU time of a client says what a
purchase takes on a machine that others work on as well.
"""

import argparse
import atexit
import multiprocessing
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
MEMBERS, LOTS, LOT_POINTS = 150, 4, 150_000
START = datetime(2026, 1, 5, tzinfo=UTC)
NOW = datetime(2026, 2, 1, 4, tzinfo=UTC)
PRICES = (4990, 15, 9600, 1250, 3000)


def set_up(engine: str, home: Path) -> None:
    """A database of its own with members who have points."""
    os.environ |= {"SHUKE_HOME": str(home), "SHUKE_LOG_LEVEL": "ERROR"}
    os.environ["DJANGO_SETTINGS_MODULE"] = "shuke.config.settings"
    if engine == "postgresql":
        from tests import postgresql

        postgresql.FAST.update(fsync="on", synchronous_commit="on", full_page_writes="on")
        server = postgresql.start_postgresql()
        atexit.register(server.stop)
        os.environ["SHUKE_DATABASE_URL"] = server.create_database()
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    _fill()


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
    off = {"code": "off", "kind": "discount", "period": "", "names": {"en": "5 %"}}
    terms = [{**off, "cells": {"*": {"numerator": 1, "denominator": 20}}}]
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


def request_of() -> Any:
    """A basket of five lines that pays a part with points."""
    from shuke.apps.loyalty.schemas import CheckoutRequest

    lines = [{"line_no": n, "product_id": f"p{n}", "list_minor": m} for n, m in enumerate(PRICES, 1)]
    return CheckoutRequest(basket={"currency": "CNY", "lines": lines}, points={"points": 20})


def purchase(member: str, *, at: datetime) -> tuple[float, float]:
    """Evaluate, reserve and commit; seconds of the quote and of the two others together."""
    from shuke.apps.loyalty.operations.checkout import Call, commit_reservation, reserve_basket
    from shuke.apps.loyalty.queries.checkout import evaluate
    from shuke.apps.loyalty.schemas import CommitRequest, ReservationRequest

    request, began = request_of(), time.perf_counter()
    quote = evaluate(request, member_id=member, at=at)
    quoted, key = time.perf_counter(), uuid.uuid4().hex
    wanted = ReservationRequest(**request.model_dump(), quote_hash=quote.quote_hash)
    held = reserve_basket(call=Call(key + "r", "bench", at), request=wanted, member_id=member).answer
    commit_reservation(
        call=Call(key + "c", "bench", at),
        reservation_id=held["reservation_id"],
        request=CommitRequest(order_id=f"bench:{key}"),
    )
    return quoted - began, time.perf_counter() - quoted


def client(number: int, seconds: float, members: list[str], results: Any) -> None:
    """Purchases of random members until the time is over."""
    dice, waits = random.Random(number), []
    purchase(dice.choice(members), at=NOW)
    until, cpu = time.perf_counter() + seconds, time.process_time()
    while time.perf_counter() < until:
        waits.append(purchase(dice.choice(members), at=NOW))
    results.put((waits, time.process_time() - cpu))


def percentile(values: list[float], share: float) -> float:
    """In milliseconds."""
    return 1000 * sorted(values)[min(int(len(values) * share), len(values) - 1)]


def measure(clients: int, seconds: float) -> str:
    """One line: purchases a second and waits."""
    from django.db import connections

    from shuke.apps.members.queries import active_ids

    members, results = active_ids(), multiprocessing.Queue()
    # A child must not end the session of its parent.
    connections.close_all()
    fork = multiprocessing.get_context("fork")
    processes = [
        fork.Process(target=client, args=(number, seconds, members, results)) for number in range(clients)
    ]
    for process in processes:
        process.start()
    found = [results.get() for _ in processes]
    waits, cpu = [wait for one, _ in found for wait in one], sum(one for _, one in found)
    for process in processes:
        process.join()
    quotes, sales = [wait[0] for wait in waits], [wait[1] for wait in waits]
    return (
        f"{clients:>3} clients: {len(waits) / seconds:7.1f} purchases/s; "
        f"evaluate p50 {percentile(quotes, 0.5):.1f} ms p99 {percentile(quotes, 0.99):.1f} ms; "
        f"reserve + commit p50 {percentile(sales, 0.5):.1f} ms p99 {percentile(sales, 0.99):.1f} ms; "
        f"CPU of a client {1000 * cpu / len(waits):.0f} ms a purchase"
    )


def quotes_alone(count: int) -> str:
    """Quotes by one client with nothing else going on."""
    from shuke.apps.loyalty.queries.checkout import evaluate
    from shuke.apps.members.queries import active_ids

    request, members, waits = request_of(), active_ids(), []
    for number in range(count):
        began = time.perf_counter()
        evaluate(request, member_id=members[number % len(members)], at=NOW)
        waits.append(time.perf_counter() - began)
    return f"evaluate alone: p50 {percentile(waits, 0.5):.1f} ms, p99 {percentile(waits, 0.99):.1f} ms"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("engine", nargs="?", default="both", choices=("postgresql", "sqlite", "both"))
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--clients", default="1,4")
    options = parser.parse_args()
    if options.engine == "both":
        for engine in ("sqlite", "postgresql"):
            command = [sys.executable, __file__, engine, "--seconds", str(options.seconds)]
            subprocess.run([*command, "--clients", options.clients], check=True)
        return
    home = Path(tempfile.mkdtemp(prefix="shuke-checkout-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    set_up(options.engine, home)
    print(f"{options.engine}, load {os.getloadavg()[0]:.1f}: {quotes_alone(300)}", flush=True)
    for clients in options.clients.split(","):
        print(f"{options.engine} {measure(int(clients), options.seconds)}", flush=True)


if __name__ == "__main__":
    main()
