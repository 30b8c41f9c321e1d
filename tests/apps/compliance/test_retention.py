"""Rules of retention: looked at before they are used, applied to rows and to bytes."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from shuke.apps.compliance.operations import apply_retention, change_retention
from shuke.apps.compliance.queries.retention import all_places, retention_views
from shuke.platform.audit.models import AuditEntry
from shuke.platform.audit.operations import record_audit
from shuke.platform.errors import Invalid, NotFound
from shuke.platform.permissions import SYSTEM
from shuke.platform.warehouse import lake
from shuke.tables import TABLES

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def event_rows(days: list[int]) -> pa.Table:
    """An event so many days before ``AT`` each."""
    rows = []
    for number in days:
        at = AT - timedelta(days=number)
        row = {
            "message_id": f"m{number}",
            "source": "s",
            "type": "track",
            "name": f"Viewed {number}",
            "person_key": "per_1",
            "occurred_at": at,
            "received_at": at,
            "local_month": f"{at:%Y-%m}",
            "local_date": at.date(),
            "local_hour": 1,
        }
        rows.append({column.name: row.get(column.name) for column in TABLES["events"].columns})
    return pa.Table.from_pylist(rows, schema=TABLES["events"].arrow_schema)


def rule(place: str, days: int | None) -> None:
    change_retention(actor=SYSTEM, at=AT, place=place, keep_days=days)


def test_a_dry_look_says_what_the_night_deletes_and_no_byte_is_left(lake_home):
    lake().append("events", event_rows([1, 39, 41, 400]))
    assert apply_retention(at=AT) == {}
    rule("lake:events", 40)
    (view,) = [v for v in retention_views(at=AT, counted=True) if v.place == "lake:events"]
    assert (view.keep_days, view.too_old) == (40, 2)
    assert apply_retention(at=AT) == {"lake:events": 2}
    assert apply_retention(at=AT) == {}
    with lake().read() as snapshot:
        names = snapshot.table("events").name.to_pyarrow().to_pylist()
    assert sorted(names) == ["Viewed 1", "Viewed 39"]
    assert [path for path in lake_home.rglob("*.parquet") if b"Viewed 400" in path.read_bytes()] == []
    assert AuditEntry.objects.get(verb="retention.applied").changes == {"lake:events": [2, 0]}


def test_the_audit_ages_but_not_in_less_than_a_year(lake_home):
    for days in (10, 500):
        record_audit(
            actor=SYSTEM,
            at=AT - timedelta(days=days),
            verb="user.signed_in",
            subject=("user", "u"),
            changes={},
        )
    with pytest.raises(Invalid):
        rule("audit", 30)
    rule("audit", 400)
    assert apply_retention(at=AT) == {"audit": 1}


def test_wrong_rules_are_refused(lake_home):
    with pytest.raises(NotFound):
        rule("cellar", 30)
    with pytest.raises(Invalid):
        rule("lake:events", 1)
    rule("lake:events", 30)
    rule("lake:events", None)
    assert {v.keep_days for v in retention_views(at=AT)} == {None}


def test_every_place_can_be_counted_where_nothing_is_yet(lake_home):
    assert {place.count(AT) for place in all_places().values()} == {0}
