"""The loader: from the spool to the lake, each event once (docs/algorithms/collector.md)."""

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from shuke.apps.collector.events import EventsLoaded
from shuke.apps.collector.operations.counting import settle
from shuke.apps.collector.operations.facts import append_events, append_rejected
from shuke.apps.collector.operations.known import known_sources
from shuke.apps.collector.operations.persons import land_persons, with_keys
from shuke.apps.collector.operations.remembered import remembered_keys
from shuke.apps.collector.queries.spooling import spool, transaction_app
from shuke.platform.events import emit
from shuke.platform.retailer.queries import retailer
from shuke.platform.warehouse import lake
from shuke.sources.collector.parts import faulty, frame_of, with_faults, with_plain_facts
from shuke.sources.collector.seen import DAY, KEPT_DAYS, Hashes, Seen, days_of
from shuke.sources.collector.spool import Part, Spool
from shuke.sources.collector.unpacking import Said, Unpacked, unpack

PART_BYTES = 64 * 2**20


@dataclass(frozen=True)
class Loaded:
    """What one step did.  ``size`` is the bytes of the part, 0 when nothing waited."""

    events: int = 0
    duplicates: int = 0
    rejected: int = 0
    size: int = 0


def load_once(*, at: datetime, limit_bytes: int = PART_BYTES, wait_seconds: float = 0.0) -> Loaded:
    """Load the part that follows what the lake holds.  Call it outside a transaction.

    Raises ``SpoolBusy`` if another process loads and goes on loading for so long, and ``LakeError``.
    """
    held = spool()
    with held.lock("loader", wait_seconds=wait_seconds), _without_collecting():
        return _Step(held, at=at).run(limit_bytes)


def load_all(*, at: datetime, wait_seconds: float = 60.0) -> int:
    """Load until nothing waits; returns how many events are new in the lake.  For commands, erasure and tests."""
    count = 0
    while (step := load_once(at=at, wait_seconds=wait_seconds)).size:
        count += step.events
    return count


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Pause the search for cycles: a part makes a million objects and none, and the search costs a fifth of it."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class _Step:
    """One part on its way.  The lock of the loader is held meanwhile."""

    def __init__(self, held: Spool, *, at: datetime) -> None:
        self.at, self.held = at, held
        self.app = transaction_app(held)
        self.zone = retailer().time_zone
        self.after = lake().transaction_version("events", self.app)

    def run(self, limit_bytes: int) -> Loaded:
        """Read, judge, write.  What is durable at which point is said in docs/algorithms/collector.md."""
        part = self.held.read(self.after, limit_bytes=limit_bytes)
        if part is None:
            return Loaded()
        seen = self._seen()
        unpacked = unpack(part.records, segment=part.segment)
        self.sources = known_sources({record.source for record in part.records}, segment=part.segment)
        judged = self._judged(unpacked)
        sound = judged.filter(pl.col("fault").is_null())
        hashes = seen.hashes(sound["source"].to_list(), sound["message_id"].to_list())
        is_first = sound.select(pl.struct("source", "message_id").is_first_distinct()).to_series().to_numpy()
        is_new = is_first & ~seen.known(hashes, position=self.after)
        keyed = self._with_persons(sound.filter(is_new), unpacked.said)
        events = keyed.filter(pl.col("fault").is_null())
        bad = [*unpacked.bad, *faulty(judged), *faulty(keyed)]
        duplicates = sound.filter(~is_new)
        settle(
            events,
            duplicates=duplicates,
            bad=bad,
            unpacked=unpacked,
            sources=self.sources,
            spool_id=self.held.identity,
            until=part.until,
            zone=self.zone,
            at=self.at,
        )
        taken = keyed["fault"].is_null().to_numpy()
        self._keep(seen, hashes[is_new][taken], part=part)
        append_rejected(bad, app=self.app, until=part.until, at=self.at)
        written = append_events(events, app=self.app, after=self.after, until=part.until, zone=self.zone)
        emit(EventsLoaded(count=written.rows, at=self.at))
        size = sum(len(record.body) for record in part.records) or 1
        return Loaded(written.rows, duplicates.height, len(bad), size)

    def _judged(self, unpacked: Unpacked) -> pl.DataFrame:
        frame = frame_of(unpacked.rows)
        is_unknown = ~frame["source"].is_in(list(self.sources))
        unknown = dict.fromkeys(is_unknown.arg_true().to_list(), "unknown_source")
        return with_plain_facts(with_faults(frame, unknown), unpacked)

    def _with_persons(self, new: pl.DataFrame, said: Sequence[Said]) -> pl.DataFrame:
        rows = set(new["row"].to_list())
        land_persons([item for item in said if item.row in rows], sources=self.sources, at=self.at)
        return with_keys(new, sources=self.sources, remembered=remembered_keys(self.held), at=self.at)

    def _keep(self, seen: Seen, hashes: Hashes, *, part: Part) -> None:
        day = days_of(record.received_at for record in part.records)
        seen.keep(hashes, after=self.after, day=day)
        seen.tend(today=day, position=self.after)

    def _seen(self) -> Seen:
        """The hashes of the last 30 days, made from the lake if they are new or can no longer be trusted."""
        seen = Seen(self.held.folder / "seen")
        if seen.is_new or seen.drop_uncounted(position=self.after):
            seen.begin()
            for day, sources, message_ids in _stored_ids(since=self.at - timedelta(days=KEPT_DAYS)):
                seen.keep_rebuilt(seen.hashes(sources, message_ids), day=day)
        return seen


def _stored_ids(*, since: datetime) -> list[tuple[int, list[str], list[str]]]:
    """(day, sources, message ids) of the events that the lake received since then."""
    with lake().read() as snapshot:
        events = snapshot.table("events")
        kept = events.filter(events.received_at >= since, events.source.startswith("src_"))
        rows = kept.select("received_at", "source", "message_id").to_polars()
    day = (pl.col("received_at").cast(pl.Int64) // DAY).alias("day")
    return [
        (int(str(key[0])), part["source"].to_list(), part["message_id"].to_list())
        for key, part in rows.with_columns(day).group_by("day")
    ]
