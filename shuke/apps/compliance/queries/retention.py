"""Every place that keeps things, and for how long."""

from collections.abc import Callable
from datetime import datetime, timedelta

from shuke.apps.compliance.models import RetentionRule
from shuke.apps.compliance.schemas import RetentionView
from shuke.platform.outbox.operations import time_column
from shuke.platform.retention import Place, places
from shuke.platform.warehouse import lake
from shuke.tables import TABLES
from shuke.web.labels import label_of

#: Facts about persons that age; who somebody is and what they decided does not.
AGEING = (
    "events",
    "messages",
    "exposures",
    "orders",
    "order_lines",
    "refunds",
    "voucher_events",
    "rejected_rows",
)


def all_places() -> dict[str, Place]:
    """The tables of the lake that age, and what apps have registered, by name."""
    found = {f"lake:{name}": _table_place(name) for name in AGEING if name in TABLES}
    return found | {place.name: place for place in places()}


def _table_place(name: str) -> Place:
    table = TABLES[name]
    column = "local_date" if "local_date" in table.column_names else str(time_column(table))

    def limit(before: datetime) -> str:
        return before.date().isoformat() if column == "local_date" else before.isoformat()

    def count(before: datetime) -> int:
        with lake().read() as snapshot:
            if snapshot.version(name) is None:
                return 0
            rows = snapshot.table(name)
            edge = before.date() if column == "local_date" else before
            return int(rows.filter(rows[column] < edge).count().to_pyarrow().as_py())

    def delete(before: datetime) -> int:
        removed = lake().delete_before(name, column=column, limit=limit(before))
        if removed:
            lake().vacuum(name, hours=0)
        return removed

    return Place(
        f"lake:{name}", label_of("lake_table", name), None, count, _checked(count, delete), least_days=30
    )


def _checked(
    count: Callable[[datetime], int], delete: Callable[[datetime], int]
) -> Callable[[datetime], int]:
    """Deleting that does not commit anything where nothing is too old."""
    return lambda before: delete(before) if count(before) else 0


def days_kept() -> dict[str, int | None]:
    """By place, for how many days it keeps things by its rule; places without one are not in it."""
    return dict(RetentionRule.objects.values_list("place", "keep_days"))


def retention_views(*, at: datetime, counted: bool = False) -> list[RetentionView]:
    """Every place with its rule; ``counted`` says as well how much a run at that moment would delete."""
    kept = days_kept()
    views = []
    for name, place in all_places().items():
        days = kept.get(name)
        too_old = place.count(at - timedelta(days=days)) if counted and days is not None else None
        views.append(
            RetentionView(
                place=name,
                label=str(place.label),
                keep_days=days,
                usual_days=place.usual_days,
                least_days=place.least_days,
                too_old=too_old,
            )
        )
    return views
