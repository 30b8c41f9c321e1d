"""Whose an event is: traits and links are landed, then identifiers become keys, then consent is told."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
from django.db import DataError, IntegrityError

from shuke.apps.collector.events import ConsentReported
from shuke.apps.collector.operations.known import KnownSource
from shuke.apps.collector.operations.remembered import Name, RememberedKeys
from shuke.apps.connections.operations import lander_of, person_keys
from shuke.apps.connections.schemas import Origin
from shuke.platform.events import emit
from shuke.sources.collector import consent
from shuke.sources.collector.traits import MOST_ATTRIBUTE_COLUMNS, PREFIX, Person, persons
from shuke.sources.collector.unpacking import Said, Unpacked
from shuke.sources.files.fields import ANONYMOUS

log = logging.getLogger(__name__)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TEXTS = ("external", "anonymous", "email", "phone", "name", "language", "gender", "city", "region")
#: Columns of a frame of events with the kind of identifier that each holds.
KINDS = (("external", "user", "user_key"), ("anonymous", "device", "device_key"))


def land_persons(said: Sequence[Said], *, sources: Mapping[str, KnownSource], at: datetime) -> None:
    """Register what ``identify`` and ``alias`` tell, account by account.  Safe to repeat."""
    by_account: dict[Origin, list[Said]] = {}
    for item in said:
        by_account.setdefault(sources[item.source].origin, []).append(item)
    for origin, items in by_account.items():
        _land(persons(items), origin=origin, at=at)


def _land(rows: Sequence[Person], *, origin: Origin, at: datetime) -> None:
    """Land rows together; if one of them breaks it, the others all the same."""
    lander = lander_of("members")
    if not rows or lander is None:
        return
    try:
        lander(at=at, origin=origin, rows=_member_rows(rows), tell=lambda _done, _total: None)
    except (DataError, IntegrityError, ValueError, TypeError):
        if len(rows) == 1:
            log.exception("what one identify said could not be taken")
            return
        half = len(rows) // 2
        _land(rows[:half], origin=origin, at=at)
        _land(rows[half:], origin=origin, at=at)


def _member_rows(rows: Sequence[Person]) -> pl.DataFrame:
    """The rows as those of a member list."""
    attributes = [name for row in rows for name in row.fields if name.startswith(PREFIX)]
    names = list(dict.fromkeys(attributes))[:MOST_ATTRIBUTE_COLUMNS]
    values = [
        {"row_no": number, "external": row.user, "anonymous": row.device, **row.fields}
        for number, row in enumerate(rows, start=1)
    ]
    schema: dict[str, Any] = {"row_no": pl.Int64, **dict.fromkeys((*TEXTS, *names), pl.String)}
    schema |= {"birthday": pl.Date, "joined_on": pl.Date}
    return pl.DataFrame([{name: value.get(name) for name in schema} for value in values], schema=schema)


def with_keys(
    events: pl.DataFrame, *, sources: Mapping[str, KnownSource], remembered: RememberedKeys, at: datetime
) -> pl.DataFrame:
    """Events with ``person_key`` and ``anonymous_id``; whose ids name nobody has a fault."""
    origins = {known.origin.account_id: known.origin for known in sources.values()}
    accounts = {name: known.origin.account_id for name, known in sources.items()}
    keyed = events.with_columns(
        pl.col("source").replace_strict(accounts, return_dtype=pl.String).alias("account")
    )
    for kind, column, target in KINDS:
        wanted = keyed.select("account", column).unique().drop_nulls().sort("account", column)
        names = [(str(account), kind, str(value)) for account, value in wanted.iter_rows()]
        keys = _keys(names, remembered=remembered, origins=origins, at=at)
        rows = [(account, value, key) for (account, _kind, value), key in keys.items()]
        found = pl.DataFrame(rows, schema=dict.fromkeys(("account", column, target), pl.String), orient="row")
        keyed = keyed.join(found, on=["account", column], how="left", maintain_order="left")
    is_nobody = pl.coalesce("user_key", "device_key").is_null()
    return keyed.with_columns(
        pl.coalesce("user_key", "device_key").alias("person_key"),
        pl.when(pl.col("device_key") != ANONYMOUS).then(pl.col("device_key")).alias("anonymous_id"),
        pl.when(is_nobody).then(pl.lit("unusable_id")).otherwise(pl.col("fault")).alias("fault"),
    )


def _keys(
    names: Sequence[Name], *, remembered: RememberedKeys, origins: Mapping[str, Origin], at: datetime
) -> dict[Name, str]:
    """The key of every identifier that has one; those that nobody met lately are asked for, account by account."""
    found = remembered.find(names)
    asked: dict[tuple[str, str], list[str]] = {}
    for account, kind, value in names:
        if (account, kind, value) not in found:
            asked.setdefault((account, kind), []).append(value)
    for (account, kind), values in asked.items():
        for value, key in person_keys(at=at, origin=origins[account], kind=kind, values=values).items():
            found[account, kind, value] = key
            if key != ANONYMOUS:
                remembered.add((account, kind, value), key)
    return found


def answers(
    events: pl.DataFrame, unpacked: Unpacked, *, sources: Mapping[str, KnownSource]
) -> Iterable[ConsentReported]:
    """What visitors answered to consent banners, in the order of their answers."""
    told = events.filter((pl.col("type") == "track") & pl.col("name").is_in(list(consent.EVENTS)))
    for row in told.sort("occurred_at").iter_rows(named=True):
        place = row["row"]
        answer = consent.answer(context=unpacked.contexts[place], properties=unpacked.properties[place])
        if answer is None or row["person_key"] == ANONYMOUS:
            continue
        yield ConsentReported(
            source_id=row["source"],
            account_id=sources[row["source"]].origin.account_id,
            person_key=row["person_key"],
            preferences=answer.preferences,
            decided_at=row["occurred_at"],
            evidence={**answer.evidence, "message_id": row["message_id"]},
        )


def tell_consent(events: pl.DataFrame, unpacked: Unpacked, *, sources: Mapping[str, KnownSource]) -> None:
    """Tell the answers in the caller's transaction."""
    for answer in answers(events, unpacked, sources=sources):
        emit(answer)


def moment_of(microseconds: int) -> datetime:
    """A time of the spool."""
    return EPOCH + timedelta(microseconds=microseconds)
