"""Records, segments and their one writer: what is acknowledged can be read, whatever else failed."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shuke.sources.collector.records import packed, records
from shuke.sources.collector.spool import Spool, SpoolBusy, place, position
from shuke.sources.collector.writing import GroupWriter, QueueFull

SOURCE = "src_0123456789abcdef"
ROOT = Path(__file__).resolve().parents[3]


def record(body: bytes, *, at: int = 1_795_773_600_000_000) -> bytes:
    return packed(received_at=at, kind=b"b", role="web", source=SOURCE, body=body)


def bodies(spool: Spool, *, limit: int = 1 << 30) -> list[bytes]:
    found, after = [], 0
    while part := spool.read(after, limit_bytes=limit):
        found += [item.body for item in part.records]
        after = part.until
    return found


@settings(max_examples=50, deadline=None)
@given(st.lists(st.binary(max_size=60), max_size=6), st.data())
def test_a_segment_that_was_cut_anywhere_gives_its_whole_records(contents, data):
    whole = [record(body) for body in contents]
    segment = b"".join(whole)
    cut = data.draw(st.integers(0, len(segment)))
    ends = [sum(map(len, whole[: n + 1])) for n in range(len(whole))]
    found = list(records(segment[:cut]))
    assert [(item.body, item.end) for item in found] == [
        (body, end) for body, end in zip(contents, ends, strict=True) if end <= cut
    ]


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_a_flipped_bit_takes_one_record_with_it_at_most(data):
    whole = [record(b"first"), record(b"second"), record(b"third")]
    segment = bytearray(b"".join(whole))
    start = len(whole[0]) + 12
    segment[data.draw(st.integers(start, start + len(whole[1]) - 13))] ^= 1 << data.draw(st.integers(0, 7))
    assert [item.body for item in records(bytes(segment))] == [b"first", b"third"]


def test_facts_survive():
    (found,) = records(record(b"{}", at=123456789), offset=7)
    assert (found.received_at, found.kind, found.role, found.source) == (123456789, b"b", "web", SOURCE)
    assert found.end == 7 + len(record(b"{}"))
    with pytest.raises(ValueError, match="24"):
        packed(received_at=0, kind=b"b", role="web", source="s" * 25, body=b"")


def test_reading_goes_on_from_a_position_over_segments(tmp_path):
    spool = Spool(tmp_path)
    spool.path(1).write_bytes(record(b"a") + record(b"b") + b"SKR1torn")
    spool.path(2).write_bytes(b"")
    spool.path(3).write_bytes(record(b"c" * 500) + record(b"d"))
    assert bodies(spool) == [b"a", b"b", b"c" * 500, b"d"]
    assert bodies(spool, limit=100) == [b"a", b"b", b"c" * 500, b"d"]
    first = spool.read(0, limit_bytes=len(record(b"a")))
    assert first is not None
    assert place(first.until) == (1, len(record(b"a")))
    assert spool.waiting(position(3, 0))[0] == len(record(b"c" * 500) + record(b"d"))
    assert spool.read(position(3, 10**6), limit_bytes=100) is None


def test_a_spool_has_one_name_and_each_lock_one_holder(tmp_path):
    spool = Spool(tmp_path / "spool")
    assert spool.identity == Spool(tmp_path / "spool").identity
    with spool.lock("writer"), spool.lock("loader"), pytest.raises(SpoolBusy), spool.lock("writer"):
        pass
    with spool.lock("writer"):
        pass


def run(spool: Spool, contents: list[bytes], **options) -> list[str]:
    """Append everything at once and stop; the outcomes."""

    async def appending() -> list[str]:
        writer = GroupWriter(spool, **options)
        writer.start()
        try:
            return await asyncio.gather(*(writer.append(record(body)) for body in contents))
        finally:
            await asyncio.to_thread(writer.stop)

    return asyncio.run(appending())


def test_what_was_appended_is_there_in_order_and_each_start_begins_a_segment(tmp_path):
    spool = Spool(tmp_path)
    contents = [f"{n}".encode() for n in range(500)]
    assert run(spool, contents[:300]) == ["kept"] * 300
    with spool.path(1).open("ab") as torn:
        torn.write(record(b"never acknowledged")[:-3])
    assert run(spool, contents[300:]) == ["kept"] * 200
    assert bodies(spool) == contents
    assert spool.segments() == [1, 2]


def test_segments_are_rolled_by_size_and_on_request(tmp_path):
    spool = Spool(tmp_path)

    async def rolling() -> None:
        writer = GroupWriter(spool, segment_bytes=100)
        writer.start()
        for number in range(5):
            assert await writer.append(record(b"x" * 60 + b"%d" % number)) == "kept"
        assert len(spool.segments()) >= 3
        assert await writer.append(record(b"small")) == "kept"
        before = spool.segments()[-1]
        assert before not in spool.complete_segments()
        await asyncio.to_thread(spool.roll, wait_seconds=240)
        assert before in spool.complete_segments()
        await asyncio.to_thread(writer.stop)

    asyncio.run(rolling())
    assert len(bodies(spool)) == 6
    spool.roll(wait_seconds=0)


def test_only_one_process_writes(tmp_path):
    spool = Spool(tmp_path)
    with spool.lock("writer"), pytest.raises(SpoolBusy):
        GroupWriter(spool).start(wait_seconds=0)


def test_a_full_queue_is_told_at_once_and_what_was_taken_is_kept(tmp_path):
    spool = Spool(tmp_path)

    async def flooding() -> tuple[int, int]:
        writer = GroupWriter(spool, queue_bytes=10_000)
        writer.start()
        kept = full = 0
        for outcome in await asyncio.gather(
            *(writer.append(record(b"x" * 900)) for _ in range(50)), return_exceptions=True
        ):
            kept, full = kept + (outcome == "kept"), full + isinstance(outcome, QueueFull)
        assert await writer.append(record(b"x" * 900)) == "kept"
        await asyncio.to_thread(writer.stop)
        return kept + 1, full

    kept, full = asyncio.run(flooding())
    assert kept + full == 51
    assert full
    assert len(bodies(spool)) == kept


FULL_DISK = """
import asyncio, resource, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from shuke.sources.collector.spool import Spool
from shuke.sources.collector.writing import GroupWriter
from tests.sources.collector.test_spool import record

async def main():
    writer = GroupWriter(Spool(Path(sys.argv[1])))
    writer.start()
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    for number in range(40):
        print(number, await writer.append(record(b"%04d" % number + b"x" * 700)))
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    for number in range(40, 45):
        print(number, await writer.append(record(b"%04d" % number)))
    writer.stop()

asyncio.run(main())
"""


def test_a_disk_that_fills_up_loses_nothing_that_was_acknowledged_and_goes_on_when_there_is_room(tmp_path):
    command = [sys.executable, "-c", FULL_DISK, str(tmp_path), str(ROOT)]
    lines = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=300
    ).stdout.split("\n")
    told = dict(line.split() for line in lines if line)
    kept = sorted(int(number) for number, outcome in told.items() if outcome == "kept")
    assert [told[str(number)] for number in range(40, 45)] == ["kept"] * 5
    assert "no_space" in told.values()
    assert sorted(int(body[:4]) for body in bodies(Spool(tmp_path))) == kept
