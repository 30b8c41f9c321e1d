"""From the spools to the lake, each answer once; and whoever met an experiment is told to it, once as well."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import polars as pl

from shuke.apps.experiments.operations import expose
from shuke.apps.identity.queries import primary_person_keys
from shuke.apps.members.queries import survivor_of
from shuke.apps.recommendations.queries.list_spools import spools, transaction_app
from shuke.platform.errors import NotFound, Refused
from shuke.platform.retailer.queries import retailer
from shuke.platform.warehouse import lake
from shuke.sources.collector.records import Record
from shuke.sources.collector.spool import Part, Spool, place
from shuke.sources.files.business_time import business_time
from shuke.tables import TABLES

log = logging.getLogger(__name__)
TABLE = "recommendation_lists"
PART_BYTES = 16 * 2**20
#: The lake does not force its files to disk: its tail can be loaded again for a week.
KEPT_DAYS = 7
#: Experiments and members that this process told already; beyond so many it asks the lake again.
TOLD = 1_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_told: set[tuple[str, str]] = set()


def load_lists(*, limit_bytes: int = PART_BYTES, wait_seconds: float = 0.0) -> int:
    """Load the next part of every spool; returns how many answers are new in the lake.  Outside a transaction.

    Raises ``SpoolBusy`` if another process loads and goes on loading for so long, and ``LakeError``.
    """
    count = 0
    for held in spools():
        with held.lock("loader", wait_seconds=wait_seconds):
            count += _load(held, limit_bytes=limit_bytes)
    return count


def load_all_lists(*, wait_seconds: float = 60.0) -> int:
    """Load until nothing waits; returns how many answers were new.  For commands and tests."""
    total = 0
    while count := load_lists(wait_seconds=wait_seconds):
        total += count
    return total


def tend_lists(*, at: datetime) -> int:
    """Upkeep: join small files, let segments go that were loaded a week ago; returns how many went."""
    lake().compact(TABLE)
    before = (at - timedelta(days=KEPT_DAYS)).timestamp()
    gone = 0
    for held in spools():
        loaded, _offset = place(lake().transaction_version(TABLE, transaction_app(held)))
        for number in held.complete_segments()[:-1]:
            path = held.path(number)
            if number < loaded and path.stat().st_mtime < before:
                path.unlink(missing_ok=True)
                gone += 1
    return gone


def _load(held: Spool, *, limit_bytes: int) -> int:
    """One part.  Exposures first: told twice they are harmless, not told they would be missing for ever."""
    app = transaction_app(held)
    after = lake().transaction_version(TABLE, app)
    part: Part | None = held.read(after, limit_bytes=limit_bytes)
    if part is None:
        return 0
    rows = [row for record in part.records if (row := _row(record)) is not None]
    keys = _person_keys({row["userId"] for row in rows if row["userId"]})
    _tell_experiments(rows, keys=keys)
    written = lake().append(TABLE, _table(rows, keys=keys), transaction=(app, part.until), after=after)
    return 0 if written.skipped else max(len(rows), 1)


def _row(record: Record) -> dict[str, Any] | None:
    """What was noted; None for an answer whose person was forgotten meanwhile."""
    facts: dict[str, Any] = msgspec.json.decode(record.body)
    if "list_id" not in facts:
        return None
    return facts | {"listed_at": EPOCH + timedelta(microseconds=record.received_at)}


def _person_keys(member_ids: Iterable[str]) -> dict[str, str]:
    """The key of each member; of one that was merged, that of who speaks for it now."""
    wanted = list(member_ids)
    found = primary_person_keys(wanted)
    for member_id in wanted:
        if member_id not in found:
            with suppress(NotFound):
                keys = primary_person_keys([survivor_of(member_id)]).values()
                found.update(dict.fromkeys([member_id], *keys) if keys else {})
    return found


def _table(rows: Sequence[Mapping[str, Any]], *, keys: Mapping[str, str]) -> Any:
    """The rows as the lake wants them."""
    table = TABLES[TABLE]
    plain = [
        {
            **row,
            "person_key": keys.get(row["userId"]),
            "anonymous_id": row["anonymousId"] or None,
        }
        for row in rows
    ]
    names = [name for name in table.column_names if not name.startswith("local_")]
    schema = pl.Schema(table.arrow_schema)
    frame = pl.DataFrame(
        [{name: row.get(name) for name in names} for row in plain],
        schema={name: schema[name] for name in names},
    )
    timed = frame.with_columns(*business_time("listed_at", retailer().time_zone))
    return timed.select(table.column_names).to_arrow()


def _tell_experiments(rows: Sequence[Mapping[str, Any]], *, keys: Mapping[str, str]) -> None:
    """Who met an experiment for the first time, by experiment and hour."""
    first: dict[tuple[str, str], tuple[datetime, str]] = {}
    for row in sorted(rows, key=lambda row: row["listed_at"]):
        met = (row["experiment_id"] or "", keys.get(row["userId"], ""))
        if all(met) and met not in _told:
            first.setdefault(met, (row["listed_at"], row["arm"]))
    members = {keys[row["userId"]]: row["userId"] for row in rows if row["userId"] in keys}
    groups: dict[tuple[str, datetime], dict[str, str]] = {}
    for (experiment, key), (moment, arm) in _unknown_to_lake(first).items():
        groups.setdefault((experiment, moment.replace(minute=0, second=0, microsecond=0)), {})[key] = arm
    for (experiment, _hour), arms in groups.items():
        met_at = min(first[experiment, key][0] for key in arms)
        _expose(experiment, {members[key]: arm for key, arm in arms.items()}, keys=keys, at=met_at)
    if len(_told) > TOLD:
        _told.clear()
    _told.update(first)


def _unknown_to_lake(
    first: Mapping[tuple[str, str], tuple[datetime, str]],
) -> dict[tuple[str, str], tuple[datetime, str]]:
    """Those of whom the lake does not know already."""
    if not first:
        return {}
    wanted = pl.DataFrame(list(first), schema=["experiment_id", "person_key"], orient="row")
    with lake().read() as snapshot:
        exposures = snapshot.table("exposures")
        mine = exposures.filter(exposures.experiment_id.isin(wanted["experiment_id"].unique().to_list()))
        known = mine.select("experiment_id", "person_key").distinct().to_polars()
    told = set(known.join(wanted, on=["experiment_id", "person_key"], how="semi").iter_rows())
    return {met: what for met, what in first.items() if met not in told}


def _expose(experiment: str, arms: Mapping[str, str], *, keys: Mapping[str, str], at: datetime) -> None:
    """An experiment that was ended meanwhile takes nobody; that is no reason to keep the answers back."""
    try:
        expose(experiment_id=experiment, campaign_id=None, assignments=arms, at=at, person_keys=keys)
    except Refused as refusal:
        log.warning("an experiment was not told of answers", extra={"code": refusal.code})
