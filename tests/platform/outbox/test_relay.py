"""The relay in one process; races and kills are in test_relay_races.py."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from shuke.lake import Lake
from shuke.platform.clock import now
from shuke.platform.outbox import relay
from shuke.platform.outbox.models import OutboxRow, OutboxSequence
from shuke.platform.outbox.operations import record, retry_faults
from shuke.platform.permissions import SYSTEM

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lake_home")]


def fact(number: int) -> dict[str, Any]:
    return {
        "person_key": f"per_{number}",
        "member_id": "mem",
        "kind": "email",
        "valid_from": AT,
        "draw": number,
    }


def product(number: int, name: str) -> dict[str, Any]:
    return {"product_id": f"p{number}", "name": name, "is_active": True, "batch_id": "b"}


def person_keys(root: Path) -> list[str]:
    with Lake(root).read() as snapshot:
        return sorted(snapshot.table("identity_map").person_key.to_pyarrow().to_pylist())


def test_rows_arrive_with_their_types_and_only_once(lake_home):
    record("identity_map", [fact(1), fact(2)])
    record(
        "exposures",
        [
            {
                "experiment_id": "e",
                "person_key": "per_1",
                "arm": "control",
                "assigned_at": AT,
                "eligible_at": AT,
                "is_randomised": True,
            },
        ],
    )
    assert relay.drain() == 3
    assert relay.drain() == 0
    assert person_keys(lake_home) == ["per_1", "per_2"]
    with Lake(lake_home).read() as snapshot:
        exposure = snapshot.table("exposures").to_pyarrow().to_pylist()[0]
    assert exposure["assigned_at"] == AT
    assert exposure["local_date"].isoformat().startswith(exposure["local_month"])


def test_a_relay_that_died_between_the_commit_and_its_note_sends_nothing_again(lake_home):
    record("identity_map", [fact(1)])
    relay.drain()
    OutboxRow.objects.update(relayed_at=None)
    record("identity_map", [fact(2)])
    assert relay.drain() == 1
    assert person_keys(lake_home) == ["per_1", "per_2"]
    assert not OutboxRow.objects.filter(relayed_at=None).exists()


def test_a_relay_that_a_rival_overtook_writes_nothing(lake_home, monkeypatch):
    """The rival commits after our look at the table and before our commit."""
    for number in range(3):
        record("identity_map", [fact(number)])
    original = relay._commit

    def overtaken(target, table, rows, *, after):
        original(target, table, rows[:2], after=after)
        return original(target, table, rows, after=after)

    monkeypatch.setattr(relay, "_commit", overtaken)
    assert relay.relay_once() == 0
    monkeypatch.undo()
    assert relay.drain() == 1
    assert person_keys(lake_home) == ["per_0", "per_1", "per_2"]


def test_the_newest_state_of_a_snapshot_stays(lake_home):
    record("products", [product(1, "old"), product(2, "two")])
    record("products", [product(1, "new")])
    relay.drain()
    record("products", [product(2, "newer")])
    relay.drain()
    with Lake(lake_home).read() as snapshot:
        rows = snapshot.table("products").order_by("product_id").name.to_pyarrow().to_pylist()
    assert rows == ["new", "newer"]


def test_a_row_that_does_not_fit_is_set_aside_and_its_neighbours_go_on(lake_home, caplog):
    record("identity_map", [fact(1)])
    record("identity_map", [{**fact(2), "draw": None}])
    record("identity_map", [{**fact(3), "draw": "many"}])
    record("identity_map", [fact(4)])
    assert relay.drain() == 2
    assert person_keys(lake_home) == ["per_1", "per_4"]
    assert "draw" in OutboxRow.objects.exclude(fault="").earliest("id").fault
    for row in OutboxRow.objects.exclude(fault=""):
        row.payload[0]["draw"] = 5
        row.save(update_fields=["payload"])
    assert retry_faults(actor=SYSTEM, at=now()) == 2
    assert relay.drain() == 2
    assert person_keys(lake_home) == ["per_1", "per_2", "per_3", "per_4"]


def test_rows_that_the_lake_lost_in_a_power_cut_are_replayed(lake_home):
    record("identity_map", [fact(1)])
    relay.drain()
    record("identity_map", [fact(2)])
    relay.drain()
    log = lake_home / "identity_map" / "_delta_log"
    max(log.glob("*.json")).unlink()
    assert person_keys(lake_home) == ["per_1"]
    assert relay.replay() == 1
    relay.drain()
    assert person_keys(lake_home) == ["per_1", "per_2"]
    assert relay.replay() == 0


def test_later_rows_never_overtake_rows_that_the_lake_lost(lake_home):
    record("identity_map", [fact(1)])
    relay.drain()
    record("identity_map", [fact(2)])
    relay.drain()
    max((lake_home / "identity_map" / "_delta_log").glob("*.json")).unlink()
    record("identity_map", [fact(3)])
    relay.drain()
    assert person_keys(lake_home) == ["per_1", "per_2", "per_3"]


def test_a_database_restored_from_an_older_backup_loses_no_new_rows(lake_home):
    for number in range(5):
        record("identity_map", [fact(number)])
    relay.drain()
    OutboxRow.objects.all().delete()
    OutboxSequence.objects.update(last_position=2)
    relay._aligned_roots.clear()
    record("identity_map", [fact(9)])
    assert relay.drain() == 1
    assert person_keys(lake_home) == ["per_0", "per_1", "per_2", "per_3", "per_4", "per_9"]


def test_only_old_relayed_rows_are_pruned(lake_home):
    record("identity_map", [fact(1)])
    relay.drain()
    OutboxRow.objects.update(relayed_at=now() - timedelta(days=8))
    record("identity_map", [fact(2)])
    relay.drain()
    record("identity_map", [fact(3)])
    assert relay.prune(before=now() - timedelta(days=7)) == 1
    assert OutboxRow.objects.count() == 2
    relay.drain()
    assert person_keys(lake_home) == ["per_1", "per_2", "per_3"]


@pytest.mark.django_db(transaction=True)
def test_positions_are_never_given_inside_a_callers_transaction():
    """A rollback would give the same positions to other rows, which the lake would take for old ones."""
    with transaction.atomic():
        record("identity_map", [fact(1)])
        with pytest.raises(RuntimeError, match="durable"):
            relay.relay_once()


@pytest.mark.once
@pytest.mark.slow
@pytest.mark.postgresql
@pytest.mark.parametrize("watermark", ["position", "id", "xid"])
def test_rows_that_commit_out_of_order_on_postgresql(tmp_path, postgresql_server, watermark):
    """The relay's positions lose nothing; an id, or an id below the oldest running xid, would."""
    program = f"from tests.platform.outbox.out_of_order import main; main({watermark!r})"

    finished = subprocess.run(
        [sys.executable, "-c", program],
        cwd=Path(__file__).parents[3],
        env={
            **os.environ,
            "SHUKE_HOME": str(tmp_path),
            "SHUKE_DATABASE_URL": postgresql_server.create_database(is_migrated=True),
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr[-3000:]
    arrived = finished.stdout.split()[-1]
    assert arrived == ("early,late" if watermark == "position" else "early")
