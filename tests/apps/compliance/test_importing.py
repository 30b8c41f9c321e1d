"""Consents and lists of suppressed addresses from files, and the answers of visitors' devices."""

from datetime import UTC, datetime, timedelta

import pytest

from shuke.apps.collector.events import ConsentReported
from shuke.apps.compliance.models import DeviceDecision
from shuke.apps.compliance.operations import adopt_devices
from shuke.apps.compliance.queries import (
    consents_of,
    decisions_of,
    may_contact,
    suppressed_addresses,
    suppressions_page,
)
from shuke.apps.connections.operations import ensure_account, run_batch, upload
from shuke.apps.identity.operations import register_members, resolve_person_keys
from shuke.apps.identity.queries import find_members
from shuke.apps.identity.schemas import MemberRegistration
from shuke.platform.events import emit
from shuke.platform.permissions import SYSTEM

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
pytestmark = pytest.mark.django_db
CONSENTS = """会员编号,渠道,用途,品牌,是否同意,授权时间,来源,授权文案
C1,短信,marketing,,同意,2026-01-02 10:00:00,门店7,同意接收短信
C1,邮件,marketing,Fresh,退订,2026-01-03 10:00:00,门店7,
C2,邮件,,,同意,2026-01-03 10:00:00,,
C3,烟雾信号,,,同意,2026-01-03 10:00:00,,
"""
ADDRESSES = """email,phone,reason
Ann@Example.com,,complaint
,137 6150 8834,退订
nonsense,,spam
"""


@pytest.fixture
def bring_in(lake_home, settings, tmp_path):
    settings.SHUKE_HOME = str(tmp_path)

    def bring(kind, text):
        account = ensure_account(actor=SYSTEM, at=AT, name="Tills", sales_channel="store")
        view = upload(
            actor=SYSTEM, at=AT, account_id=account.id, kind=kind, file_name="f.csv", blocks=[text.encode()]
        )
        return run_batch(at=AT, batch_id=view.id).report

    return bring


def test_consents_come_with_their_time_place_and_text(bring_in):
    report = bring_in("consents", CONSENTS)
    assert (report.accepted, report.rejected) == (3, 1)
    (one,), (two,) = find_members("C1"), find_members("C2")
    assert {(v.brand, v.channel, v.state) for v in consents_of(one)} == {
        ("", "sms", "granted"),
        ("fresh", "email", "withdrawn"),
    }
    sms = next(view for view in decisions_of(one) if view.channel == "sms")
    assert (sms.place, sms.wording, f"{sms.decided_at:%d}") == ("门店7", "同意接收短信", "02")
    assert may_contact([two], channel="email", purpose="marketing")[two].allowed
    again = bring_in("consents", CONSENTS)
    assert (again.accepted, again.unchanged) == (0, 3)


def test_a_list_of_addresses_makes_no_member_and_stops_them(bring_in):
    report = bring_in("suppressions", ADDRESSES)
    assert (report.accepted, report.rejected) == (2, 1)
    assert suppressed_addresses(["ann@example.com"], channel="email") == {"ann@example.com": "complained"}
    assert suppressed_addresses(["+8613761508834"], channel="sms") == {"+8613761508834": "unsubscribed"}
    assert find_members("ann@example.com") == []
    assert {row.shown for row in suppressions_page()[0]} == {"a***@example.com", "+86******8834"}
    assert bring_in("suppressions", ADDRESSES).accepted == 0


class TestDevices:
    def report(self, key, *, hours=0, **preferences):
        said = {name.replace("_", "."): value for name, value in preferences.items()}
        evidence = {"text": "May we?", "url": "https://shop.example/", "gpc": "false"}
        emit(ConsentReported("src_1", "acc_1", key, said, AT + timedelta(hours=hours), evidence))

    def key_of(self, device):
        told = {"at": AT, "scope": "acc_1", "source": "t"}
        return resolve_person_keys(kind="anonymous", values=[device], **told)[device]

    def test_a_device_that_belongs_to_nobody_waits(self):
        key = self.key_of("dev1")
        self.report(key, analytics=True, email_marketing=True)
        self.report(key, analytics=True, email_marketing=True)
        assert DeviceDecision.objects.count() == 2
        assert adopt_devices(at=AT) == 0
        register_members(
            at=AT,
            account="acc_1",
            source="t",
            registrations=[MemberRegistration(row_no=1, identifiers={"external": "C9", "anonymous": "dev1"})],
        )
        assert adopt_devices(at=AT) == 2
        (member_id,) = find_members("C9")
        assert {(v.channel, v.purpose, v.state) for v in consents_of(member_id)} == {
            ("site", "analytics", "granted"),
            ("email", "marketing", "granted"),
        }
        assert {view.wording for view in decisions_of(member_id)} == {"May we?"}
        assert DeviceDecision.objects.count() == 0

    def test_a_known_person_s_answer_holds_at_once(self):
        told = {"at": AT, "scope": "acc_1", "source": "t"}
        key = resolve_person_keys(kind="external", values=["C9"], **told)["C9"]
        self.report(key, email_marketing=True)
        self.report(key, hours=1, email_marketing=False)
        (member_id,) = find_members("C9")
        assert may_contact([member_id], channel="email", purpose="marketing")[member_id].reason == "withdrawn"
