"""Issues are found once, settled by people, closed by themselves; corrections hold and are taken back."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from shuke.apps.connections.operations import create_account, run_batch, upload
from shuke.apps.identity.operations import register_members
from shuke.apps.identity.schemas import MemberRegistration
from shuke.apps.members.models import Member
from shuke.apps.members.schemas import MemberProfile
from shuke.apps.quality.models import Correction, Issue, SourceScore
from shuke.apps.quality.operations import check_quality, correct, decide, hold_corrections, revert
from shuke.apps.quality.operations import correcting as correcting_module
from shuke.apps.quality.queries import corrections_page, issue, issues_page, next_issue, open_counts, sources
from shuke.platform.audit.models import AuditEntry
from shuke.platform.errors import Invalid, Refused
from shuke.platform.permissions import SYSTEM
from shuke.platform.privacy import erasers, exporters
from shuke.platform.retailer.operations import change_retailer
from shuke.platform.warehouse import lake

AT = datetime(2026, 6, 1, 12, tzinfo=UTC)
HEADER = "order_no,line_no,placed_at,external,product_id,product_name,quantity,unit_price,paid\n"
PLAIN = "".join(f"N{n},1,2026-05-{n + 1:02d} 10:00,C{n},P,Tea,1,10,10\n" for n in range(8))
ODD = "X1,1,2026-05-20 10:00,C1,P,Tea,1,1000,1000\nX2,1,2026-05-21 10:00,C2,P,Tea,300,10,3000\n"
TWICE = "R1,1,2026-05-22 10:00,C3,P,Tea,1,11,11\nR2,1,2026-05-22 10:04,C3,P,Tea,1,11,11\n"


@pytest.fixture
def account(db, lake_home, settings, tmp_path):
    settings.SHUKE_HOME = tmp_path
    change_retailer(actor=SYSTEM, at=AT, time_zone="Asia/Shanghai", currency="CNY")
    return create_account(actor=SYSTEM, at=AT, name="Tills", sales_channel="store")


def bring(account, text: str, kind: str = "orders"):
    view = upload(
        actor=SYSTEM, at=AT, account_id=account.id, kind=kind, file_name="f.csv", blocks=[text.encode()]
    )
    return run_batch(at=AT, batch_id=view.id)


def line_of(order: str) -> dict:
    with lake().read() as snapshot:
        rows = snapshot.table("order_lines").to_polars()
    return rows.filter(pl.col("order_id").str.ends_with(f":{order}")).to_dicts()[0]


def opened(rule: str = "") -> list:
    return issues_page(rule=rule)[0]


def people(**profile) -> str:
    row = MemberRegistration(
        row_no=1,
        identifiers={"external": "Z1", "email": "ann@gmial.com"},
        profile=MemberProfile(**profile),
        attributes={},
        consents={},
    )
    register_members(at=AT, account="acc_1", source="test", registrations=[row])
    return Member.objects.latest("pk").public_id


def test_issues_are_found_once_and_close_when_the_source_mends_them(account):
    bring(account, HEADER + PLAIN + ODD + TWICE + ",1,2026-05-22 10:00,C3,P,Tea,1,11,11\n")
    first = check_quality(at=AT)
    assert open_counts() == {"far_price": 1, "far_quantity": 1, "repeated_order": 1, "rejected_rows": 1}
    assert first["new"] == 4
    assert check_quality(at=AT + timedelta(hours=1)) == {"new": 0, "again": 0, "mended": 0}
    bring(account, HEADER + "X1,1,2026-05-20 10:00,C1,P,Tea,1,10,10\n")
    assert check_quality(at=AT + timedelta(hours=2))["mended"] == 1
    assert Issue.objects.get(rule="far_price").state == "mended"


def test_a_decision_holds_until_the_facts_change(account):
    bring(account, HEADER + PLAIN + ODD)
    check_quality(at=AT)
    found = opened("far_quantity")[0]
    assert decide(actor=SYSTEM, at=AT, issue_id=found.id, decision="ignored").state == "ignored"
    assert check_quality(at=AT)["again"] == 0
    assert issue(found.id).state == "ignored"
    bring(account, HEADER + "X2,1,2026-05-21 10:00,C2,P,Tea,400,10,4000\n")
    assert check_quality(at=AT)["again"] == 1
    assert issue(found.id).state == "open"
    with pytest.raises(Invalid):
        decide(actor=SYSTEM, at=AT, issue_id=found.id, decision="forgotten")


def test_correct_and_take_back_is_identity(account):
    bring(account, HEADER + PLAIN + ODD)
    check_quality(at=AT)
    found = opened("far_quantity")[0]
    before = line_of("X2")
    made = correct(actor=SYSTEM, at=AT, issue_id=found.id, value="3")
    assert line_of("X2") == before | {"quantity": 3}
    assert (made.before, made.after, made.state, issue(found.id).state) == (300, 3, "applied", "corrected")
    assert check_quality(at=AT)["mended"] == 0
    with pytest.raises(Refused) as refusal:
        decide(actor=SYSTEM, at=AT, issue_id=found.id, decision="ignored")
    assert refusal.value.code == "issue_corrected"
    assert revert(actor=SYSTEM, at=AT, correction_id=made.id).state == "reverted"
    assert line_of("X2") == before
    assert issue(found.id).state == "open"
    with pytest.raises(Refused) as refusal:
        revert(actor=SYSTEM, at=AT, correction_id=made.id)
    assert refusal.value.code == "correction_ended"
    verbs = set(AuditEntry.objects.values_list("verb", flat=True))
    assert {"quality.corrected", "quality.reverted"} <= verbs


def test_a_correction_holds_against_the_same_file_and_ends_when_the_source_speaks(account):
    text = HEADER + PLAIN + ODD
    bring(account, text)
    check_quality(at=AT)
    correct(actor=SYSTEM, at=AT, issue_id=opened("far_quantity")[0].id, value="3")
    bring(account, text)
    assert line_of("X2")["quantity"] == 300, "the source is still wrong"
    assert hold_corrections(at=AT) == {"again": 1, "finished": 0, "superseded": 0}
    assert line_of("X2")["quantity"] == 3
    bring(account, HEADER + "X2,1,2026-05-21 10:00,C2,P,Tea,5,10,50\n")
    assert hold_corrections(at=AT)["superseded"] == 1
    assert line_of("X2")["quantity"] == 5
    assert hold_corrections(at=AT) == {"again": 0, "finished": 0, "superseded": 0}


def test_what_was_changed_since_is_not_taken_back(account):
    bring(account, HEADER + PLAIN + ODD)
    check_quality(at=AT)
    made = correct(actor=SYSTEM, at=AT, issue_id=opened("far_quantity")[0].id, value="3")
    bring(account, HEADER + "X2,1,2026-05-21 10:00,C2,P,Tea,5,10,50\n")
    with pytest.raises(Refused) as refusal:
        revert(actor=SYSTEM, at=AT, correction_id=made.id)
    assert refusal.value.code == "value_changed"
    assert line_of("X2")["quantity"] == 5


def test_a_killed_correction_is_finished(account, monkeypatch):
    bring(account, HEADER + PLAIN + ODD)
    check_quality(at=AT)

    class Killed(BaseException):
        pass

    def die(*_args, **_kwargs):
        raise Killed

    for rule, step, value in (("far_quantity", "set_value", "3"), ("far_price", "_finish", "1000")):
        with monkeypatch.context() as patched:
            patched.setattr(correcting_module, step, die)
            with pytest.raises(Killed):
                correct(actor=SYSTEM, at=AT, issue_id=opened(rule)[0].id, value=value)
    assert set(Correction.objects.values_list("state", flat=True)) == {"applying"}
    hold_corrections(at=AT)
    assert set(Correction.objects.values_list("state", flat=True)) == {"applied"}
    assert (line_of("X2")["quantity"], line_of("X1")["list_minor"]) == (3, 1000)


def test_values_that_cannot_be_are_refused_and_change_nothing(account):
    bring(account, HEADER + PLAIN + ODD)
    check_quality(at=AT)
    found = opened("far_quantity")[0]
    before = line_of("X2")
    for typed in ("", "three", "-3", "3.5", "9" * 20, "1\x00", "300"):
        with pytest.raises(Refused):
            correct(actor=SYSTEM, at=AT, issue_id=found.id, value=typed)
    assert line_of("X2") == before
    assert not Correction.objects.exists()


def test_what_no_value_mends_cannot_be_corrected(account):
    bring(account, HEADER + PLAIN + ",1,2026-05-22 10:00,C3,P,Tea,1,11,11\n")
    check_quality(at=AT)
    with pytest.raises(Refused) as refusal:
        correct(actor=SYSTEM, at=AT, issue_id=opened("rejected_rows")[0].id, value="1")
    assert refusal.value.code == "not_correctable"


def test_people_are_checked_without_a_name_in_the_issue(account):
    member_id = people(name="测试", birthday=date(2030, 1, 1))
    check_quality(at=AT)
    assert set(open_counts()) == {"odd_name", "odd_birthday", "mistyped_email"}
    stored = str(list(Issue.objects.values())) + str(list(AuditEntry.objects.values()))
    assert "测试" not in stored
    assert "2030-01-01" not in stored
    assert "ann@" not in stored
    made = correct(actor=SYSTEM, at=AT, issue_id=opened("odd_name")[0].id, value="Ann Lee")
    assert (made.before, made.after) == ("•••", "•••")
    assert "Ann Lee" not in str(list(Correction.objects.values())) + str(list(AuditEntry.objects.values()))
    assert Issue.objects.get(rule="odd_name").member_id == member_id
    handed_out = exporters()["quality"](member_id)
    corrections = [item["corrections"] for item in handed_out if item["rule"] == "odd_name"]
    assert (corrections[0][0]["before"], corrections[0][0]["after"]) == ("测试", "Ann Lee")
    revert(actor=SYSTEM, at=AT, correction_id=made.id)
    erasers()["quality"](member_id, AT)
    assert not Issue.objects.filter(member_id=member_id).exists()
    assert not Correction.objects.filter(member_id=member_id).exists()
    assert exporters()["quality"](member_id) == []


def test_sources_are_scored_with_a_trend(account):
    bring(account, HEADER + PLAIN)
    check_quality(at=AT)
    view = sources(today=date(2026, 6, 1))[0]
    assert view.account == "Tills"
    assert view.total > 97
    assert set(view.parts) == {"complete", "valid", "unique", "plausible", "consistent"}
    assert len(view.days) > 1, "orders of earlier weeks give it a past"
    bring(account, HEADER + "B1,1,never,C1,P,Tea,1,10,10\nB2,1,2026-05-22 10:00,C1,P,Tea,many,10,10\n")
    check_quality(at=AT)
    worse = sources(today=date(2026, 6, 1))[0]
    assert worse.total < view.total
    assert SourceScore.objects.filter(day=date(2026, 6, 1)).count() == 1


def test_one_works_through_the_list(account):
    bring(account, HEADER + PLAIN + ODD)
    check_quality(at=AT)
    first = opened()[0]
    following = next_issue(first.id)
    decide(actor=SYSTEM, at=AT, issue_id=first.id, decision="accepted")
    assert following is not None
    decide(actor=SYSTEM, at=AT, issue_id=following, decision="accepted")
    assert next_issue(following) is None
    assert corrections_page() == ([], 0)
