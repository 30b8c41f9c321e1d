"""Relays that race and are killed: run as a program against a migrated database and a lake of its own.

    python -c "from tests.platform.outbox.racing import main; main()" --kills 30

(Not with ``-m``: every process would run the file again as its main module, which takes a second.)

Three relays run at once.  At random moments one of them is killed with SIGKILL and another takes its
place, while a writer records facts and takes some of them back.  At the end what is left is relayed and
the lake is compared with what was committed.  ``--sabotage path`` lets the relays write by path instead of
on the version they looked at; ``--sabotage transaction`` leaves the transaction out of the commit.  Both
must be found out.  Prints one line of JSON.
"""

import argparse
import json
import multiprocessing
import os
import random
import signal
import time
from contextlib import suppress
from datetime import UTC, datetime
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Event
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shuke.config.settings")
django.setup()

RELAYS = 3
#: Seconds that anything may take on the busiest machine.
PATIENCE = 240
#: Imported once, in the process that the others are forked from.
PRELOADED = [
    "tests.platform.outbox.racing",
    "shuke.platform.outbox.relay",
    "django.db.models.sql.compiler",
    "django.db.backends.sqlite3.base",
    "pyarrow.compute",
    "pyarrow.acero",
]
AT = datetime(2026, 11, 24, 12, tzinfo=UTC)


def fact(number: int) -> dict[str, Any]:
    """Row ``number`` of the stream."""
    return {
        "person_key": f"per_{number}",
        "member_id": "mem",
        "kind": "email",
        "valid_from": AT,
        "draw": number,
    }


def consent(number: int) -> dict[str, Any]:
    """Row ``number`` of a second stream."""
    return {
        "member_id": f"mem_{number}",
        "channel": "email",
        "purpose": "marketing",
        "state": "granted",
        "decided_at": AT,
        "source": "test",
        "brand": "",
        "recorded_at": AT,
    }


def write_facts(seed: int, done: Event, until: Event) -> None:
    """Record facts until told to stop; every fourth transaction is taken back."""
    from django.db import transaction

    from shuke.platform.outbox.operations import record

    chance = random.Random(seed)
    number = seed * 10_000_000
    while not until.is_set():
        size = chance.choice((1, 3, 50, 400))
        with transaction.atomic():
            record("identity_map", [fact(number + i) for i in range(size)])
            record("consents", [consent(number + i) for i in range(size)])
            if chance.random() < 0.25:
                transaction.set_rollback(True)
        number += size
        time.sleep(chance.uniform(0, 0.02))
    done.set()


def relay_for_ever(sabotage: str, ready: Event) -> None:
    """Relay in small batches until killed; ``ready`` once something has arrived."""
    from shuke.platform.outbox.relay import relay_once

    _sabotage(sabotage)
    while True:
        if relay_once(limit=random.randint(1, 4)):
            ready.set()
        else:
            time.sleep(0.002)


def _sabotage(kind: str) -> None:
    from deltalake import CommitProperties, Transaction, write_deltalake
    from deltalake.exceptions import CommitFailedError

    from shuke.lake import Lake, WriteResult
    from shuke.lake.validation import validated
    from shuke.lake.writing import open_for_writing

    def by_path(self: Lake, name: str, data: Any, *, transaction: Any, after: int) -> WriteResult:
        properties = CommitProperties(app_transactions=[Transaction(*transaction)])
        table = self.definition(name)
        rows = validated(table, data)
        open_for_writing(self.path(name), table)
        with suppress(CommitFailedError):
            write_deltalake(str(self.path(name)), rows, mode="append", commit_properties=properties)
        return WriteResult(rows=rows.num_rows, version=0)

    original = Lake.append

    def without_transaction(self: Lake, name: str, data: Any, **_: Any) -> WriteResult:
        return original(self, name, data)

    if kind == "path":
        Lake.append = by_path  # type: ignore[method-assign,assignment]
    if kind == "transaction":
        Lake.append = without_transaction  # type: ignore[method-assign,assignment]


class Race:
    """The relays and the writers of one run."""

    def __init__(self, context: ForkServerContext, sabotage: str) -> None:
        self.context = context
        self.sabotage = sabotage
        self.until = context.Event()
        self.done = [context.Event() for _ in range(2)]
        self.writers = [
            context.Process(target=write_facts, args=(seed, done, self.until), daemon=True)
            for seed, done in enumerate(self.done, start=1)
        ]
        self.relays: list[tuple[BaseProcess, Event]] = []

    def run(self, *, kills: int) -> None:
        """Start everything, kill so many working relays, go on until enough was done, stop."""
        for writer in self.writers:
            writer.start()
        self.relays = [self._new_relay() for _ in range(RELAYS)]
        for number in range(kills):
            relay, ready = self.relays[number % RELAYS]
            if not ready.wait(PATIENCE):
                raise RuntimeError("A relay did not start to work.")
            time.sleep(random.uniform(0, 0.2))
            self._kill(relay)
            self.relays[number % RELAYS] = self._new_relay()
        self._wait_for_enough(kills)
        self.until.set()
        for writer in self.writers:
            writer.join(PATIENCE)
            if writer.exitcode != 0:
                raise RuntimeError(f"A writer ended with {writer.exitcode}.")
        for relay, _ in self.relays:
            self._kill(relay)

    def _wait_for_enough(self, kills: int) -> None:
        """Until the relays have shown, however fast they are, what they are to show."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            found = compare(kills)
            streams = [found[name] for name in ("identity_map", "consents")]
            if self.sabotage and any(stream["twice"] for stream in streams):
                return
            if not self.sabotage and all(stream["commits"] > kills // 3 + 1 for stream in streams):
                return
            time.sleep(0.1)

    def _new_relay(self) -> tuple[BaseProcess, Event]:
        ready = self.context.Event()
        relay = self.context.Process(target=relay_for_ever, args=(self.sabotage, ready), daemon=True)
        relay.start()
        return relay, ready

    @staticmethod
    def _kill(relay: BaseProcess) -> None:
        if relay.pid is None or not relay.is_alive():
            raise RuntimeError(f"A relay ended by itself with {relay.exitcode}.")
        os.kill(relay.pid, signal.SIGKILL)
        relay.join(PATIENCE)


def compare(kills: int) -> dict[str, Any]:
    """What was committed against what lies in the lake."""
    from shuke.platform.outbox.models import OutboxRow
    from shuke.platform.warehouse import lake

    committed = {"identity_map": [], "consents": []}  # type: dict[str, list[str]]
    for row in OutboxRow.objects.iterator(chunk_size=200):
        column = "person_key" if row.table == "identity_map" else "member_id"
        committed[row.table] += [item[column] for item in row.payload]
    result: dict[str, Any] = {"kills": kills, "outbox_rows": OutboxRow.objects.count()}
    with lake().read() as snapshot:
        for name, column in (("identity_map", "person_key"), ("consents", "member_id")):
            arrived = snapshot.table(name)[column].to_pyarrow().to_pylist()
            result[name] = {
                "committed": len(committed[name]),
                "arrived": len(arrived),
                "lost": len(set(committed[name]) - set(arrived)),
                "invented": len(set(arrived) - set(committed[name])),
                "twice": len(arrived) - len(set(arrived)),
                "commits": snapshot.version(name),
            }
    return result


def main() -> None:
    """Prepare the database, run the race, print the comparison."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--sabotage", choices=("", "path", "transaction"), default="")
    options = parser.parse_args()

    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    Race(context, options.sabotage).run(kills=options.kills)
    from shuke.platform.outbox.relay import drain

    drain()
    print(json.dumps(compare(options.kills)))
