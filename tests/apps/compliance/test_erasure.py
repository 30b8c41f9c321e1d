"""A member's rights: what is held is handed out, and an erasure leaves nothing."""

import io
import json
import zipfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from django_tasks import task_backends

from shuke.apps.compliance.models import ErasureRequest
from shuke.apps.compliance.operations import (
    cancel_erasure,
    erase_member,
    erasing,
    export_person,
    record_consents,
    replay_list,
    request_erasure,
    run_erasures,
    suppress,
)
from shuke.apps.compliance.operations.replaying import remember, remembered, replay_file
from shuke.apps.compliance.queries.erasures import erasures_page
from shuke.apps.compliance.queries.words import FIELDS, INNER, SECTIONS
from shuke.apps.compliance.schemas import Decision
from shuke.apps.connections.models import ImportBatch
from shuke.apps.connections.operations import ensure_account, upload
from shuke.apps.identity.operations import resolve_person_keys
from shuke.apps.identity.queries import find_members
from shuke.apps.members.models import Member
from shuke.apps.members.operations import change_profiles
from shuke.apps.members.queries import member_refs
from shuke.apps.members.schemas import MemberProfile
from shuke.platform.audit.models import AuditEntry
from shuke.platform.errors import NotFound, NotPermitted, Refused
from shuke.platform.outbox import relay
from shuke.platform.outbox.models import OutboxRow
from shuke.platform.outbox.relay import APP_ID, drain, place_rows
from shuke.platform.permissions import SYSTEM, Actor
from shuke.platform.privacy import Trace, export_all
from shuke.platform.warehouse import lake
from shuke.tables import TABLES

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def own_home(settings: Any, tmp_path: Path) -> None:
    """The replay list and uploads of one test."""
    settings.SHUKE_HOME = str(tmp_path)


def known_member() -> tuple[str, str]:
    """A member with everything this system knows of a person; returns member id and person key."""
    key = resolve_person_keys(at=AT, scope="global", kind="email", values=["ann@example.com"], source="t")
    (member_id,) = find_members("ann@example.com")
    profile = MemberProfile(name="Ann Lee", birthday=date(1990, 5, 1), joined_on=date(2020, 1, 1))
    change_profiles(at=AT, profiles={member_refs([member_id])[member_id].pk: profile})
    decision = Decision(member_id, "email", "marketing", "granted", AT, "form")
    record_consents(actor=SYSTEM, at=AT, decisions=[decision])
    suppress(at=AT, member_ids=[member_id], channel="sms", reason="bounced")
    return member_id, key["ann@example.com"]


def attribute_rows(person_key: str) -> pa.Table:
    """A lake row about the person."""
    row = {"person_key": person_key, "attribute": "income", "value": "high", "observed_at": AT, "source": "t"}
    table = TABLES["member_attributes"]
    values = {c.name: row.get(c.name) for c in table.columns}
    return pa.Table.from_pylist([values], schema=table.arrow_schema)


def test_export_hands_out_everything(lake_home: Path) -> None:
    member_id, person_key = known_member()
    exported = export_all(member_id)
    assert exported["members"]["name"] == "Ann Lee"
    assert exported["members"]["birthday"] == "1990-05-01"
    assert [row["value"] for row in exported["identity"]] == ["ann@example.com"]
    assert exported["identity"][0]["person_key"] == person_key
    assert exported["compliance"]["suppressions"] == {"sms": "bounced"}


def test_erasure_leaves_a_tombstone_only(lake_home: Path) -> None:
    member_id, person_key = known_member()
    other = resolve_person_keys(at=AT, scope="global", kind="email", values=["bo@example.com"], source="t")
    for key in (person_key, other["bo@example.com"]):
        lake().append("member_attributes", attribute_rows(key))
    assert erase_member(actor=SYSTEM, at=AT, member_id=member_id) == 1
    assert find_members("ann@example.com") == []
    assert find_members("Ann Lee") == []
    exported = export_all(member_id)
    assert exported["members"]["status"] == "erased"
    assert exported["members"]["name"] == ""
    assert exported["members"]["birthday"] is None
    assert exported["identity"] == []
    assert exported["compliance"] == {"consents": [], "decisions": [], "suppressions": {}}
    with lake().read() as snapshot:
        rows = snapshot.table("member_attributes").execute()
    assert list(rows["person_key"]) == [other["bo@example.com"]]
    # The bytes are gone from the disk as well, not only from the newest version.
    files = [path for path in lake_home.rglob("*.parquet") if person_key.encode() in path.read_bytes()]
    assert files == []


def test_erasing_twice_and_erasing_nobody(lake_home: Path) -> None:
    member_id, _ = known_member()
    erase_member(actor=SYSTEM, at=AT, member_id=member_id)
    assert erase_member(actor=SYSTEM, at=AT, member_id=member_id) == 0
    with pytest.raises(NotFound):
        erase_member(actor=SYSTEM, at=AT, member_id="mem_nobody")


def test_a_lake_that_fails_leaves_the_request_open_and_the_next_run_ends_it(
    lake_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    member_id, person_key = known_member()
    lake().append("member_attributes", attribute_rows(person_key))
    log = lake_home / "member_attributes" / "_delta_log"
    kept = {entry: entry.read_text() for entry in log.glob("*.json")}
    for entry in kept:
        entry.write_text("broken")
    with pytest.raises(Exception, match=r".+"):
        erase_member(actor=SYSTEM, at=AT, member_id=member_id)
    assert find_members("ann@example.com") == []
    (request,) = erasures_page()[0]
    assert request.step in {"outbox", "lake"}
    assert request.error
    for entry, text in kept.items():
        entry.write_text(text)
    run_erasures(at=AT)
    (request,) = erasures_page()[0]
    assert (request.step, request.error, request.counts["lake_rows"] >= 1) == ("settling", "", True)
    run_erasures(at=AT + timedelta(minutes=59))
    assert erasures_page()[0][0].step == "settling"
    assert run_erasures(at=AT + timedelta(minutes=61)) == 1
    row = ErasureRequest.objects.get()
    assert (row.step, bytes(row.trace_encrypted)) == ("done", b"")


class Killed(BaseException):
    """What a test raises where a process would have died."""


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("step", erasing.ONGOING)
def test_a_run_that_dies_at_any_step_is_ended_by_the_next(
    lake_home: Path, monkeypatch: pytest.MonkeyPatch, step: str, moment: str
) -> None:
    member_id, person_key = known_member()
    lake().append("member_attributes", attribute_rows(person_key))
    real = erasing._STEPS[step]

    def die(traces: Any, at: datetime) -> dict[str, int]:
        if moment == "after":
            real(traces, at)
        raise Killed

    monkeypatch.setitem(erasing._STEPS, step, die)
    with pytest.raises(Killed):
        erase_member(actor=SYSTEM, at=AT, member_id=member_id)
    (request,) = erasures_page()[0]
    assert request.step == step
    monkeypatch.setitem(erasing._STEPS, step, real)
    run_erasures(at=AT)
    assert run_erasures(at=AT + timedelta(hours=2)) == 1
    assert find_members("ann@example.com") == []
    with lake().read() as snapshot:
        assert snapshot.table("member_attributes").count().to_pyarrow().as_py() == 0
    assert not OutboxRow.objects.filter(payload__icontains=person_key).exists()
    assert AuditEntry.objects.filter(verb="member.erased").count() == 1


def test_a_request_waits_for_the_night_and_can_be_taken_back_until_then(lake_home: Path) -> None:
    member_id, _ = known_member()
    asked = request_erasure(actor=SYSTEM, at=AT, member_id=member_id)
    assert request_erasure(actor=SYSTEM, at=AT, member_id=member_id).id == asked.id
    assert find_members("ann@example.com") == [member_id]
    assert cancel_erasure(actor=SYSTEM, at=AT, erasure_id=asked.id).step == "cancelled"
    assert run_erasures(at=AT) == 0
    again = request_erasure(actor=SYSTEM, at=AT, member_id=member_id, is_urgent=True)
    queued = [job.task.module_path for job in task_backends["default"].deferred]
    assert queued[-1].endswith("compliance.tasks.forget_people")
    run_erasures(at=AT)
    assert find_members("ann@example.com") == []
    with pytest.raises(Refused):
        cancel_erasure(actor=SYSTEM, at=AT, erasure_id=again.id)


def test_what_was_written_about_a_person_after_the_first_look_is_met_by_the_second(lake_home: Path) -> None:
    """A campaign knew the person key before, and queued its fact when the rows were gone already."""
    member_id, person_key = known_member()
    erase_member(actor=SYSTEM, at=AT, member_id=member_id)
    lake().append("member_attributes", attribute_rows(person_key))
    assert run_erasures(at=AT + timedelta(hours=2)) == 1
    with lake().read() as snapshot:
        assert snapshot.table("member_attributes").count().to_pyarrow().as_py() == 0


def test_a_running_import_holds_the_last_look_up(lake_home: Path) -> None:
    member_id, _ = known_member()
    erase_member(actor=SYSTEM, at=AT, member_id=member_id)
    account = ensure_account(actor=SYSTEM, at=AT, name="Tills", sales_channel="store")
    batch = upload(
        actor=SYSTEM,
        at=AT,
        account_id=account.id,
        kind="members",
        file_name="m.csv",
        blocks=[b"email\nx@example.com\n"],
    )
    ImportBatch.objects.filter(public_id=batch.id).update(state="running")
    assert run_erasures(at=AT + timedelta(hours=2)) == 0
    ImportBatch.objects.filter(public_id=batch.id).update(state="done")
    assert run_erasures(at=AT + timedelta(hours=2)) == 1


def test_a_stale_relay_cannot_bring_facts_back(lake_home: Path) -> None:
    """The relay had read the person's facts and commits them after the lake was emptied: the lake refuses."""
    member_id, person_key = known_member()
    place_rows(limit=1000)
    stream = OutboxRow.objects.filter(table="identity_map").order_by("position")
    arrived, rows = lake().transaction_version("identity_map", APP_ID), list(stream)
    erase_member(actor=SYSTEM, at=AT, member_id=member_id)
    assert person_key in str(rows[0].payload)
    assert relay._commit(lake(), TABLES["identity_map"], rows, after=arrived) == 0
    with lake().read() as snapshot:
        assert snapshot.table("identity_map").count().to_pyarrow().as_py() == 0


class TestReplay:
    def test_who_comes_back_with_a_backup_is_erased_again(self, lake_home: Path) -> None:
        member_id, person_key = known_member()
        row = Member.objects.get(public_id=member_id)
        back = {name: getattr(row, name) for name in ("status", "name_encrypted", "joined_on")}
        erase_member(actor=SYSTEM, at=AT, member_id=member_id)
        run_erasures(at=AT + timedelta(hours=2))
        kept = replay_file().read_text()
        assert member_id not in kept
        assert person_key not in kept
        # The restore: the member's row as it was, and a fact in the lake.
        Member.objects.filter(pk=row.pk).update(**back)
        lake().append("member_attributes", attribute_rows(person_key))
        assert replay_list(replay_file(), at=AT) == (1, 1)
        assert Member.objects.get(pk=row.pk).status == "erased"
        assert replay_list(replay_file(), at=AT) == (0, 0)

    def test_a_torn_line_swallows_no_other(self, lake_home: Path) -> None:
        path = replay_file()
        path.write_text('{"member": "a", "keys": ["k1"]}\n{"member": "b", "ke')
        remember((Trace("mem_c", (), ("per_c",)),), at=AT)
        members, keys = remembered(path)
        assert len(members) == 2
        assert "k1" in keys
        assert len(keys) == 2


def test_an_archive_holds_everything_for_programs_and_for_readers(lake_home: Path) -> None:
    member_id, person_key = known_member()
    lake().append("member_attributes", attribute_rows(person_key))
    drain()
    packed = export_person(actor=SYSTEM, at=AT, member_id=member_id)
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert sorted(archive.namelist()) == ["data.en.html", "data.json", "data.zh-hans.html"]
        data = json.loads(archive.read("data.json"))
        english, chinese = (archive.read(f"data.{code}.html").decode() for code in ("en", "zh-hans"))
    assert data["held"]["members"]["name"] == "Ann Lee"
    assert data["facts"]["member_attributes"][0]["value"] == "high"
    assert {"member_attributes", "identity_map", "consents"} <= set(data["facts"])
    for page in (english, chinese):
        assert "Ann Lee" in page
        assert "ann@example.com" in page
        assert "high" in page
    assert "What you told us" in english
    assert "您告诉我们的" in chinese
    assert AuditEntry.objects.filter(verb="member.exported", subject_id=member_id).exists()
    with pytest.raises(NotPermitted):
        export_person(actor=Actor("user", "u", "U", "marketer"), at=AT, member_id=member_id)


def test_every_column_about_a_person_has_a_name_for_readers() -> None:
    for table in TABLES.values():
        if {"person_key", "member_id"} & set(table.column_names):
            assert table.name in SECTIONS
            unnamed = set(table.column_names) - set(FIELDS) - INNER
            assert {name for name in unnamed if not name.endswith("_score")} == set(), table.name
