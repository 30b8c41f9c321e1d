"""Counting what came, each event once even if its part is loaded again after a kill."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

import msgspec
import polars as pl
from django.db import transaction
from django.db.models import F

from shuke.apps.collector.models import PlanViolation, SourceDay, SpoolPosition
from shuke.apps.collector.operations.known import KnownSource
from shuke.apps.collector.operations.persons import moment_of, tell_consent
from shuke.sources.collector import consent
from shuke.sources.collector.bodies import FAULTS
from shuke.sources.collector.personal import looks_personal
from shuke.sources.collector.plans import violations
from shuke.sources.collector.unpacking import Bad, Unpacked

#: Different violations of one source on one day; what exceeds them is counted together.
MOST_VIOLATIONS = 500
OTHER = "…"
#: (source, day, event, property, code)
Broken = tuple[str, date, str, str, str]


def settle(
    events: pl.DataFrame,
    *,
    duplicates: pl.DataFrame,
    bad: Sequence[Bad],
    unpacked: Unpacked,
    sources: Mapping[str, KnownSource],
    spool_id: str,
    until: int,
    zone: str,
    at: datetime,
) -> None:
    """Tell consent and count, in one transaction; only what lies beyond the place up to which was counted."""
    with transaction.atomic():
        row, _ = SpoolPosition.objects.select_for_update().get_or_create(spool_id=spool_id)
        tell_consent(events, unpacked, sources=sources)
        if row.counted >= until:
            return
        fresh = pl.col("position") > row.counted
        new, again = events.filter(fresh), duplicates.filter(fresh)
        _add_days(
            {
                "accepted": _per_day(new, zone),
                "duplicates": _per_day(again, zone),
                "rejected": _bad_per_day([item for item in bad if item.position > row.counted], zone),
            },
            sources=sources,
            at=at,
        )
        _add_violations(_broken(new, unpacked, sources=sources, zone=zone), sources=sources, at=at)
        SpoolPosition.objects.filter(pk=row.pk).update(counted=until)


def _per_day(events: pl.DataFrame, zone: str) -> Counter[tuple[str, date]]:
    day = pl.col("received_at").dt.convert_time_zone(zone).dt.date().alias("day")
    counted = events.group_by("source", day).agg(pl.len())
    return Counter({(source, when): count for source, when, count in counted.iter_rows()})


def _bad_per_day(bad: Iterable[Bad], zone: str) -> Counter[tuple[str, date]]:
    place = ZoneInfo(zone)
    return Counter((item.source, moment_of(item.received_at).astimezone(place).date()) for item in bad)


def _add_days(
    counts: Mapping[str, Counter[tuple[str, date]]], *, sources: Mapping[str, KnownSource], at: datetime
) -> None:
    for source, day in sorted({key for counter in counts.values() for key in counter}):
        if source not in sources:
            continue
        key = {"source_id": sources[source].pk, "day": day}
        SourceDay.objects.get_or_create(**key, defaults={"last_at": at})
        added = {
            name: F(name) + counter[source, day] for name, counter in counts.items() if counter[source, day]
        }
        SourceDay.objects.filter(**key).update(last_at=at, **added)


def _broken(
    events: pl.DataFrame, unpacked: Unpacked, *, sources: Mapping[str, KnownSource], zone: str
) -> Counter[Broken]:
    """What breaks the plans, from the properties as they were sent: some are kept out of the lake."""
    planned = [name for name, known in sources.items() if known.plan]
    is_tracked = pl.col("source").is_in(planned) & (pl.col("type") == "track")
    # Answers to a consent banner are the snippet's own and in nobody's plan.
    tracked = events.filter(is_tracked & ~pl.col("name").is_in(list(consent.EVENTS)))
    day = pl.col("received_at").dt.convert_time_zone(zone).dt.date()
    found: Counter[Broken] = Counter()
    for source, name, row, when in tracked.select("source", "name", "row", day).iter_rows():
        try:
            properties = msgspec.json.decode(unpacked.properties[row])
        except FAULTS:
            continue
        held = properties if isinstance(properties, dict) else {}
        for code, key in violations(sources[source].plan, name=name, properties=held):
            found[source, when, _shown(name), _shown(key), code] += 1
    return found


def _shown(name: str) -> str:
    return name[:120] if name.isprintable() and not looks_personal(name) else OTHER


def _add_violations(found: Counter[Broken], *, sources: Mapping[str, KnownSource], at: datetime) -> None:
    held = {
        pair: set(
            PlanViolation.objects.filter(source_id=sources[pair[0]].pk, day=pair[1]).values_list(
                "event", "property", "code"
            )
        )
        for pair in {(key[0], key[1]) for key in found}
    }
    for (source, day, *what), count in sorted(found.items()):
        kinds = held[source, day]
        event, name, code = what
        if (event, name, code) not in kinds and len(kinds) >= MOST_VIOLATIONS:
            event, name = OTHER, ""
        kinds.add((event, name, code))
        key = {"source_id": sources[source].pk, "day": day, "event": event, "property": name, "code": code}
        PlanViolation.objects.get_or_create(**key, defaults={"last_at": at})
        PlanViolation.objects.filter(**key).update(count=F("count") + count, last_at=at)
