"""Reading tracking plans and what broke them."""

from datetime import date, timedelta

from shuke.apps.collector.models import ExpectedEvent, PlanViolation
from shuke.apps.collector.queries.sources import source_row
from shuke.apps.collector.schemas import ExpectedEventView, PropertyRule, ViolationView


def expected_view(row: ExpectedEvent) -> ExpectedEventView:
    """The public view of an expected event."""
    return ExpectedEventView(
        id=row.public_id,
        name=row.name,
        note=row.note,
        properties=[PropertyRule(name=name, **rule) for name, rule in row.properties.items()],
        updated_at=row.updated_at,
    )


def expected_events(source_id: str) -> list[ExpectedEventView]:
    """The plan of a source by name of event; empty if it has none, and then nothing violates it."""
    return [expected_view(row) for row in source_row(source_id).expected_events.order_by("name")]


def violations(source_id: str, *, today: date, days: int = 14) -> list[ViolationView]:
    """What broke the plan of a source in the last days, the most frequent first."""
    first = today - timedelta(days=days - 1)
    rows = PlanViolation.objects.filter(source=source_row(source_id), day__gte=first)
    found: dict[tuple[str, str, str], list[PlanViolation]] = {}
    for row in rows:
        found.setdefault((row.event, row.property, row.code), []).append(row)
    views = [
        _violation_view(key, rows=members, first=first, days=days) for key, members in sorted(found.items())
    ]
    return sorted(views, key=lambda view: -view.count)


def _violation_view(
    key: tuple[str, str, str], *, rows: list[PlanViolation], first: date, days: int
) -> ViolationView:
    trend = [0] * days
    for row in rows:
        place = (row.day - first).days
        if place < days:
            trend[place] += row.count
    event, name, code = key
    return ViolationView(
        event=event,
        property=name,
        code=code,
        count=sum(row.count for row in rows),
        last_at=max(row.last_at for row in rows),
        trend=trend,
    )
