"""A member's rights: what is held is handed out, and an erasure leaves nothing."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from shuke.apps.compliance.models import ErasureRequest
from shuke.apps.compliance.operations import erase_member, record_consents, run_erasures, suppress
from shuke.apps.compliance.queries.erasures import erasures_page
from shuke.apps.compliance.schemas import Decision
from shuke.apps.identity.operations import resolve_person_keys
from shuke.apps.identity.queries import find_members
from shuke.apps.members.operations import change_profiles
from shuke.apps.members.queries import member_refs
from shuke.apps.members.schemas import MemberProfile
from shuke.platform.errors import NotFound
from shuke.platform.permissions import SYSTEM
from shuke.platform.privacy import export_all
from shuke.platform.warehouse import lake
from shuke.tables import TABLES

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


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
    assert exported["compliance"] == {"consents": [], "suppressions": {}}
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
