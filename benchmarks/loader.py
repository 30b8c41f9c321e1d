"""What the loader moves: events a second from the spool into the lake, with their persons, and memory meanwhile.

    python benchmarks/loader.py [--events 5000000] [--people 50000] [--new 5]

Fills a spool with batches of 100 as the collector keeps them (--new per cent of the events come from devices that
nobody saw before, the others from known people), loads it in a fresh home directory on SQLite, and counts in the
lake.  The first part is told apart: in it all the people are new.
"""

import argparse
import json
import os
import resource
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
CHUNK = 20_000


def fill(spool, source: str, *, first: int, count: int, segment: int, people: int, share: int) -> None:
    """One segment of so many events, each with an id of its own."""
    from benchmarks.collector import event
    from shuke.sources.collector.records import packed

    with spool.path(segment).open("wb") as file:
        for number in range(first, first + count, 100):
            events = [event(n, people=people) for n in range(number, number + 100)]
            for n, item in enumerate(events, start=number):
                is_new = n % 100 < share
                item["anonymousId"] = f"device-{n if is_new else n * 7919 % people:032x}"
                item["userId"] = None if is_new else f"customer-{n * 7919 % people}"
            body = json.dumps({"batch": events, "sentAt": "2026-11-27T10:00:01Z"}).encode()
            file.write(
                packed(received_at=1_795_773_601_000_000, kind=b"b", role="server", source=source, body=body)
            )


def memory_mb() -> float:
    """Resident memory now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20


def main() -> None:
    """Fill and load in turns, so that the spool stays small; only the loading is measured."""
    options = argparse.ArgumentParser()
    options.add_argument("--events", type=int, default=1_000_000)
    options.add_argument("--people", type=int, default=50_000)
    options.add_argument("--new", type=int, default=5, help="per cent of events from unknown devices")
    options.add_argument("--folder", default=None)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(dir=chosen.folder) as home:
        os.environ |= {"SHUKE_HOME": home, "DJANGO_SETTINGS_MODULE": "shuke.config.settings"}
        os.environ["SHUKE_LOG_LEVEL"] = "WARNING"
        measure(chosen)


def measure(chosen: argparse.Namespace) -> None:
    """All parts."""
    import django

    django.setup()
    from django.core.management import call_command

    from shuke.apps.collector.operations import create_source
    from shuke.apps.collector.queries import spool
    from shuke.apps.connections.operations import ensure_account
    from shuke.platform.clock import now
    from shuke.platform.permissions import SYSTEM
    from shuke.platform.warehouse import lake

    call_command("migrate", verbosity=0)
    account = ensure_account(actor=SYSTEM, at=now(), name="Web", sales_channel="web")
    source = create_source(actor=SYSTEM, at=now(), account_id=account.id, name="Site", kind="server")
    held = spool()
    assert held.identity
    rates, memory, wall, cpu = [], [], 0.0, 0.0
    per_segment = 100_000
    for segment, first in enumerate(range(0, chosen.events, per_segment), start=1):
        fill(
            held,
            source,
            first=first,
            count=per_segment,
            segment=segment,
            people=chosen.people,
            share=chosen.new,
        )
        seconds, spent = load()
        held.path(segment).write_bytes(b"")
        rates.append(per_segment / seconds)
        memory.append(memory_mb())
        if segment > 1:
            wall, cpu = wall + seconds, cpu + spent
    done = (len(rates) - 1) * per_segment
    print(f"first {per_segment:,} events, {chosen.people:,} new people among them: {rates[0]:,.0f} events/s")
    print(f"the others: {done / wall:,.0f} events/s, {cpu / done * 1e6:.1f} µs CPU an event")
    print(f"per part: {[round(rate) for rate in rates]}")
    print(f"memory MB: {[round(mb) for mb in memory]}")
    with lake().read() as snapshot:
        events = snapshot.table("events")
        found, distinct = (
            events.count().to_pyarrow().as_py(),
            events.message_id.nunique().to_pyarrow().as_py(),
        )
    print(f"in the lake {found:,}, distinct {distinct:,}, sent {chosen.events:,}")
    assert found == distinct == chosen.events


def load() -> tuple[float, float]:
    """Load what waits; returns wall and CPU seconds."""
    from shuke.apps.collector.operations import load_once
    from shuke.platform.clock import now

    began, spent = time.perf_counter(), time.process_time()
    while load_once(at=now()).size:
        pass
    return time.perf_counter() - began, time.process_time() - spent


if __name__ == "__main__":
    main()
