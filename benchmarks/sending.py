"""Sends to many recipients through a real SMTP server on loopback, and kills the workers meanwhile if asked.

    python benchmarks/sending.py --recipients 20000                       # throughput of one worker
    python benchmarks/sending.py --recipients 20000 --workers 2 --kills 24  # the proof of docs/algorithms/sending.md
    python benchmarks/sending.py --recipients 2000 --kills 6 --sabotage      # what happens without the journal

Makes a home of its own in a temporary folder and prints one line of JSON.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

RUN = "run_benchmark"
AT = datetime(2026, 5, 4, 9, tzinfo=UTC)
FORK = multiprocessing.get_context("fork")
APPEND = os.O_WRONLY | os.O_CREAT | os.O_APPEND


def serve_smtp(log: Path, ports: Any, delay_seconds: float) -> None:
    """An aiosmtpd server that appends the id of every mail it accepts to ``log``, before it answers.

    While ``hold`` lies beside the log it answers nobody, and notes in ``held`` who waits.
    """
    from aiosmtpd.smtp import SMTP, Envelope, Session

    hold = log.with_name("hold")
    descriptor, held = (os.open(path, APPEND) for path in (log, log.with_name("held")))

    class Keep:
        async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
            found = re.search(rb"(?mi)^Message-ID:\s*<([^@>]+)@", envelope.original_content or b"")
            os.write(descriptor, (found[1] if found else b"?") + b" " + envelope.rcpt_tos[0].encode() + b"\n")
            await asyncio.sleep(delay_seconds)
            if hold.exists():
                os.write(held, b"held\n")
            while hold.exists():
                await asyncio.sleep(0.005)
            return "250 OK"

    async def main() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: SMTP(Keep(), loop=loop), "127.0.0.1", 0)
        ports.put(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(main())


def prepare(recipients: int, port: int, *, is_migrated: bool = False) -> None:
    """A database with members, consent, the mail server's settings and a queued run."""
    from django.core.management import call_command
    from django.db import connections

    from shuke.apps.channels.operations import change_email_settings, queue_messages
    from shuke.apps.channels.schemas import Content, Recipient
    from shuke.apps.identity.operations import register_members
    from shuke.apps.identity.queries import primary_person_keys
    from shuke.apps.identity.schemas import MemberRegistration
    from shuke.apps.members.queries import members_page
    from shuke.apps.members.schemas import MemberProfile
    from shuke.platform.permissions import SYSTEM
    from shuke.platform.retailer.operations import change_retailer

    if not is_migrated:
        call_command("migrate", verbosity=0)
    change_retailer(actor=SYSTEM, at=AT, name="Test Market", sender_address="shop@example.com")
    change_email_settings(
        actor=SYSTEM, at=AT, host="127.0.0.1", port=port, security="none", messages_per_second=0
    )
    people = [
        MemberRegistration(
            row_no=n,
            identifiers={"email": f"r{n}@example.com"},
            profile=MemberProfile(name=f"Ann{n} Lee", language="en"),
            consents={("email", "marketing"): "granted"},
        )
        for n in range(recipients)
    ]
    register_members(at=AT, account="bench", source="bench", registrations=people)
    views, _ = members_page(limit=recipients)
    keys = primary_person_keys([view.id for view in views])
    content = Content(
        "Hello {{ member.first_name or 'friend' }}",
        "",
        "<html><body><h1>Hello {{ member.first_name or 'friend' }}</h1><p>"
        + "Fresh bread every morning. " * 30
        + '</p><p><a href="https://example.com/offer">See the offer</a></p></body></html>',
    )
    for start in range(0, recipients, 1000):
        chosen = views[start : start + 1000]
        queue_messages(
            at=AT,
            campaign_id="cmp_benchmark",
            run_id=RUN,
            channel="email",
            recipients=[Recipient(v.id, keys[v.id], "a", "en", {"first_name": "Ann"}) for v in chosen],
            contents={("a", "en"): content},
            context={},
        )
    connections.close_all()


def work(sabotage: bool) -> None:
    """One worker, until nothing is left."""
    from shuke.apps.channels.operations import recovery, send_queued
    from shuke.apps.channels.rules.journal import Journal
    from shuke.platform.clock import now

    if sabotage:
        # What a sender without a journal must believe: what is not recorded as sent was not sent.
        def nothing_read(_raw: bytes, **_: str) -> Journal:
            return Journal({}, is_complete=True)

        recovery.read_journal = nothing_read
    while not send_queued(run_id=RUN, channel="email", clock=now).is_finished:
        time.sleep(0.05)


def count(log: Path) -> dict[str, Any]:
    """What lies at the server against what we believe."""
    from shuke.apps.channels.models import Message

    arrived = Counter(line.split()[0] for line in log.read_text().splitlines())
    states = dict.fromkeys(("sent", "uncertain", "other"), 0)
    lost = ghosts = uncertain_twice = 0
    for message_id, state in Message.objects.filter(run_id=RUN).values_list("public_id", "state"):
        seen = arrived.get(message_id, 0)
        states[state if state in states else "other"] += 1
        lost += state == "sent" and seen != 1 and seen == 0
        ghosts += state not in {"sent", "uncertain"} and seen > 0
        uncertain_twice += state == "uncertain" and seen > 1
    return {
        **states,
        "at_server": sum(arrived.values()),
        "twice": sum(n > 1 for n in arrived.values()),
        "sent_but_absent": lost,
        "arrived_but_unknown": ghosts,
        "uncertain_twice": uncertain_twice,
    }


def wait_for_mail(log: Path, alive: list[BaseProcess]) -> None:
    """Until another mail has arrived or a worker has ended: on a busy machine workers take long to begin."""
    wait_for_growth(log, before=log.stat().st_size, alive=alive)


def wait_for_growth(file: Path, *, before: int, alive: list[BaseProcess]) -> None:
    until = time.monotonic() + 240
    while file.stat().st_size == before and all(worker.is_alive() for worker in alive):
        if time.monotonic() > until:
            raise SystemExit("No mail has arrived for minutes.")
        time.sleep(0.005)


def kill(worker: BaseProcess) -> bool:
    """SIGKILL; whether it was alive."""
    if not worker.is_alive():
        return False
    os.kill(worker.pid or 0, signal.SIGKILL)
    worker.join()
    return True


def kill_in_doubt(log: Path, alive: list[BaseProcess]) -> int:
    """Kill all workers while the server has a mail that it has not answered; how many."""
    hold, held = log.with_name("hold"), log.with_name("held")
    before = held.stat().st_size
    hold.touch()
    wait_for_growth(held, before=before, alive=alive)
    killed = sum(kill(worker) for worker in alive)
    hold.unlink()
    return killed


def run_workers(
    *, workers: int, kills: int, sabotage: bool, is_in_doubt: bool, seed: int, log: Path
) -> tuple[int, float]:
    """Keep that many workers busy, killing one at a random moment until ``kills`` are done; (kills, seconds).

    Most moments are after the next mail; some are any, before the first one too.
    """
    chance = random.Random(seed)
    started = time.monotonic()
    killed = 0
    alive: list[BaseProcess] = []
    while True:
        finished = [worker for worker in alive if not worker.is_alive()]
        if any(worker.exitcode == 0 for worker in finished) and killed >= kills:
            break
        if any(worker.exitcode not in {0, -signal.SIGKILL} for worker in finished):
            raise SystemExit("A worker failed by itself.")
        if any(worker.exitcode == 0 for worker in finished):
            break
        alive = [worker for worker in alive if worker.is_alive()]
        while len(alive) < workers:
            worker = FORK.Process(target=work, args=(sabotage,))
            worker.start()
            alive.append(worker)
        if killed < kills and is_in_doubt:
            killed += kill_in_doubt(log, alive)
        elif killed < kills:
            if chance.random() < 0.75:
                wait_for_mail(log, alive)
            time.sleep(chance.uniform(0.0, 0.4))
            killed += kill(chance.choice(alive))
        else:
            time.sleep(0.02)
    for worker in alive:
        worker.join()
    return killed, time.monotonic() - started


def main() -> None:
    """Parse, prepare, send, count, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recipients", type=int, default=20_000)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--delay-ms", type=float, default=0.0)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--sabotage", action="store_true")
    parser.add_argument(
        "--doubt", action="store_true", help="kill between the server's taking and its answer"
    )
    parser.add_argument("--database", type=Path, help="a migrated SQLite file to begin with a copy of")
    wanted = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="shuke-sending-"))
    if wanted.database:
        shutil.copyfile(wanted.database, home / "db.sqlite3")
    os.environ["SHUKE_HOME"] = str(home)
    os.environ.pop("SHUKE_DATABASE_URL", None)
    os.environ["DJANGO_SETTINGS_MODULE"] = "shuke.config.settings"
    ports = FORK.Queue()
    server = FORK.Process(
        target=serve_smtp, args=(home / "arrived", ports, wanted.delay_ms / 1000), daemon=True
    )
    server.start()
    import django

    django.setup()
    began = time.monotonic()
    prepare(wanted.recipients, ports.get(timeout=300), is_migrated=wanted.database is not None)
    prepared = time.monotonic() - began
    killed, seconds = run_workers(
        workers=wanted.workers,
        kills=wanted.kills,
        sabotage=wanted.sabotage,
        is_in_doubt=wanted.doubt,
        seed=wanted.seed,
        log=home / "arrived",
    )
    result = count(home / "arrived")
    server.kill()
    shutil.rmtree(home, ignore_errors=True)
    result |= {
        "recipients": wanted.recipients,
        "kills": killed,
        "prepare_seconds": round(prepared, 1),
        "send_seconds": round(seconds, 1),
        "messages_per_second": round(result["at_server"] / seconds),
    }
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
