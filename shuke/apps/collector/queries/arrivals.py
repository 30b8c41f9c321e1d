"""What came: counts by day, and the last events in full, for whoever is setting a source up."""

import json
from datetime import date, datetime, timedelta
from typing import Any

import ibis
from django.db.models import Sum

from shuke.apps.collector.models import PlanViolation, SourceDay
from shuke.apps.collector.queries.reasons import reason_text
from shuke.apps.collector.queries.sources import source_row
from shuke.apps.collector.schemas import RecentEvent, SourceDayView
from shuke.platform.warehouse import lake
from shuke.sources.files.fields import ANONYMOUS

#: Rejected rows of a source carry ``<source id>:<segment>`` as their batch.
BATCH_SEPARATOR = ":"
#: The debugger looks no further back than this, so that it reads one month of files at most twice.
LOOK_BACK = timedelta(days=2)


def source_days(source_id: str, *, today: date, days: int = 14) -> list[SourceDayView]:
    """What came on each of the last business days, oldest first, days without events included."""
    row = source_row(source_id)
    first = today - timedelta(days=days - 1)
    counted = {item.day: item for item in SourceDay.objects.filter(source=row, day__gte=first)}
    broken = dict(
        PlanViolation.objects.filter(source=row, day__gte=first)
        .values_list("day")
        .annotate(total=Sum("count"))
    )
    views = []
    for day in (first + timedelta(days=number) for number in range(days)):
        item = counted.get(day)
        views.append(
            SourceDayView(
                day=day,
                accepted=item.accepted if item else 0,
                duplicates=item.duplicates if item else 0,
                rejected=item.rejected if item else 0,
                violations=broken.get(day, 0),
            )
        )
    return views


def recent_events(source_id: str, *, at: datetime, limit: int = 50) -> list[RecentEvent]:
    """The last events of a source that the loader took or put aside, newest first."""
    source_row(source_id)
    since = at - LOOK_BACK
    with lake().read() as snapshot:
        events = snapshot.table("events")
        # The month of the business date: events of the look-back lie in this partition or its neighbours.
        months = sorted({f"{moment:%Y-%m}" for moment in (since - timedelta(days=2), at + timedelta(days=2))})
        mine = events.filter(events.source == source_id, events.received_at >= since)
        taken = (
            mine.filter(mine.local_month.isin(months))
            .order_by(ibis.desc("received_at"))
            .limit(limit)
            .to_pyarrow()
            .to_pylist()
        )
        aside = snapshot.table("rejected_rows")
        refused = (
            aside.filter(aside.batch_id.startswith(source_id + BATCH_SEPARATOR), aside.rejected_at >= since)
            .order_by(ibis.desc("rejected_at"))
            .limit(limit)
            .to_pyarrow()
            .to_pylist()
        )
    found = [_taken(row) for row in taken] + [_refused(row) for row in refused]
    return sorted(found, key=lambda event: event.received_at, reverse=True)[:limit]


def _taken(row: dict[str, Any]) -> RecentEvent:
    return RecentEvent(
        state="accepted",
        type=row["type"],
        name=row["name"],
        message_id=row["message_id"],
        person_key="" if row["person_key"] == ANONYMOUS else row["person_key"],
        anonymous_id=row["anonymous_id"] or "",
        occurred_at=row["occurred_at"],
        received_at=row["received_at"],
        properties=_object(row["properties"]),
        context=_object(row["context"]),
    )


def _refused(row: dict[str, Any]) -> RecentEvent:
    shown = _object(row["raw"]) or {}
    return RecentEvent(
        state="quarantined",
        type=str(shown.get("type", "")),
        name=str(shown.get("name", "")),
        message_id=str(shown.get("message_id", "")),
        person_key="",
        anonymous_id="",
        occurred_at=None,
        received_at=row["rejected_at"],
        properties=shown.get("shape"),
        context=None,
        reasons=[reason_text(code=row["code"], message=row["message"])],
    )


def _object(text: str | None) -> dict[str, Any] | None:
    value = json.loads(text) if text else None
    return value if isinstance(value, dict) else None
