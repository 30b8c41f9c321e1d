"""How many postings a second the points ledger takes, beside pgbench's TPC-B-like script on the same PostgreSQL.

    python benchmarks/ledger.py [postgresql|sqlite|both] --seconds 6 --clients 1,4,16

PostgreSQL is started by the benchmark with fsync, synchronous_commit and full_page_writes on; SQLite writes
with ``synchronous=FULL``.  For each number of clients, one after the other and each for ``--seconds``:

tpcb        ``pgbench`` as it comes (scale 16): three updates, a select and an insert in a transaction
prepared    the same with ``-M prepared``, for comparison: ratios are to ``tpcb``
lean earn   ``pgbench -M prepared -f``: one call of the stored function ``loyalty_earn``, as the operations call
            it, the copy for the lake included
lean burn   the same with ``loyalty_burn``: 7 points from wallets of 12 lots
earn, burn  processes that call ``award_points`` and ``spend_points``, each with keys of its own

A lean call that declines (the wallet's clock is ahead) posts nothing: what counts is the growth of the table.
Prints postings a second, the ratio to ``tpcb``, and the 50th and 99th percentile of the wait in milliseconds.
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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

MEMBERS = 4_000
LOTS, LOT_POINTS, BURN = 12, 500, 7
SCALE = 16
START = datetime(2026, 1, 5, tzinfo=UTC)
COPY = (
    '[{"entry_id": "ptx_0123456789abcdef:issued", "txn_id": "ptx_0123456789abcdef", "member_id": "mem_x", '
    '"points_type": "points", "kind": "earn", "account": "issued", "points": 25, "expires_at": null, '
    '"source": "order-1", "effective_at": "2026-11-27T00:00:00+00:00", "local_month": "2026-11", '
    '"local_date": "2026-11-27", "local_hour": 8}]'
)
EXPIRY = '{"policy": "rolling", "months": 36, "month": 12, "day": 31}'
#: Members are known by such numbers here, for pgbench makes up ids as a till does, and not in the server.
NUMBER = 1_000_000_000_000_000
# pgbench reads a colon before a letter or a digit as the name of a variable.
DRAWN = f"\\set fresh random({NUMBER}, {10 * NUMBER - 1})\n"
NEW = f"'ptx_' || :fresh, 'bench-' || :fresh, '{'0' * 64}'"
EARN = f"""\\set member {NUMBER} + random(:first_earn, :last_earn)
{DRAWN}SELECT * FROM loyalty_earn('mem_' || :member, :type, :expiry, 0, 'UTC', {NEW}, 'order-1', '', '', 'till', 25,
    'available', now(), now() + interval '1 year', now() + interval '1 year', now(), now(), :copy);
"""
BURNING = f"""\\set member {NUMBER} + random(:first_burn, :last_burn)
{DRAWN}SELECT * FROM loyalty_burn('mem_' || :member, :type, 'UTC', {NEW}, 'order-1', '', '', 'till', {BURN}, now(),
    :copy);
"""


def set_up(engine: str, home: Path) -> Any:
    """A database of its own with members, half of whom have lots to spend; the server, if there is one."""
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
    from django.db.models import CharField, F, Value
    from django.db.models.functions import Cast, Concat

    from shuke.apps.loyalty.models import PointsType, Wallet
    from shuke.apps.loyalty.operations import define_points_type
    from shuke.apps.loyalty.operations.book import Ledger
    from shuke.apps.loyalty.rules.expiry import Expiry
    from shuke.apps.loyalty.rules.wallet import award
    from shuke.apps.loyalty.schemas import Request
    from shuke.apps.members.models import Member
    from shuke.apps.members.operations import create_members
    from shuke.apps.members.schemas import MemberProfile
    from shuke.platform.permissions import SYSTEM

    expiry = Expiry("rolling", months=36)
    define_points_type(actor=SYSTEM, at=START, code="points", name="Points", expiry=expiry)
    create_members(at=START, source="bench", profiles=[MemberProfile() for _ in range(MEMBERS)])
    numbered = Concat(Value("mem_"), Cast(F("pk") + NUMBER, CharField()))
    Member.objects.update(public_id=numbered)
    kind = PointsType.objects.get()
    members = Member.objects.order_by("pk").values_list("pk", flat=True)
    Wallet.objects.bulk_create(Wallet(member_id=pk, points_type=kind, created_at=START) for pk in members)
    ids = list(Wallet.objects.order_by("pk").values_list("pk", flat=True))[MEMBERS // 2 :]
    end = expiry.end(START, time_zone="UTC")
    for start in range(0, len(ids), 100):
        with transaction.atomic():
            ledger = Ledger()
            for book in ledger.open(ids[start : start + 100]):
                for number in range(LOTS):
                    posting = award(
                        book.state, points=LOT_POINTS, activates_at=START, expires_at=end, at=START
                    )
                    request = Request(key=f"fill:{book.wallet.pk}:{number}", actor="till", at=START)
                    book.post("earn", posting, request=request)
            ledger.flush()


def _counted() -> int:
    from django.db import connection

    from shuke.apps.loyalty.models import PointsTransaction

    count = PointsTransaction.objects.count()
    connection.close()
    return count


def by_pgbench(
    server: Any, name: str, *, clients: int, seconds: int, script: str = "", mode: str = "simple"
) -> tuple[float, list]:
    """Transactions a second (postings, for a script of ours) and the waits of all of them in seconds."""
    from django.db import connection

    from shuke.apps.loyalty.models import PointsType
    from shuke.apps.members.models import Member

    folder = Path(tempfile.mkdtemp(prefix="shuke-bench-"))
    database = connection.settings_dict["NAME"]
    first = Member.objects.order_by("pk").values_list("pk", flat=True).first()
    command = [server.binaries / "pgbench", "-h", server.folder, "-U", "postgres", "-n", "-T", str(seconds)]
    command += [
        "-M",
        mode,
        "-c",
        str(clients),
        "-j",
        str(min(clients, 2)),
        "-l",
        f"--log-prefix={folder}/log",
    ]
    if script:
        (folder / "script").write_text(script)
        half = first + MEMBERS // 2
        bounds = {
            "first_earn": first,
            "last_earn": half - 1,
            "first_burn": half,
            "last_burn": first + MEMBERS - 1,
            "type": PointsType.objects.get().pk,
            "expiry": EXPIRY,
            "copy": COPY,
        }
        command += ["-f", folder / "script", *(f"-D{key}={value}" for key, value in bounds.items())]
    before = _counted()
    finished = subprocess.run([*command, database], capture_output=True, text=True, check=False)
    if finished.returncode:
        raise RuntimeError(f"{name}: {finished.stderr}")
    waits = [
        int(line.split()[2]) / 1e6 for log in folder.glob("log*") for line in log.read_text().splitlines()
    ]
    shutil.rmtree(folder)
    return (_counted() - before if script else len(waits)) / seconds, waits


def _earn(member: str, key: str, at: datetime) -> None:
    from shuke.apps.loyalty.operations import award_points
    from shuke.apps.loyalty.schemas import Request

    award_points(
        request=Request(key=key, actor="till", at=at, source="order:1"),
        member_id=member,
        points_type="points",
        points=25,
    )


def _burn(member: str, key: str, at: datetime) -> None:
    from shuke.apps.loyalty.operations import spend_points
    from shuke.apps.loyalty.schemas import Request

    spend_points(
        request=Request(key=key, actor="till", at=at, source="order:1"),
        member_id=member,
        points_type="points",
        points=BURN,
    )


def _client(act: Callable, members: list[str], seconds: int, start: Any, answers: Any) -> None:
    from django.db import connection

    connection.ensure_connection()
    start.wait()
    end, waits, dice = time.perf_counter() + seconds, [], random.Random()
    for number in itertools.count():
        began = time.perf_counter()
        if began >= end:
            break
        act(dice.choice(members), f"bench:{os.getpid()}:{act.__name__}:{number}", datetime.now(UTC))
        waits.append(time.perf_counter() - began)
    answers.put(waits)


def by_processes(act: Callable, *, clients: int, seconds: int) -> tuple[float, list]:
    """Calls of an operation a second by so many processes, and their waits in seconds."""
    from django.db import connection

    from shuke.apps.members.models import Member

    members = list(Member.objects.order_by("pk").values_list("public_id", flat=True))
    members = members[: MEMBERS // 2] if act is _earn else members[MEMBERS // 2 :]
    connection.close()
    fork = multiprocessing.get_context("fork")
    start, answers = fork.Barrier(clients), fork.SimpleQueue()
    crew = [
        fork.Process(target=_client, args=(act, members, seconds, start, answers)) for _ in range(clients)
    ]
    for process in crew:
        process.start()
    waits = [wait for _ in crew for wait in answers.get()]
    for process in crew:
        process.join()
    return len(waits) / seconds, waits


def _said(name: str, clients: int, found: tuple[float, list], beside: float | None) -> None:
    rate, waits = found[0], sorted(found[1])
    ratio = f"{rate / beside:5.2f}x" if beside else "      "
    middle, late = (1000 * waits[int(len(waits) * share)] for share in (0.5, 0.99))
    print(f"{name:<18} {clients:>3} clients {rate:>8.0f}/s {ratio}  p50 {middle:7.2f} ms  p99 {late:7.2f} ms")


@contextmanager
def _home() -> Iterator[Path]:
    home = Path(tempfile.mkdtemp(prefix="shuke-bench-"))
    yield home
    shutil.rmtree(home, ignore_errors=True)


def measure(engine: str, *, clients: list[int], seconds: int) -> None:
    """Print every figure of an engine."""
    from shuke.apps.loyalty.queries.verification import ledger_findings
    from shuke.apps.loyalty.queries.verification.reading import count_anew

    server, beside = MEASURED.get("server"), None
    if server:
        pgbench = [server.binaries / "pgbench", "-h", server.folder, "-U", "postgres", "-i", "-q"]
        from django.db import connection

        database = connection.settings_dict["NAME"]
        subprocess.run([*pgbench, "-s", str(SCALE), database], capture_output=True, check=True)
    for count in clients:
        if server:
            found = by_pgbench(server, "tpcb", clients=count, seconds=seconds)
            beside = found[0]
            _said("tpcb", count, found, None)
            for name, script in (("prepared", ""), ("lean earn", EARN), ("lean burn", BURNING)):
                found = by_pgbench(
                    server, name, clients=count, seconds=seconds, script=script, mode="prepared"
                )
                _said(name, count, found, beside)
        for name, act in (("earn (Django)", _earn), ("burn (Django)", _burn)):
            _said(f"{name}", count, by_processes(act, clients=count, seconds=seconds), beside)
    count_anew()
    findings = ledger_findings()
    # The text of lean copies is not looked at by the checks; everything else is.
    print(f"{engine}: {_counted()} transactions, {len(findings)} findings of the checks", findings[:2] or "")


MEASURED: dict[str, Any] = {}


def main() -> None:
    """Measure each engine in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("engine", nargs="?", default="both", choices=["postgresql", "sqlite", "both"])
    parser.add_argument("--seconds", type=int, default=6)
    parser.add_argument("--clients", default="1,4,16")
    asked = parser.parse_args()
    if asked.engine == "both":
        for engine in ("postgresql", "sqlite"):
            again = [
                sys.executable,
                __file__,
                engine,
                "--seconds",
                str(asked.seconds),
                "--clients",
                asked.clients,
            ]
            subprocess.run(again, check=True)
        return
    with _home() as home:
        MEASURED["server"] = set_up(asked.engine, home)
        measure(asked.engine, clients=[int(n) for n in asked.clients.split(",")], seconds=asked.seconds)


if __name__ == "__main__":
    main()
